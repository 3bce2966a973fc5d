package pusher

import (
	"slices"
	"sync"

	"fanfare/channels"
	"fanfare/engine"
	"fanfare/protocol/borrow"
)

// Encode implements channels.Sink: one frame for all loops and subscribers.
// Only a channel's events may be dropped for a slow consumer; who is there and
// who isn't has to be told.
func (s *Server) Encode(m *channels.Message) any {
	buf := buffers.Get().(*buffer)
	defer buffers.put(buf)
	switch m.Kind {
	case channels.MemberAdded, channels.MemberRemoved:
		buf.appendMemberEvent(m)
		return engine.NewText(engine.Protocol, buf.out)
	default:
		buf.out = appendEvent(buf.out, m.Event, m.Channel, borrow.Bytes(m.Data), m.UserID)
		return engine.NewTopic(s.slow.of(m.App, m.Channel), m.Channel, m.Event, buf.out)
	}
}

// Deliver implements channels.Sink. Nothing is done per subscriber here.
func (s *Server) Deliver(loop int, m *channels.Message, encoded any, to []channels.Handle) {
	f := encoded.(*engine.Frame)
	s.cfg.Loop(loop).Broadcast(f, to, m.Except)
	live, ok := s.cfg.Tenants.Find(m.App)
	if !ok {
		return
	}
	n := len(to)
	if m.Kind == channels.ClientEvent && engine.LoopOf(m.Except) == loop {
		n-- // the sender is on the list
	}
	live.On(loop).MessagesOut.Add(uint64(n))
	live.On(loop).BytesOut.Add(uint64(n * f.Len()))
}

// Joined implements channels.Sink: the confirmation leaves in the channel's
// order, before everything that the subscriber gets from it.
func (s *Server) Joined(loop int, sub *channels.Subscription, members []channels.Member) {
	c := s.cfg.Loop(loop).Conn(sub.Handle())
	if c == nil {
		return
	}
	ss, ok := c.Receiver().(*session)
	if !ok || ss.knows(sub) {
		return
	}
	if sub.Member() == nil {
		ss.reply(c, ss.home.text(func(dst []byte) []byte { return appendSucceeded(dst, sub.Channel()) }))
		return
	}
	buf := buffers.Get().(*buffer)
	defer buffers.put(buf)
	buf.appendPresence(sub.Channel(), members)
	ss.reply(c, buf.out)
}

// knows tells whether the client has had the confirmation in an earlier life
// of the session.
func (s *session) knows(sub *channels.Subscription) bool {
	if s.wait == nil {
		return false
	}
	i := slices.Index(s.wait.quiet, sub)
	if i < 0 {
		return false
	}
	s.wait.quiet = slices.Delete(s.wait.quiet, i, i+1)
	s.settled()
	return true
}

// buffer is what it takes to encode a frame: the frame, and JSON that goes
// into a string within it.
type buffer struct{ out, inner []byte }

type bufferPool struct{ sync.Pool }

// buffers are used by loops and by whoever publishes.
var buffers = &bufferPool{sync.Pool{New: func() any { return new(buffer) }}}

func (p *bufferPool) put(b *buffer) {
	if cap(b.out)+cap(b.inner) > 2*keepScratch {
		return
	}
	b.out, b.inner = b.out[:0], b.inner[:0]
	p.Put(b)
}
