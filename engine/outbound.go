package engine

import "time"

// The outbound path. Frames are marked on connections (push); a flush sends
// each marked connection everything that waits for it with one send. Replies
// (urgent) go out with every turn, broadcasts (bulk) in laps over all marked
// connections, a slice of a lap per turn, so that the loop serves I/O between.

const (
	sendBytes  = 64 << 10             // most bytes that are gathered for one send
	sliceConns = 512                  // most connections of a bulk slice,
	sliceTime  = 2 * time.Millisecond // and its longest time
	sliceCheck = 32                   // connections between two looks at the clock

	// Most deliveries of one lap, and most bytes of their frames. A connection
	// may wait for the rest of one lap and all of the next.
	maxLapDeliveries = 128
	maxLapBytes      = 256 << 10
)

// waiting is the number of frames that wait for the connection.
func (c *Conn) waiting() int {
	switch {
	case c.q != nil:
		return c.q.n
	case c.first != nil:
		return 1
	}
	return 0
}

// push appends a frame for a reply and marks the connection urgent.
func (c *Conn) push(f *Frame) Verdict {
	c.enqueue(f)
	if c.has(flagBlocked) {
		return c.loop.bound(c)
	}
	c.loop.lapBytes += len(f.bytes)
	if c.q != nil && (c.q.n > c.loop.cfg.QueueFrames || c.q.bytes > c.loop.cfg.QueueBytes) {
		c.loop.flushConn(c) // one read can ask for thousands of pongs, or for megabytes
		return Queued
	}
	if !c.has(flagUrgent) {
		c.set(flagUrgent)
		c.loop.urgent = append(c.loop.urgent, c)
		c.loop.rouse()
	}
	return Queued
}

func (c *Conn) enqueue(f *Frame) {
	if c.has(flagBlocked) {
		c.loop.budget.add(f)
	}
	switch {
	case c.q != nil:
		c.q.push(f)
	case c.first == nil:
		c.first = f
	default:
		c.loop.queueOf(c).push(f)
	}
}

// Broadcast marks a frame on every connection that to names, but except. It
// is not sent yet, so to can change as soon as Broadcast returns. Nothing is
// allocated per connection as long as they keep up.
func (l *Loop) Broadcast(f *Frame, to []Handle, except Handle) {
	l.check()
	l.lapBytes += len(f.bytes)
	for _, h := range to {
		if h == except {
			continue
		}
		c := l.slots.get(h)
		if c != nil && c.state == stateOpen {
			l.mark(c, f)
		}
	}
}

func (l *Loop) mark(c *Conn, f *Frame) {
	c.enqueue(f)
	if c.has(flagBlocked) {
		l.bound(c)
		return
	}
	if !c.has(flagBulk) {
		c.set(flagBulk)
		l.bulk = append(l.bulk, c)
	}
}

// flushUrgent sends all replies.
func (l *Loop) flushUrgent() {
	for i := 0; i < len(l.urgent); i++ {
		c := l.urgent[i]
		l.urgent[i] = nil
		if c.has(flagUrgent) {
			c.unset(flagUrgent)
			l.flushConn(c)
		}
	}
	l.urgent = l.urgent[:0]
}

// flushSlice sends to the next connections that a broadcast has frames for,
// and reports whether there are no more.
func (l *Loop) flushSlice() bool {
	end := min(l.bulkNext+sliceConns, len(l.bulk))
	start := time.Now()
	for i := l.bulkNext; i < end; i++ {
		c := l.bulk[i]
		l.bulk[i] = nil
		l.bulkNext++
		if c.has(flagBulk) {
			c.unset(flagBulk)
			l.flushConn(c)
		}
		if i%sliceCheck == sliceCheck-1 && time.Since(start) > sliceTime {
			break
		}
	}
	if l.bulkNext >= l.lapEnd {
		l.lap()
	}
	return len(l.bulk) == 0
}

// lap begins another lap over those that were marked during the last.
func (l *Loop) lap() {
	left := copy(l.bulk, l.bulk[l.bulkNext:])
	clear(l.bulk[left:])
	l.bulk = l.bulk[:left]
	l.bulkNext, l.lapEnd = 0, left
	l.lapDeliveries, l.lapBytes = 0, 0
}

// flushConn sends what waits, with as few sends as it takes.
func (l *Loop) flushConn(c *Conn) {
	defer l.recoverFor(c)
	for c.waiting() > 0 && !c.has(flagBlocked) && c.state != stateDead {
		b := l.gather(c)
		n, err := l.transport.Send(c, b)
		l.counters.sends++
		if err != nil {
			c.Abort(CausePeer)
			return
		}
		l.counters.sentBytes += uint64(n)
		l.took(c, n)
		if n < len(b) {
			l.block(c)
		}
	}
	if c.waiting() == 0 && c.state == stateLingering {
		c.finish()
	}
}

// gather gives the bytes of the next send. One frame is sent as it lies.
func (l *Loop) gather(c *Conn) []byte {
	if c.q == nil {
		return c.first.bytes
	}
	return c.q.fill(l.scratch[:0:sendBytes])
}

// took removes n sent bytes from what waits.
func (l *Loop) took(c *Conn, n int) {
	if c.q == nil && n == len(c.first.bytes) {
		l.counters.sentFrames++
		c.first = nil
		return
	}
	l.queueOf(c).sent(n, l.countFrame)
	if c.q.n == 0 {
		l.giveQueue(c.q)
		c.q = nil
	}
}

func (l *Loop) countFrame(*Frame) { l.counters.sentFrames++ }

// queueOf moves a frame that waits alone into a queue.
func (l *Loop) queueOf(c *Conn) *queue {
	if c.q == nil {
		c.q = l.takeQueue()
		if c.first != nil {
			c.q.push(c.first)
			c.first = nil
		}
	}
	return c.q
}

// dropOutput forgets all that waits.
func (l *Loop) dropOutput(c *Conn) {
	l.unblock(c)
	c.first = nil
	if c.q != nil {
		c.q.off = 0
		c.q.truncate(func(*Frame) {})
		l.giveQueue(c.q)
		c.q = nil
	}
}

// takeQueue and giveQueue keep queues for the next burst: a broadcast of
// several frames needs one for every subscriber at once.
func (l *Loop) takeQueue() *queue {
	if n := len(l.queues); n > 0 {
		q := l.queues[n-1]
		l.queues = l.queues[:n-1]
		return q
	}
	return &queue{ring: make([]*Frame, minRing)}
}

func (l *Loop) giveQueue(q *queue) {
	if len(q.ring) == minRing && len(l.queues) < maxSpareQueues {
		*q = queue{ring: q.ring}
		l.queues = append(l.queues, q)
	}
}

const maxSpareQueues = 16 << 10
