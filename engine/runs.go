package engine

import "slices"

// runs holds what waits to be sent to connections whose sockets take it. A
// run is some frames in their order, and a number is all that a connection
// keeps of it: connections that wait for the same frames share one. Runs are
// a tree in which each is the run before it and one frame more, so that a
// broadcast to thousands that have waited for the same makes one new run, and
// the bytes to be sent are gathered once for all of them.
//
// Runs live in generations. Those of broadcasts take turns: what is made
// during one lap over the subscribers is sent by the end of the next, so one of
// the two is cleared when its turn comes again. Runs that end with a reply have
// a third, which is cleared when all replies have been sent, in every turn.
// Owned by the loop.
type runs struct {
	generations [3]generation
	current     uint32 // which of the first two broadcasts go to

	scratch  []byte // sendBytes long, of which
	used     int    // so many are on loan
	gathered uint32 // the run that was gathered last; 0 none
	bytes    []byte // and its bytes
}

type generation struct {
	runs   []run
	pieces []piece
	bytes  []byte // of the replies
}

// run is what was to be sent before, and one piece.
type run struct {
	before uint32 // a run, 0 for none
	piece  uint32
	frames uint32 // how many pieces there are,
	bytes  uint32 // and how long, all together
	asked  uint32 // the last piece that was appended to this run,
	after  uint32 // and the run that this made
}

// piece is a frame, or a reply, which is bytes for one connection alone: they
// lie in the generation, so that no reply costs an allocation.
type piece struct {
	frame    *Frame // nil for a reply
	from, to uint32 // of the generation's bytes
	posted   int64  // Loop.clock, for a frame of a delivery; else 0
}

// Numbers of runs and pieces have their generation in the highest two bits. 0
// is none: the run without frames, to which the first is appended.
const (
	none          = uint32(0)
	generationBit = 30
	indexMask     = 1<<generationBit - 1
	replies       = 2 // the generation of replies
)

func newRuns() runs {
	return runs{
		generations: [3]generation{newGeneration(), newGeneration(), newGeneration()},
		scratch:     make([]byte, sendBytes),
	}
}

func (r *runs) at(id uint32) *run {
	return &r.generations[id>>generationBit].runs[id&indexMask]
}

// piece gives a piece's bytes, nil for a frame in parts, which is too large to be
// gathered.
func (r *runs) piece(id uint32) []byte {
	g := &r.generations[id>>generationBit]
	p := &g.pieces[id&indexMask]
	if p.frame != nil {
		return p.frame.bytes
	}
	return g.bytes[p.from:p.to]
}

// posted is when a piece was posted, 0 when it was not.
func (r *runs) posted(id uint32) int64 {
	return r.generations[id>>generationBit].pieces[id&indexMask].posted
}

// size is how many bytes a piece has.
func (r *runs) size(id uint32) uint32 {
	if f := r.generations[id>>generationBit].pieces[id&indexMask].frame; f != nil {
		return uint32(f.Len())
	}
	return uint32(len(r.piece(id)))
}

// add numbers a frame, so that it can be appended to runs until the lap ends. at
// is when it was posted.
func (r *runs) add(f *Frame, at int64) uint32 {
	g := &r.generations[r.current]
	if g.pieces[len(g.pieces)-1].frame != f {
		g.pieces = append(g.pieces, piece{frame: f, posted: at})
	}
	return r.current<<generationBit | uint32(len(g.pieces)-1)
}

// paper is what a reply is to be appended to. It goes to written or reply
// next, and no other is written meanwhile.
func (r *runs) paper() []byte { return r.generations[replies].bytes }

// written gives what was appended to the paper.
func (r *runs) written(b []byte) []byte { return b[len(r.paper()):] }

// reply keeps what was appended to the paper, and gives the run of the
// connection that waited for id and is to get it as well.
func (r *runs) reply(id uint32, b []byte) uint32 {
	g := &r.generations[replies]
	from := uint32(len(g.bytes))
	g.bytes = b
	to := uint32(len(b))
	last := uint32(len(g.runs) - 1)
	if p := &g.pieces[len(g.pieces)-1]; last > 0 && id == replies<<generationBit|last && p.frame == nil {
		p.to = to // one more of those that a single read asked for
		g.runs[last].frames++
		g.runs[last].bytes += to - from
		return id
	}
	return r.end(id, piece{from: from, to: to}, to-from)
}

// answer is reply for a frame that others get, too.
func (r *runs) answer(id uint32, f *Frame) uint32 {
	return r.end(id, piece{frame: f}, uint32(f.Len()))
}

// end makes a run that is one connection's alone.
func (r *runs) end(id uint32, p piece, size uint32) uint32 {
	before := r.at(id)
	g := &r.generations[replies]
	g.pieces = append(g.pieces, p)
	g.runs = append(g.runs, run{
		before: id, piece: replies<<generationBit | uint32(len(g.pieces)-1),
		frames: before.frames + 1, bytes: before.bytes + size,
	})
	return replies<<generationBit | uint32(len(g.runs)-1)
}

// replied clears the generation of replies, which have all been sent.
func (r *runs) replied() {
	if g := &r.generations[replies]; len(g.runs) > 1 {
		g.clear()
	}
}

// extend gives the run of those that waited for id and are to get a piece as
// well.
func (r *runs) extend(id, piece uint32) uint32 {
	before := r.at(id)
	if before.asked == piece {
		return before.after
	}
	next := run{
		before: id, piece: piece,
		frames: before.frames + 1, bytes: before.bytes + r.size(piece),
	}
	g := &r.generations[r.current]
	before.asked, before.after = piece, r.current<<generationBit|uint32(len(g.runs))
	after := before.after
	g.runs = append(g.runs, next)
	return after
}

// fits tells whether gather has room for a run: it may be asked for any when
// nothing was gathered since release.
func (r *runs) fits(id uint32) bool {
	last := r.at(id)
	return id == r.gathered || last.frames == 1 || int(last.bytes) <= sendBytes-r.used || r.used == 0
}

// gather gives a run's bytes, nil when they are too many for one send. They
// are borrowed until release. A single frame is given as it lies.
func (r *runs) gather(id uint32) []byte {
	if r.gathered != id {
		r.gathered, r.bytes = id, r.concat(id)
	}
	return r.bytes
}

func (r *runs) concat(id uint32) []byte {
	last := r.at(id)
	switch {
	case last.frames == 1:
		return r.piece(last.piece)
	case last.bytes > sendBytes:
		return nil
	}
	b := r.scratch[r.used:][:last.bytes]
	r.used += len(b)
	for end := len(b); id != 0; id = last.before {
		last = r.at(id)
		p := r.piece(last.piece)
		end -= len(p)
		copy(b[end:], p)
	}
	return b
}

// release ends the loan of all that was gathered.
func (r *runs) release() { r.gathered, r.bytes, r.used = 0, nil, 0 }

// buffer lends the scratch, sendBytes long, until gather is called. Nothing
// else may be on loan.
func (r *runs) buffer() []byte {
	r.release()
	return r.scratch
}

// each visits a run's frames, oldest first. Replies are made frames.
func (r *runs) each(id uint32, visit func(*Frame)) {
	var list []*Frame
	for ; id != 0; id = r.at(id).before {
		list = append(list, r.frame(r.at(id).piece))
	}
	for _, f := range slices.Backward(list) {
		visit(f)
	}
}

func (r *runs) frame(id uint32) *Frame {
	if f := r.generations[id>>generationBit].pieces[id&indexMask].frame; f != nil {
		return f
	}
	return NewRaw(nil, slices.Clone(r.piece(id)))
}

// made is how many runs broadcasts have made in this lap.
func (r *runs) made() int { return len(r.generations[r.current].runs) }

// lap begins the other generation, whose runs have all been sent.
func (r *runs) lap() {
	if g := &r.generations[r.current]; len(g.pieces) == 1 {
		return // nothing was made
	}
	r.current ^= 1
	r.generations[r.current].clear()
	r.at(0).asked = 0
}

// clear empties the generation. Memory of which it used little this time it
// gives back.
func (g *generation) clear() {
	if wasteful(g.runs, keptRuns) || wasteful(g.bytes, keptBytes) {
		*g = newGeneration()
		return
	}
	clear(g.pieces)
	g.pieces, g.runs, g.bytes = g.pieces[:1], g.runs[:1], g.bytes[:0]
}

func wasteful[T any](s []T, kept int) bool { return cap(s) > max(kept, 8*len(s)) }

// forget gives back the memory that bursts have taken. Nothing may wait.
func (r *runs) forget() {
	for i := range r.generations {
		g := &r.generations[i]
		g.clear()
		if cap(g.runs) > keptRuns || cap(g.bytes) > keptBytes {
			*g = newGeneration()
		}
	}
	r.at(0).asked = 0
}

// What a generation keeps room for in any case.
const (
	keptRuns  = 1 << 10
	keptBytes = 64 << 10
)

// newGeneration is empty. Index 0 is taken: it stands for none.
func newGeneration() generation {
	return generation{runs: make([]run, 1, 64), pieces: make([]piece, 1, 16)}
}
