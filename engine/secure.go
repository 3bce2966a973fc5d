package engine

import (
	"errors"
	"io"

	"fanfare/engine/tlsconn"
)

// secure is what a connection by TLS has beside its record: first a handshake,
// then what seals and opens.
type secure struct {
	hello *hello
	conn  *tlsconn.Conn
}

const (
	// Bytes of sealed records of one batch after which it is sent.
	sealedBytes = 256 << 10
	// Most bytes of a queue that are sealed for one send: what the socket then
	// does not take can't be dropped any more.
	sealedQueue = 16 << 10
	// Seconds between two looks at a connection: ciphers that it did not use between
	// them are dropped.
	cipherRest = 64
)

// secureOf gives the place for a connection's TLS.
func (l *Loop) secureOf(c *Conn) *secure {
	p := l.slots.page(c.slot)
	if p.secure == nil {
		p.secure = new([pageSize]*secure)
	}
	s := &p.secure[c.slot%pageSize]
	if *s == nil {
		*s = new(secure)
	}
	return *s
}

// seal turns what is to be sent into records.
func (l *Loop) seal(s *Sending) {
	start := len(l.sealed)
	s.sealed, s.plain = true, len(s.Bytes)
	l.sealed = l.secureOf(s.Conn).conn.Seal(l.sealed, s.Bytes)
	s.Bytes = l.sealed[start:]
}

// queuedSealed is queued for a connection by TLS.
func (l *Loop) queuedSealed(c *Conn) Sending {
	if len(c.q.rest) > 0 {
		return Sending{Conn: c, Bytes: c.q.rest, sealed: true}
	}
	b := c.q.fill(l.runs.buffer()[:0:sealedQueue])
	s := Sending{Conn: c, Bytes: b[:min(len(b), sealedQueue)]}
	l.seal(&s)
	return s
}

// keepRest keeps records that a socket did not take: they can't be sealed again.
func (l *Loop) keepRest(q *queue, s *Sending) {
	rest := s.Bytes[s.N:]
	if s.plain > 0 {
		rest = append([]byte(nil), rest...)
	}
	l.setRest(q, rest)
}

// setRest counts what it keeps in the node's budget.
func (l *Loop) setRest(q *queue, rest []byte) {
	l.budget.used.Add(int64(len(rest) - len(q.rest)))
	if q.rest = rest; len(rest) == 0 {
		q.rest = nil
	}
}

// unseal opens the records that have come, and takes what is in them.
func (l *Loop) unseal(c *Conn, data []byte) {
	if c.in != nil && len(c.in.sealed) > 0 {
		c.in.sealed = append(c.in.sealed, data...)
		data = c.in.sealed
	}
	s := l.secureOf(c).conn
	for len(data) > 0 && c.state < stateLingering {
		plain, n, err := s.Open(data)
		if err != nil {
			l.unsealed(c, err)
			return
		}
		if n == 0 {
			break
		}
		data = data[n:]
		l.ingest(c, plain)
	}
	l.keepSealed(c, data)
}

// keepSealed keeps the beginning of a record until the rest comes.
func (l *Loop) keepSealed(c *Conn, data []byte) {
	if c.state >= stateLingering {
		return
	}
	if in := c.in; len(data) > 0 {
		in = l.inboundOf(c)
		in.sealed = append(in.sealed[:0], data...)
	} else if in != nil {
		in.sealed = nil
	}
	l.settleInput(c)
}

// unsealed ends a connection whose records can't be opened, or whose peer says
// that there are no more.
func (l *Loop) unsealed(c *Conn, err error) {
	var broken *tlsconn.Error
	switch {
	case errors.As(err, &broken):
		l.counters.violations++
		l.sayAlert(c, broken.Alert)
		c.Abort(CauseProtocol)
	case errors.Is(err, io.EOF):
		c.linger(CausePeer)
	default:
		c.Abort(CausePeer)
	}
}

// sayAlert sends an alert, if the socket takes it: nobody waits for its answer.
func (l *Loop) sayAlert(c *Conn, a tlsconn.Alert) {
	if !c.has(flagSealed) || c.has(flagBlocked) {
		return
	}
	one := [1]Sending{{Conn: c, Bytes: l.secureOf(c).conn.Alert(nil, a)}}
	l.send(one[:])
	l.counters.sentBytes += uint64(one[0].N)
}

// restCiphers drops the ciphers of connections that are silent. Each tick looks at its
// share of the pages: all of a million connections at once would take the loop from
// the others for the tenth of a second.
func (l *Loop) restCiphers() {
	for i := int(l.now % cipherRest); i < len(l.slots.pages); i += cipherRest {
		if p := l.slots.pages[i]; p != nil && p.secure != nil {
			p.restCiphers()
		}
	}
}

func (p *page) restCiphers() {
	for _, s := range p.secure {
		if s != nil && s.conn != nil {
			s.conn.Rest()
		}
	}
}
