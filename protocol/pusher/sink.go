package pusher

import (
	"slices"
	"sync"

	"fanfare/channels"
	"fanfare/engine"
	"fanfare/protocol/borrow"
	"fanfare/protocol/pusher/names"
)

// newestCount has who reads too slowly get only the newest number of a channel.
var newestCount = &engine.Rule{Name: "subscription counts", Policy: engine.Conflate}

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
	case channels.Count:
		buf.out = appendCount(buf.out, m.Channel, m.Subscriptions)
		return engine.NewTopic(newestCount, m.Channel, "", buf.out)
	default:
		buf.out = appendEvent(buf.out, m.Event, m.Channel, borrow.Bytes(m.Data), m.UserID)
		return engine.NewTopic(s.slow.of(m.App, m.Channel), m.Channel, m.Event, buf.out)
	}
}

// Deliver implements channels.Sink. Nothing is done per subscriber here.
func (s *Server) Deliver(loop int, m *channels.Message, encoded any, to []channels.Handle) {
	f := encoded.(*engine.Frame)
	s.cfg.Loop(loop).Broadcast(f, to, m.Except)
	n := len(to)
	if m.Kind == channels.ClientEvent && engine.LoopOf(m.Except) == loop {
		n-- // the sender is on the list
	}
	s.count(loop, m.App, f, n)
}

// count counts a frame that went to n sessions of an app.
func (s *Server) count(loop int, app string, f *engine.Frame, n int) {
	if live, ok := s.cfg.Tenants.Find(app); ok {
		live.On(loop).MessagesOut.Add(uint64(n))
		live.On(loop).BytesOut.Add(uint64(n * f.Len()))
	}
}

// Joined implements channels.Sink: the confirmation leaves in the channel's
// order, before everything that the subscriber gets from it.
func (s *Server) Joined(loop int, sub *channels.Subscription, now *channels.Snapshot) {
	c := s.cfg.Loop(loop).Conn(sub.Handle())
	if c == nil {
		return
	}
	ss, ok := c.Receiver().(*session)
	if !ok {
		return
	}
	if sub.Member() == nil {
		ss.reply(c, ss.home.text(func(dst []byte) []byte { return appendSucceeded(dst, sub.Channel()) }))
	} else {
		ss.welcome(c, sub, now.Members)
	}
	if sub.Active() && names.KindOf(sub.Channel()).Cached() {
		ss.replay(c, sub.Channel(), now.Cached)
	}
}

// welcome confirms a presence subscription.
func (s *session) welcome(c *engine.Conn, sub *channels.Subscription, members channels.Members) {
	buf := buffers.Get().(*buffer)
	defer buffers.put(buf)
	shared, list := buf.presence(s.home.server, sub.Channel(), members)
	size := 0
	for _, part := range list {
		size += len(part)
	}
	if size <= keepScratch {
		s.reply(c, s.home.text(func(dst []byte) []byte { return appendAll(dst, list) }))
		return
	}
	list[0] = slices.Clone(list[0]) // the buffer is used again
	s.send(c, engine.NewTextOf(engine.Protocol, shared, list...))
}

func appendAll(dst []byte, list [][]byte) []byte {
	for _, b := range list {
		dst = append(dst, b...)
	}
	return dst
}

// replay sends what a cache channel keeps, as if it were published now, or tells
// that it keeps nothing.
func (s *session) replay(c *engine.Conn, channel string, kept *channels.Message) {
	if kept == nil {
		s.reply(c, s.home.text(func(dst []byte) []byte { return appendCacheMiss(dst, channel) }))
		return
	}
	s.send(c, kept.Encoded(s.home.server.format, s.home.server).(*engine.Frame))
}

// buffer is what it takes to encode a frame: the frame, JSON that goes into a
// string within it, and parts that are encoded already.
type buffer struct {
	out, inner  []byte
	parts, rest [][]byte
	shared      []*engine.Shared // where parts lie
}

type bufferPool struct{ sync.Pool }

// buffers are used by loops and by whoever publishes.
var buffers = &bufferPool{sync.Pool{New: func() any { return new(buffer) }}}

func (p *bufferPool) put(b *buffer) {
	if cap(b.out)+cap(b.inner) > 2*keepScratch {
		return
	}
	b.out, b.inner = b.out[:0], b.inner[:0]
	clear(b.parts)
	clear(b.rest)
	clear(b.shared)
	p.Put(b)
}
