package engine

import (
	"errors"

	"fanfare/engine/websocket"
)

// readFrames takes WebSocket frames from data and returns the bytes used.
func (l *Loop) readFrames(c *Conn, data []byte) int {
	used := 0
	for used < len(data) && (c.state == stateOpen || c.state == stateClosing) {
		var m websocket.Message
		reader := l.readerOf(c)
		n, need, ok, err := reader.Next(data[used:], int(c.most), &m)
		l.keepReader(c, reader)
		if err != nil {
			l.violation(c, err)
			return len(data)
		}
		if n == 0 {
			if used < len(data) {
				l.inboundOf(c).need = need
			}
			break
		}
		used += n
		if c.state == stateOpen {
			c.touch()
		}
		if ok {
			l.message(c, &m)
		}
	}
	return used
}

// readerOf gives the connection's reader. One without a fragmented message has
// none of its own.
func (l *Loop) readerOf(c *Conn) *websocket.Reader {
	if c.in != nil {
		return &c.in.reader
	}
	return &l.reader
}

// keepReader gives the connection a reader of its own once a fragmented
// message has begun.
func (l *Loop) keepReader(c *Conn, r *websocket.Reader) {
	if c.in == nil && r.Started() {
		l.inboundOf(c).reader, *r = *r, websocket.Reader{}
	}
}

// violation closes a connection that broke RFC 6455.
func (l *Loop) violation(c *Conn, err error) {
	var e *websocket.CloseError
	if c.state == stateOpen && errors.As(err, &e) {
		c.pushReply(websocket.AppendClose(l.runs.paper(), e.Code, e.Reason))
	}
	l.counters.violations++
	c.linger(CauseProtocol)
}

func (l *Loop) message(c *Conn, m *websocket.Message) {
	if c.state == stateClosing && m.Op != websocket.Close {
		return // RFC 6455, 5.5.1: what follows our close frame is not read
	}
	switch m.Op {
	case websocket.Text:
		l.counters.messages++
		if c.in != nil {
			c.in.since = l.now // what follows is another message
		}
		c.set(flagBatch)
		c.rcv.Message(c, m.Payload)
	case websocket.Ping:
		c.pushReply(websocket.AppendFrame(l.runs.paper(), websocket.Pong, m.Payload))
	case websocket.Close:
		l.peerClose(c, m)
	case websocket.Pong:
	default:
		c.closeWith(1003, "binary messages are not understood here: send text", CauseProtocol)
	}
}

// peerClose answers the peer's close frame with its own code, unless ours
// went first, and ends the connection.
func (l *Loop) peerClose(c *Conn, m *websocket.Message) {
	cause := c.cause
	if c.state == stateOpen {
		cause = CausePeer
		c.pushReply(websocket.AppendClose(l.runs.paper(), m.Code, ""))
	}
	c.set(flagPeerClosed)
	c.linger(cause)
}
