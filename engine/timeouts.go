package engine

import (
	"strconv"
	"time"

	"fanfare/engine/http1"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Tick moves the loop's clock on and serves all time-outs that are due: a
// scan of one dense array. The transport calls it on the loop, once a second.
func (l *Loop) Tick(t time.Time) {
	l.enter()
	l.setClock(t)
	for slot, due := range l.slots.due {
		if due != 0 && due <= l.now {
			l.expire(l.slots.at(uint32(slot)))
		}
	}
	l.publish()
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
	l.slots.due[c.slot] = 0
	switch c.state {
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
	c.unset(flagAnswered)
	answer := (&http1.Error{Status: status, Message: text}).Response()
	c.Respond(&answer)
}

// Closed tells that the socket is gone. The transport calls it on the loop;
// the record is free for another connection when it returns.
func (l *Loop) Closed(c *Conn) {
	l.enter()
	if c.state == stateFree {
		return
	}
	if c.state < stateClosing {
		c.cause = CausePeer
	}
	l.lastWords(c)
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
	for c.state != stateDead && c.waiting() > 0 && !c.has(flagBlocked) {
		b := l.gather(c)
		n, err := l.transport.Send(c, b)
		if err != nil {
			return
		}
		l.took(c, n)
		if n < len(b) {
			return
		}
	}
}
