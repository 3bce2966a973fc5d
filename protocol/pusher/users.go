package pusher

import (
	"fanfare/channels"
	"fanfare/channels/users"
	"fanfare/engine"
)

// UserSink is the sink of the registry that the server's users stand on.
func (s *Server) UserSink() channels.Sink { return userSink{s} }

// userSink tells sessions about users, and closes those of a user whom the
// application terminates.
type userSink struct{ server *Server }

// Encode implements channels.Sink.
func (userSink) Encode(m *channels.Message) any {
	buf := buffers.Get().(*buffer)
	defer buffers.put(buf)
	who := []string{m.UserID}
	switch m.Event {
	case users.Online:
		buf.out = appendWatchlist(buf.out, who, nil)
	case users.Offline:
		buf.out = appendWatchlist(buf.out, nil, who)
	default:
		return nil
	}
	return engine.NewText(engine.Protocol, buf.out)
}

// EncodeMembers implements channels.Sink. There are none.
func (userSink) EncodeMembers([]*channels.Member) any { return nil }

// Joined implements channels.Sink. Who asked was answered already.
func (userSink) Joined(int, *channels.Subscription, *channels.Snapshot) {}

// Deliver implements channels.Sink.
func (k userSink) Deliver(loop int, m *channels.Message, encoded any, to []channels.Handle) {
	l := k.server.cfg.Loop(loop)
	if f, ok := encoded.(*engine.Frame); ok {
		l.Broadcast(f, to, channels.None)
		k.server.count(loop, m.App, f, len(to))
		return
	}
	for _, h := range to {
		if c := l.Conn(h); c != nil {
			terminate(c)
		}
	}
}

// terminate closes a connection whose user the application does not want here.
func terminate(c *engine.Conn) {
	s, ok := c.Receiver().(*session)
	if !ok {
		return
	}
	code := uint16(codeUnauthorized)
	if s.tenant.App.TerminatedReturn {
		code = codeReconnect
	}
	s.End(c, code, "the application has terminated this user's connections")
}
