package pusher

import (
	"time"

	"fanfare/channels/apps"
	"fanfare/engine"
	"fanfare/protocol"
	"fanfare/protocol/gate"
	"fanfare/protocol/pusher/tenant"
)

// session is one client: the record that all protocols have, and what this
// one needs on top. A server holds a million of them, so it is 96 bytes; what
// is needed in passing hangs on wait. Owned by the loop.
type session struct {
	protocol.Session
	home   *home
	tenant *tenant.Tenant
	wait   *wait      // commands that wait for a worker; nil while none do
	user   *identity  // who is signed in; nil while nobody is
	seat   *gate.Seat // of the connection's address; nil where no limit holds for it
}

// Message implements engine.Receiver.
func (s *session) Message(c *engine.Conn, text []byte) {
	s.tenant.Counters.MessagesIn.Add(1)
	s.tenant.Counters.BytesIn.Add(uint64(len(text)))
	s.seen(uint32(c.Loop().Now().Unix()))
	if isPing(text) {
		s.send(c, pongFrame)
		return
	}
	s.receive(c, text)
}

// BatchEnd implements engine.Receiver: the subscribes of one read are checked
// together.
func (s *session) BatchEnd(c *engine.Conn) {
	if s.collecting() {
		s.submit(c)
	}
}

// Closed implements engine.Receiver. Nobody finds the session from here on;
// a check that is out comes back to nobody.
func (s *session) Closed(_ *engine.Conn, cause engine.Cause) {
	if s.Session.Closed {
		return
	}
	s.logEnded(cause)
	s.Session.Closed, s.wait = true, nil
	s.home.server.cfg.IDs.Remove(s.ID)
	for sub := range s.Subs.All() {
		s.home.server.registry.Unsubscribe(sub)
	}
	s.Subs = protocol.Subscriptions{}
	s.signOut()
	s.release()
	s.seat.Leave()
	s.home.counters.open.Add(-1)
}

// accept carries out one message, or returns false when it has to wait for a
// check that is out. Pings never wait.
func (s *session) accept(c *engine.Conn, text []byte) bool {
	cmd, err := s.home.parser.parse(text)
	if cmd.verb == verbPing {
		s.send(c, pongFrame)
		return true
	}
	if s.checking() {
		return false
	}
	if err == nil && (cmd.verb == verbSubscribe || cmd.verb == verbSignin) {
		s.ask(c, &cmd)
		return true
	}
	if s.collecting() && !s.submit(c) {
		return false
	}
	s.do(c, &cmd, err)
	return true
}

// do carries out a command that waits for nobody.
func (s *session) do(c *engine.Conn, cmd *command, err error) {
	switch {
	case err != nil:
		s.fail(c, apps.RefusedMalformed, err.Error())
	case cmd.verb == verbUnsubscribe:
		s.unsubscribe(c, cmd.channel)
	case cmd.verb == verbClientEvent:
		s.clientEvent(c, cmd)
	case cmd.verb == verbPong:
	default:
		s.fail(c, apps.RefusedMalformed, textUnsupported(cmd.event))
	}
}

// fail tells the client that one command failed. The connection goes on.
func (s *session) fail(c *engine.Conn, why apps.Refusal, text string) {
	s.failCode(c, codeCommand, why, text)
}

func (s *session) failCode(c *engine.Conn, code uint16, why apps.Refusal, text string) {
	s.logFailed(code, why)
	s.complain(c, code, why, text)
}

// complain is failCode without a line in the log.
func (s *session) complain(c *engine.Conn, code uint16, why apps.Refusal, text string) {
	s.tenant.Live.Refuse(why)
	s.reply(c, s.home.text(func(dst []byte) []byte { return appendError(dst, code, text) }))
}

// reply sends one text message to this client alone, and counts it. payload is
// borrowed.
func (s *session) reply(c *engine.Conn, payload []byte) {
	s.tenant.Counters.MessagesOut.Add(1)
	s.tenant.Counters.BytesOut.Add(uint64(engine.TextLen(len(payload))))
	c.Reply(payload)
}

// send sends a frame that others get too, and counts it.
func (s *session) send(c *engine.Conn, f *engine.Frame) {
	s.tenant.Counters.MessagesOut.Add(1)
	s.tenant.Counters.BytesOut.Add(uint64(f.Len()))
	c.Send(f)
}

// now is the clock of the session's rate limit.
func (s *session) now() time.Duration { return s.home.server.clock() }
