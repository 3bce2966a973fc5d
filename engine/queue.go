package engine

// queue holds the frames that wait for one connection whose socket does not
// take them, oldest first: a ring of references to shared frames. A frame that
// is dropped leaves a hole, which is nil; the oldest is never one. Owned by
// the loop.
type queue struct {
	ring  []*Frame // length is a power of two
	head  uint32   // position of the oldest; its place is head modulo the ring's length
	holes int
	n     int    // frames waiting
	off   int    // bytes of the oldest that are sent already
	bytes int    // bytes waiting
	since int64  // Loop.clock when the socket stopped taking them; 0: it has not yet
	rest  []byte // TLS records that the socket did not take, to be sent before the frames
	ledger
}

const minRing = 16

// waits tells whether there is anything to send.
func (q *queue) waits() bool { return q.n > 0 || len(q.rest) > 0 }

// push appends a frame and returns its position. Positions count up, and
// change only in compact.
func (q *queue) push(f *Frame) uint32 {
	if q.n+q.holes == len(q.ring) {
		q.makeRoom()
	}
	p := q.end()
	q.ring[q.place(p)] = f
	q.n++
	q.bytes += f.Len()
	return p
}

// end is the position of the next frame to come.
func (q *queue) end() uint32 { return q.head + uint32(q.n+q.holes) }

func (q *queue) place(position uint32) uint32 { return position & uint32(len(q.ring)-1) }

// at gives the frame at a position, nil for a hole.
func (q *queue) at(position uint32) *Frame { return q.ring[q.place(position)] }

// makeRoom closes the holes when they are at least half of the ring: that pays
// for the work. Else the ring doubles.
func (q *queue) makeRoom() {
	if q.holes > 0 && q.holes >= q.n {
		q.compact()
	} else {
		q.grow()
	}
	q.reindex()
}

func (q *queue) grow() {
	ring := make([]*Frame, max(minRing, 2*len(q.ring)))
	for p := q.head; p != q.end(); p++ {
		ring[p&uint32(len(ring)-1)] = q.at(p)
	}
	q.ring = ring
}

func (q *queue) compact() {
	to := q.head
	for p := q.head; p != q.end(); p++ {
		f := q.at(p)
		if f == nil {
			continue
		}
		q.ring[q.place(p)] = nil
		q.ring[q.place(to)] = f
		to++
	}
	q.holes = 0
	q.restart(q.head)
}

// each visits the frames, oldest first. visit may remove them.
func (q *queue) each(visit func(position uint32, f *Frame)) {
	for p, end := q.head, q.end(); p != end; p++ {
		if f := q.at(p); f != nil {
			visit(p, f)
		}
	}
}

// pop takes the oldest off.
func (q *queue) pop() *Frame {
	f := q.at(q.head)
	q.bytes += q.off
	q.off = 0
	q.remove(q.head)
	return f
}

// remove takes a frame out that is not half sent.
func (q *queue) remove(position uint32) {
	f := q.at(position)
	q.ring[q.place(position)] = nil
	q.n--
	q.holes++
	q.bytes -= f.Len()
	for q.holes > 0 && q.at(q.head) == nil {
		q.head++
		q.holes--
	}
	q.unbook(f)
}

// whole is the position of the oldest of which nothing is sent yet.
func (q *queue) whole() uint32 {
	if q.off > 0 {
		return q.head + 1
	}
	return q.head
}

// newest gives the frame that came last. There is one.
func (q *queue) newest() *Frame {
	p := q.end() - 1
	for q.at(p) == nil {
		p--
	}
	return q.at(p)
}

// fill copies waiting bytes into dst, up to its capacity, and returns them. A
// single frame in one piece is returned as it is, without a copy.
func (q *queue) fill(dst []byte) []byte {
	head := q.at(q.head)
	if left := head.Len() - q.off; head.parts == nil && (q.n == 1 || left >= cap(dst)) {
		return head.bytes[q.off:]
	}
	dst = head.appendFrom(dst[:0], q.off)
	for p, end := q.head+1, q.end(); p != end && len(dst) < cap(dst); p++ {
		if f := q.at(p); f != nil {
			dst = f.appendFrom(dst, 0)
		}
	}
	return dst
}

// sent takes n bytes off the front and calls done for each frame that is out.
func (q *queue) sent(n int, done func(*Frame)) {
	for n > 0 {
		left := q.at(q.head).Len() - q.off
		if n < left {
			q.off += n
			q.bytes -= n
			return
		}
		n -= left
		done(q.pop())
	}
}

// truncate drops all frames but one of which a part is out already.
func (q *queue) truncate(done func(*Frame)) {
	for p, end := q.whole(), q.end(); p != end; p++ {
		if f := q.at(p); f != nil {
			q.remove(p)
			done(f)
		}
	}
}
