//go:build linux

package crowd

import (
	"encoding/json"

	"github.com/valyala/fastjson"

	"fanfare/bench/soak/account"
)

// hear takes a text frame; the payload is borrowed.
func (m *member) hear(payload []byte) {
	m.heard = m.crowd.loop.Now()
	v, err := m.crowd.parser.ParseBytes(payload)
	if err != nil {
		m.crowd.books.stray(m, "a frame that is no JSON: %v", err)
		return
	}
	event := string(v.GetStringBytes("event"))
	if event == "pusher:pong" {
		m.ponged()
		return
	}
	channel := string(v.GetStringBytes("channel"))
	s := m.subscription(channel)
	if s == nil || s.state == away {
		m.crowd.books.stray(m, "%s came on %q, which is not subscribed to", event, channel)
		return
	}
	if s.state == parting {
		return
	}
	m.onChannel(s, event, v, payload)
}

func (m *member) subscription(channel string) *subscription {
	for _, s := range m.subs {
		if s.channel == channel {
			return s
		}
	}
	return nil
}

func (m *member) onChannel(s *subscription, event string, v *fastjson.Value, payload []byte) {
	data := v.GetStringBytes("data")
	switch event {
	case "pusher_internal:subscription_succeeded":
		m.begin(s, data)
	case "pusher_internal:member_added":
		m.crowd.told(m, s, data, s.roster.Add)
	case "pusher_internal:member_removed":
		m.crowd.told(m, s, data, s.roster.Remove)
	case EventTick:
		m.tick(s, payload)
	case EventSaid:
		m.overhear(s, payload)
	default:
		m.crowd.books.stray(m, "%s came on %s, which nobody sends", event, s.channel)
	}
}

// begin takes a subscription's confirmation.
func (m *member) begin(s *subscription, data []byte) {
	if s.state != asked {
		m.crowd.books.stray(m, "%s was confirmed twice", s.channel)
		return
	}
	var list struct{ Presence struct{ IDs []string } }
	if err := json.Unmarshal(data, &list); err != nil {
		m.crowd.books.stray(m, "%s was confirmed with %.100q: %v", s.channel, data, err)
		return
	}
	s.roster.Begin(list.Presence.IDs)
	m.confirmed(s)
}

// told takes a member_added or member_removed.
func (c *crowd) told(m *member, s *subscription, data []byte, take func(string) error) {
	var who struct {
		ID string `json:"user_id"`
	}
	err := json.Unmarshal(data, &who)
	if err == nil {
		err = take(who.ID)
	}
	if err != nil {
		c.books.presence(m, s.channel, err)
	}
}

// tick takes a published message.
func (m *member) tick(s *subscription, payload []byte) {
	stamp, ok := account.FindStamp(payload)
	if !ok || stamp.Source != s.source || m.group.Silent {
		m.crowd.books.stray(m, "a message of %s came on %s", NameOf(stamp.Source), s.channel)
		return
	}
	if m.crowd.withholds(s) {
		return
	}
	m.tally.latency.Record(Now() - stamp.Sent)
	m.crowd.books.note(m, stamp, s.Receive(stamp))
}

// overhear takes another member's whisper.
func (m *member) overhear(s *subscription, payload []byte) {
	stamp, ok := account.FindStamp(payload)
	if !ok || stamp.Source < whispers || stamp.Source == whispers+m.number {
		m.crowd.books.stray(m, "a whisper of %s came on %s", NameOf(stamp.Source), s.channel)
		return
	}
	h := s.hears[stamp.Source]
	if h == nil {
		if s.hears == nil {
			s.hears = map[int]*account.Stream{}
		}
		h = &account.Stream{}
		h.Join(s.joinedAt)
		s.hears[stamp.Source] = h
	}
	m.tally.Whispers++ // and not timed: its sender may be behind a fault
	found := h.Receive(stamp)
	found.Uncertain = nil // the first ones of a connection: that they come is right
	m.crowd.books.note(m, stamp, found)
}
