package pusher

import "fanfare/engine"

// refuse completes the upgrade only to say why it is refused: an HTTP status
// would be hidden from the client, which would retry for ever. The error event
// comes first, for clients behind proxies that eat close codes.
func (s *Server) refuse(c *engine.Conn, who party, code uint16, reason string) {
	h := s.homes[c.Loop().Index()]
	if err := c.Upgrade(nobody{}); err != nil {
		h.counters.badHandshakes.Add(1)
		return
	}
	h.counters.refuse(code)
	h.logRefused(c, who, code, reason)
	c.Reply(h.text(func(dst []byte) []byte { return appendError(dst, code, reason) }))
	c.Close(code, reason)
}

// nobody owns a connection that was refused and is closing.
type nobody struct{}

// Message implements engine.Receiver.
func (nobody) Message(*engine.Conn, []byte) {}

// BatchEnd implements engine.Receiver.
func (nobody) BatchEnd(*engine.Conn) {}

// Idle implements engine.Receiver.
func (nobody) Idle(*engine.Conn) {}

// Closed implements engine.Receiver.
func (nobody) Closed(*engine.Conn, engine.Cause) {}

// closesAlone is the first version of the protocol whose clients read the code and
// the reason from the close frame.
const closesAlone = 6

// End closes the connection with a code and reason. From protocol 6 on the
// close frame says it alone; older clients read it from an event.
func (s *session) End(c *engine.Conn, code uint16, reason string) {
	if s.Version < closesAlone {
		s.reply(c, s.home.text(func(dst []byte) []byte { return appendError(dst, code, reason) }))
	}
	if c.Open() {
		s.home.counters.closeWith(code)
		s.logClosing(code, reason)
	}
	c.Close(code, reason)
}
