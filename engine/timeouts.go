package engine

import (
	"strconv"
	"time"

	"fanfare/engine/http1"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Tick moves the loop's clock on and serves all time-outs that are due: a
// scan of one dense array. The transport calls it on the loop, once a second.
// When it comes late, what clients have said meanwhile is heard first.
func (l *Loop) Tick(t time.Time) {
	l.enter()
	before := l.now
	l.setClock(t)
	if !l.stoodStill(t, before) {
		l.serveTimeouts(t)
	}
	l.restCiphers()
	l.meter.tick()
	l.publishOldest()
	l.rest()
	l.publish()
}

func (l *Loop) serveTimeouts(t time.Time) {
	for _, p := range l.slots.pages {
		if p != nil {
			l.expireDue(p)
		}
	}
	l.releaseHoards()
	l.watchBacklogs(int64(t.Sub(l.started)))
}

func (l *Loop) expireDue(p *page) {
	for i := range p.due {
		if due := p.due[i]; due != 0 && due <= l.now {
			l.expire(&p.conns[i])
		}
	}
}

// rest gives memory back that a burst has taken, when nothing waits.
func (l *Loop) rest() {
	if len(l.bulk)+len(l.urgent) > 0 {
		return
	}
	l.runs.forget()
	l.bulk, l.urgent = keepSmall(l.bulk), keepSmall(l.urgent)
	l.queues, l.inbounds, l.sealed = nil, nil, nil
}

// begin sets the clock of a loop that had no ticks yet.
func (l *Loop) begin(t time.Time) {
	l.setClock(t)
	l.stall.ticked = t
}

func (l *Loop) setClock(t time.Time) {
	if s := t.Sub(l.started) / time.Second; s > 0 {
		l.now = uint32(s)
	}
	l.date = t.UTC().AppendFormat(l.date[:0], "Mon, 02 Jan 2006 15:04:05 GMT")
}

// expire serves one time-out.
func (l *Loop) expire(c *Conn) {
	l.current = c
	defer l.recover()
	*l.slots.due(c.slot) = 0
	switch c.state {
	case stateHello:
		l.expireHello(c)
	case stateHTTP:
		l.expireRequest(c)
	case stateParked:
		l.apologise(c, 503, "no answer in time; try again")
	case stateOpen:
		c.rcv.Idle(c)
	case stateClosing, stateLingering:
		c.Abort(c.cause)
	}
}

// expireRequest ends a connection that is silent between requests, and tells
// one that is slow in the middle of one.
func (l *Loop) expireRequest(c *Conn) {
	if c.in == nil {
		c.linger(CauseTimeout)
		return
	}
	c.unset(flagHead) // it was the last request's
	l.apologise(c, 408, "the request did not arrive in time: send it whole and at once")
}

// apologise ends a connection with an answer that it did not ask for.
func (l *Loop) apologise(c *Conn, status int, text string) {
	l.counters.refuse(status)
	c.unset(flagAnswered)
	answer := (&http1.Error{Status: status, Message: text}).Response()
	answer.Fields = l.cfg.ErrorFields
	c.Respond(&answer)
}

// Closed tells that the socket is gone. The transport calls it on the loop;
// the record is free for another connection when it returns.
func (l *Loop) Closed(c *Conn) {
	l.enter()
	defer l.passed(l.pass())
	if c.state == stateFree {
		return
	}
	if c.state < stateClosing {
		c.cause = CausePeer
	}
	l.lastWords(c)
	l.endHello(c, errPeerLeft)
	c.state = stateDead
	l.counters.closed[c.cause]++
	l.tellClosed(c)
	l.dropOutput(c)
	c.dropInput()
	l.slots.put(c)
}

// lastWords sends what waits for a connection whose peer has shut down its
// half: it may still be reading, as HTTP clients do that end their request so.
func (l *Loop) lastWords(c *Conn) {
	defer l.recoverFor(nil)
	out := l.slots.out(c.slot)
	if out.run != 0 && c.state != stateDead {
		l.queueRun(c, out.run)
		out.run = 0
	}
	for c.q != nil && c.q.waits() && !c.has(flagBlocked) && c.state != stateDead {
		one := [1]Sending{l.queued(c)}
		l.send(one[:])
		l.sealed = l.sealed[:0]
		if one[0].Err != nil || one[0].N < len(one[0].Bytes) {
			return
		}
		l.tookSome(c, &one[0])
	}
}
