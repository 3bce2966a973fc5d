package engine

import (
	"slices"
	"time"
)

// The outbound path. A frame is appended to what waits for a connection (push,
// Broadcast); a flush sends each connection all that waits for it with one
// send. Replies (urgent) go out with every turn, broadcasts (bulk) in laps over
// all connections that wait, a slice of a lap per turn, so that the loop serves
// I/O between.

const (
	sendBytes  = 64 << 10             // most bytes that are gathered for one send
	sliceConns = 512                  // most connections of a bulk slice,
	sliceTime  = 1 * time.Millisecond // and its longest time

	gatherConns = 2048                   // connections of a lap that waits so long
	gatherTime  = 100 * time.Microsecond // for what may still come to leave with it

	// Most deliveries of one lap, and most bytes of their frames. A connection
	// may wait for the rest of one lap and all of the next.
	maxLapDeliveries = 512
	maxLapBytes      = 256 << 10

	// Bytes of replies after which a turn sends first. A large answer, such as
	// the members of a presence channel, costs a turn so and not a lap.
	maxReplyBytes = 256 << 10

	// Most runs that deliveries make in one lap, where hardly any connections
	// wait for the same: 24 MB, or so many for each connection.
	maxLapRuns  = 1 << 20
	lapRunsEach = 4

	keptBulk = 16 << 10 // connections that the list of a lap keeps room for in any case
)

// waiting is the number of frames that wait for the connection.
func (c *Conn) waiting() int {
	n := int(c.loop.runs.at(c.loop.slots.out(c.slot).run).frames)
	if c.q != nil {
		n += c.q.n
		if len(c.q.rest) > 0 {
			n++
		}
	}
	return n
}

// retag tells broadcasts whether the connection takes frames without further
// questions. Whatever changes that must call it.
func (c *Conn) retag() {
	tag := uint32(0)
	if c.state == stateOpen && !c.has(flagBlocked) {
		tag = c.gen
	}
	c.loop.slots.out(c.slot).tag = tag
}

// push appends a frame for a reply and marks the connection urgent.
func (c *Conn) push(f *Frame) Verdict {
	if f.Len() == 0 {
		return Queued
	}
	if c.has(flagBlocked) {
		return c.loop.enqueue(c, f)
	}
	return c.pushed(c.loop.runs.answer(c.loop.slots.out(c.slot).run, f), f.Len())
}

// pushReply is push for bytes that were appended to the loop's paper.
func (c *Conn) pushReply(b []byte) Verdict {
	runs := &c.loop.runs
	bytes := runs.written(b)
	if c.has(flagBlocked) {
		return c.loop.enqueue(c, NewRaw(nil, slices.Clone(bytes)))
	}
	return c.pushed(runs.reply(c.loop.slots.out(c.slot).run, b), len(bytes))
}

// pushed notes the run that the connection has with one more reply.
func (c *Conn) pushed(id uint32, size int) Verdict {
	l := c.loop
	l.slots.out(c.slot).run = id
	l.replyBytes += size
	if r := l.runs.at(id); int(r.frames) > l.cfg.QueueFrames || int(r.bytes) > l.cfg.QueueBytes {
		l.flushConn(c) // one read can ask for thousands of pongs, or for megabytes
		return Queued
	}
	if !c.has(flagUrgent) {
		c.set(flagUrgent)
		l.urgent = append(l.urgent, c)
		l.rouse()
	}
	return Queued
}

// pushBulk appends a frame that may wait for its turn, as broadcasts do.
func (c *Conn) pushBulk(f *Frame) Verdict {
	l := c.loop
	if c.has(flagBlocked) {
		return l.enqueue(c, f)
	}
	out := l.slots.out(c.slot)
	if out.run == 0 {
		l.bulk = append(l.bulk, c.slot)
	}
	out.run = l.runs.extend(out.run, l.runs.add(f, 0))
	l.rouse()
	return Queued
}

// enqueue appends a frame to the backlog of a blocked connection.
func (l *Loop) enqueue(c *Conn, f *Frame) Verdict {
	l.admit(c.q, f)
	return l.bound(c)
}

// Broadcast appends a frame to what waits for every connection that to names,
// but except. It is not sent yet, so to can change as soon as Broadcast
// returns. Nothing is allocated per connection as long as they keep up. It is
// for deliveries: anywhere else the frame would wait for the next turn.
func (l *Loop) Broadcast(f *Frame, to []Handle, except Handle) {
	l.check()
	if f.Len() == 0 {
		return
	}
	l.lapBytes += f.Len()
	frame, before, after := l.runs.add(f, l.posting), none, none
	for _, h := range to {
		if h == except || h == 0 {
			continue
		}
		slot := slotOf(h)
		p := l.slots.find(slot)
		if p == nil {
			continue
		}
		out := &p.out[slot%pageSize]
		if out.tag != genOf(h) {
			l.broadcastBlocked(h, f)
			continue
		}
		if out.run == 0 {
			l.bulk = append(l.bulk, slot)
		}
		if out.run != before || after == none { // most wait for the same as the last one
			before, after = out.run, l.runs.extend(out.run, frame)
		}
		out.run = after
	}
	l.reached = l.reached || after != none
}

// broadcastBlocked is Broadcast to a connection that is blocked, if it is
// there at all and not closing.
func (l *Loop) broadcastBlocked(h Handle, f *Frame) {
	if c := l.slots.get(h); c != nil && c.state == stateOpen {
		l.enqueue(c, f)
	}
}

// flushUrgent sends all replies.
func (l *Loop) flushUrgent() {
	for i := 0; i < len(l.urgent); i++ {
		c := l.urgent[i]
		l.urgent[i] = nil
		if c.has(flagUrgent) {
			c.unset(flagUrgent)
			l.collect(c)
		}
	}
	l.urgent = l.urgent[:0]
	l.sendBatch()
	if len(l.urgent) == 0 {
		l.runs.replied()
		l.replyBytes = 0
	}
}

// flushSlice sends to the next connections that a broadcast has frames for,
// and reports whether there are no more.
func (l *Loop) flushSlice() bool {
	start := time.Now()
	if l.bulkNext == 0 && l.gathers(start) {
		return false
	}
	end := min(l.bulkNext+sliceConns, len(l.bulk))
	for l.bulkNext < end && time.Since(start) < sliceTime {
		l.flushBulk(min(l.bulkNext+maxBatch, end))
	}
	l.land()
	if l.bulkNext >= l.lapEnd {
		l.lap()
	}
	return len(l.bulk) == 0
}

// gathers tells whether a lap is still to begin. One over many connections takes
// many milliseconds, and what comes just after its beginning costs a lap more.
func (l *Loop) gathers(now time.Time) bool {
	if len(l.bulk) >= gatherConns {
		if l.lapSince.IsZero() {
			l.lapSince = now
		}
		if now.Sub(l.lapSince) < gatherTime {
			return true
		}
	}
	l.lapSince, l.lapEnd = time.Time{}, len(l.bulk)
	return false
}

func (l *Loop) flushBulk(end int) {
	for ; l.bulkNext < end; l.bulkNext++ {
		slot := l.bulk[l.bulkNext]
		if p := l.slots.find(slot); p != nil && p.out[slot%pageSize].run != 0 {
			l.collect(&p.conns[slot%pageSize])
		}
	}
	l.sendBatch()
}

// lap begins another lap over those that were marked during the last.
func (l *Loop) lap() {
	if wasteful(l.bulk, keptBulk) {
		l.bulk = slices.Clone(l.bulk)
	}
	left := copy(l.bulk, l.bulk[l.bulkNext:])
	l.lapped += uint64(l.bulkNext)
	l.bulk = l.bulk[:left]
	l.bulkNext, l.lapEnd = 0, left
	l.lapDeliveries, l.lapBytes = 0, 0
	l.runs.lap()
}

// took removes n sent bytes from a queue.
func (l *Loop) took(c *Conn, n int) {
	l.sent(c.q, n)
	if !c.q.waits() {
		l.giveQueue(c.q)
		c.q = nil
	}
}

// dropOutput forgets all that waits.
func (l *Loop) dropOutput(c *Conn) {
	l.unblock(c)
	l.counters.dropped[DropLost] += uint64(c.waiting())
	l.slots.out(c.slot).run = 0
	if c.q != nil {
		l.discard(c.q)
		l.setRest(c.q, nil)
		l.giveQueue(c.q)
		c.q = nil
	}
}

// takeQueue and giveQueue keep some queues for the next ones.
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

const maxSpareQueues = 256
