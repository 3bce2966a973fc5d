package engine

import "slices"

// Sending is one connection's part of Transport.Send.
type Sending struct {
	Conn  *Conn
	Bytes []byte // borrowed until Send returns; not empty

	// What the transport fills in.
	N    int   // bytes that left; less than all: the socket takes no more now
	Err  error // the connection is lost
	Done bool  // N and Err are true

	run    uint32 // 0: the bytes are the front of the connection's queue
	sealed bool   // Bytes are TLS records,
	plain  int    // of that many bytes; 0: they are what the socket did not take before
}

// maxBatch is the number of connections that the transport is given at a time.
const maxBatch = 64

// flushConn sends what waits for a connection, with as few sends as it takes.
func (l *Loop) flushConn(c *Conn) {
	defer l.recoverFor(c)
	l.collect(c)
	l.sendBatch()
	l.flushQueue(c)
	l.flushed(c)
}

// collect adds what waits for a connection to the batch.
func (l *Loop) collect(c *Conn) {
	defer l.recoverFor(c)
	out := l.slots.out(c.slot)
	id := out.run
	if id == 0 {
		l.flushed(c)
		return
	}
	out.run = 0 // it is good for this turn alone
	if c.state == stateDead {
		l.counters.dropped[DropLost] += uint64(l.runs.at(id).frames)
		return
	}
	if len(l.batch) == maxBatch || !l.runs.fits(id) || len(l.sealed) >= sealedBytes {
		l.sendBatch()
	}
	b := l.runs.gather(id)
	if b == nil {
		l.queueRun(c, id)
		l.flushQueue(c)
		if c.q == nil {
			l.timeRun(id, 1)
		}
		l.flushed(c)
		return
	}
	s := Sending{Conn: c, Bytes: b, run: id}
	if c.has(flagSealed) {
		l.seal(&s)
	}
	l.batch = append(l.batch, s)
}

// sendBatch sends what was collected.
func (l *Loop) sendBatch() {
	if len(l.batch) == 0 {
		return
	}
	l.send(l.batch)
	l.timeBatch()
	for i := range l.batch {
		l.settleRun(&l.batch[i])
	}
	clear(l.batch)
	l.batch, l.sealed = l.batch[:0], l.sealed[:0]
	l.runs.release()
}

// send has the transport send a list. A panic costs the connection at which
// it happened.
func (l *Loop) send(list []Sending) {
	for len(list) > 0 {
		list = l.trySend(list)
	}
}

func (l *Loop) trySend(list []Sending) (rest []Sending) {
	defer func() {
		if p := recover(); p != nil {
			at := slices.IndexFunc(list, func(s Sending) bool { return !s.Done })
			if at < 0 {
				l.panicked(p, nil)
				return
			}
			l.panicked(p, list[at].Conn)
			rest = list[at+1:]
		}
	}()
	l.transport.Send(l, list)
	return nil
}

// settleRun notes how sending a run went. What the socket did not take
// becomes a queue.
func (l *Loop) settleRun(s *Sending) {
	c := s.Conn
	defer l.recoverFor(c)
	if !l.settle(s) {
		return
	}
	if s.N == len(s.Bytes) {
		l.counters.sentFrames += uint64(l.runs.at(s.run).frames)
		l.flushed(c)
		return
	}
	l.queueRun(c, s.run)
	l.tookSome(c, s)
}

// settle counts a send and reports whether the connection is still there.
func (l *Loop) settle(s *Sending) bool {
	l.counters.sends++
	l.counters.sentBytes += uint64(s.N)
	if s.Err != nil {
		s.Conn.Abort(CausePeer)
	}
	return s.Conn.state != stateDead
}

// flushed goes on with a connection of which all has left.
func (l *Loop) flushed(c *Conn) {
	if c.state == stateLingering && c.waiting() == 0 {
		c.finish()
	}
}

// queueRun moves a run to a queue.
func (l *Loop) queueRun(c *Conn, id uint32) {
	c.q = l.takeQueue()
	l.runs.each(id, func(f *Frame) { c.q.push(f) })
}

// flushQueue sends a queue until it is empty or the socket is full.
func (l *Loop) flushQueue(c *Conn) {
	for c.q != nil && c.q.waits() && !c.has(flagBlocked) && c.state != stateDead {
		l.sendBatch() // the scratch is needed
		one := [1]Sending{l.queued(c)}
		l.send(one[:])
		if !l.settle(&one[0]) {
			return
		}
		l.tookSome(c, &one[0])
		l.sealed = l.sealed[:0]
	}
	if c.q != nil && !c.q.waits() && !c.has(flagBlocked) { // all that waited has been dropped
		l.giveQueue(c.q)
		c.q = nil
	}
}

// queued is what of a queue is to be sent next.
func (l *Loop) queued(c *Conn) Sending {
	if c.has(flagSealed) {
		return l.queuedSealed(c)
	}
	return Sending{Conn: c, Bytes: c.q.fill(l.runs.buffer()[:0])}
}

// tookSome notes what a socket has taken of a queue, and that it takes no more if
// that was not all.
func (l *Loop) tookSome(c *Conn, s *Sending) {
	n := s.N
	if s.sealed {
		n = s.plain
		l.keepRest(c.q, s)
	}
	l.took(c, n)
	if s.N < len(s.Bytes) {
		l.block(c)
	}
}
