package engine

// queue holds the frames that wait for one connection, oldest first: a ring
// of references to shared frames. A connection with at most one frame waiting
// has none. Owned by the loop.
type queue struct {
	ring  []*Frame // length is a power of two
	head  int      // index of the oldest
	n     int      // frames waiting
	off   int      // bytes of the oldest that are sent already
	bytes int      // bytes waiting
	since int64    // when the socket stopped taking them; Loop.clock
}

const minRing = 16

func (q *queue) push(f *Frame) {
	if q.n == len(q.ring) {
		q.grow()
	}
	q.ring[(q.head+q.n)&(len(q.ring)-1)] = f
	q.n++
	q.bytes += len(f.bytes)
}

func (q *queue) grow() {
	ring := make([]*Frame, max(minRing, 2*len(q.ring)))
	for i := range q.n {
		ring[i] = q.at(i)
	}
	q.ring, q.head = ring, 0
}

// at gives the i-th oldest frame.
func (q *queue) at(i int) *Frame { return q.ring[(q.head+i)&(len(q.ring)-1)] }

func (q *queue) pop() *Frame {
	f := q.ring[q.head]
	q.ring[q.head] = nil
	q.head = (q.head + 1) & (len(q.ring) - 1)
	q.n--
	q.bytes -= len(f.bytes) - q.off
	q.off = 0
	return f
}

// fill copies waiting bytes into dst, up to its capacity, and returns them. A
// single frame is returned as it is, without a copy.
func (q *queue) fill(dst []byte) []byte {
	first := q.at(0).bytes[q.off:]
	if q.n == 1 || len(first) >= cap(dst) {
		return first
	}
	dst = append(dst[:0], first...)
	for i := 1; i < q.n && len(dst) < cap(dst); i++ {
		b := q.at(i).bytes
		dst = append(dst, b[:min(len(b), cap(dst)-len(dst))]...)
	}
	return dst
}

// sent takes n bytes off the front and calls done for each frame that is out.
func (q *queue) sent(n int, done func(*Frame)) {
	for n > 0 {
		left := len(q.at(0).bytes) - q.off
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
	keep := 0
	if q.off > 0 {
		keep = 1
	}
	for q.n > keep {
		i := (q.head + q.n - 1) & (len(q.ring) - 1)
		f := q.ring[i]
		q.ring[i] = nil
		q.n--
		q.bytes -= len(f.bytes)
		done(f)
	}
}
