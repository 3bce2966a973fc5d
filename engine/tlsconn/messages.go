package tlsconn

// messages are what a peer may send of the handshake protocol after the
// handshake, as far as it came: they may be cut anywhere.
type messages struct {
	head [4]byte // kind and length
	have uint8   // bytes of it
	left uint32  // bytes of the body that are to come
}

const (
	msgNewSessionTicket = 4
	msgKeyUpdate        = 24
	maxTicketMessage    = 1 << 17 // RFC 8446 section 4.6.1 has less
)

func (m *messages) begun() bool { return m.have > 0 }

// takeMessages serves a KeyUpdate, and overlooks the tickets that a client gets:
// who wants to resume asks crypto/tls.
func (c *Conn) takeMessages(data []byte) error {
	if c.suite.version != tls13 {
		return &Error{NoRenegotiation, "the peer wants to negotiate again"}
	}
	m := &c.post
	for len(data) > 0 {
		if int(m.have) < len(m.head) {
			n := copy(m.head[m.have:], data)
			m.have += uint8(n)
			data = data[n:]
			if err := c.takeHead(); err != nil {
				return err
			}
			continue
		}
		n := min(int(m.left), len(data))
		m.left -= uint32(n)
		if m.left == 0 {
			if err := c.takeBody(data[n-1], len(data) == n); err != nil {
				return err
			}
		}
		data = data[n:]
	}
	return nil
}

// takeHead judges a message as soon as its kind and length are known.
func (c *Conn) takeHead() error {
	m := &c.post
	if int(m.have) < len(m.head) {
		return nil
	}
	m.left = uint32(m.head[1])<<16 | uint32(m.head[2])<<8 | uint32(m.head[3])
	switch {
	case m.head[0] == msgKeyUpdate && m.left == 1:
		return nil
	case m.head[0] == msgNewSessionTicket && c.client && m.left > 0 && m.left < maxTicketMessage:
		return nil
	}
	return &Error{UnexpectedMessage, "a handshake message that has no place after the handshake"}
}

// takeBody ends a message whose last byte that is.
func (c *Conn) takeBody(last byte, endsRecord bool) error {
	kind := c.post.head[0]
	c.post = messages{}
	if kind != msgKeyUpdate {
		return nil
	}
	if !endsRecord || last > 1 { // RFC 8446 section 5.1: nothing spans a change of keys
		return &Error{UnexpectedMessage, "a malformed KeyUpdate"}
	}
	switch {
	case c.in.seq >= minRecords:
		c.hasty -= min(c.hasty, 1)
	case c.hasty == maxHasty:
		return &Error{UnexpectedMessage, "the peer changes its keys too often"}
	default:
		c.hasty++
	}
	c.in.update(c.suite)
	c.updateDue = c.updateDue || last == 1
	return nil
}
