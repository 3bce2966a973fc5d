package pusher

import (
	"fmt"

	"github.com/valyala/fastjson"

	"fanfare/channels"
	"fanfare/channels/apps"
	"fanfare/engine"
	"fanfare/protocol/borrow"
	"fanfare/protocol/pusher/names"
)

// clientEvent relays an event to the channel's other subscribers. What goes
// out is built from event, channel and data alone, with the sender's identity
// from its own membership: nothing else that a sender writes gets through.
func (s *session) clientEvent(c *engine.Conn, cmd *command) {
	sub, ok := s.mayRelay(c, cmd)
	if !ok {
		return
	}
	data := s.home.payload(cmd.data)
	if limit := s.tenant.App.Limits.ClientEventData; len(data) > limit {
		s.fail(c, apps.RefusedSize, fmt.Sprintf("Client event rejected: its data has %d bytes, and at most %d bytes are allowed", len(data), limit))
		return
	}
	if perSecond := s.tenant.App.Limits.ClientEventsPerSecond; perSecond > 0 && !s.Rate.Take(s.now(), perSecond) {
		s.failCode(c, codeClientEvents, apps.RefusedRate, fmt.Sprintf("Client event rejected: at most %d per second are relayed for a connection", perSecond))
		return
	}
	s.relay(c, sub, cmd.event, data)
}

// mayRelay judges everything but data and rate.
func (s *session) mayRelay(c *engine.Conn, cmd *command) (*channels.Subscription, bool) {
	if !s.tenant.App.ClientEvents {
		s.fail(c, apps.RefusedNotPermitted, "Client event rejected: client events are not enabled for this app")
		return nil, false
	}
	if !names.KindOf(cmd.channel).AllowsClientEvents() {
		s.fail(c, apps.RefusedNotPermitted, "Client event rejected: only supported on private and presence channels, not on "+clip(cmd.channel))
		return nil, false
	}
	if err := names.CheckEvent(cmd.event, s.tenant.App.Limits.EventName); err != nil {
		s.fail(c, apps.RefusedName, "Client event rejected: "+err.Error())
		return nil, false
	}
	sub := s.Subs.Get(cmd.channel)
	if sub == nil {
		s.fail(c, apps.RefusedMembership, textNotMember(cmd.channel))
		return nil, false
	}
	return sub, true
}

func (s *session) relay(c *engine.Conn, sub *channels.Subscription, event string, data []byte) {
	event, text, _ := borrow.Keep(event, borrow.String(data), "")
	m := &channels.Message{
		App:     s.tenant.App.ID,
		Channel: sub.Channel(),
		Kind:    channels.ClientEvent,
		Event:   event,
		Data:    text,
		Except:  s.Handle,
	}
	if member := sub.Member(); member != nil {
		m.UserID = member.UserID
	}
	s.home.server.registry.Publish(m, s.relayed(c, m))
}

// relayed counts the event, or tells the sender that it went to nobody. A
// cluster may answer later and elsewhere, so only the handle is taken along.
func (s *session) relayed(c *engine.Conn, m *channels.Message) func(error) {
	l, h, report := c.Loop(), s.Handle, s.report(m)
	return func(err error) {
		if err == nil {
			s.tenant.Counters.ClientEvents.Add(1)
			report()
			return
		}
		l.Post(engine.TaskFunc(func(l *engine.Loop) {
			if c := l.Conn(h); c != nil {
				s.fail(c, apps.RefusedOverload, "Client event dropped: the server is overloaded and nobody got it; send it again later")
			}
		}))
	}
}

// report gives what tells webhooks of a client's event.
func (s *session) report(m *channels.Message) func() {
	tell := s.home.server.cfg.ClientEvent
	if tell == nil || len(s.tenant.App.Webhooks) == 0 {
		return func() {}
	}
	e := ClientEvent{App: m.App, Channel: m.Channel, Event: m.Event, Data: m.Data, SocketID: s.ID.String(), UserID: m.UserID}
	return func() { tell(e) }
}

// payload gives data as the string that subscribers get: a string is that
// string, anything else its JSON text without white space, nothing is {}. It
// is borrowed until the loop's next payload or message.
func (h *home) payload(v *fastjson.Value) []byte {
	switch {
	case v == nil:
		return emptyObject
	case v.Type() == fastjson.TypeString:
		return v.GetStringBytes()
	}
	b := v.MarshalTo(h.inner[:0])
	if cap(b) <= keepScratch {
		h.inner = b
	}
	return b
}

var emptyObject = []byte("{}")
