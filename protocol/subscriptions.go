package protocol

import (
	"iter"

	"fanfare/channels"
)

// Subscriptions is what one session is subscribed to. Nearly every session
// has one or a few, so the first takes no memory of its own and a map comes
// with the seventeenth only. Owned by the session's loop. The zero value is
// empty.
type Subscriptions struct {
	one  *channels.Subscription // when it is the only one
	many *many                  // when there are or were several
}

type many struct {
	list  []*channels.Subscription
	index map[string]int32 // channel to its place in list; nil while few
}

const (
	indexAbove = 16 // so many are searched one by one,
	indexBelow = 8  // and again when there are so few
)

// Len counts them.
func (s *Subscriptions) Len() int {
	switch {
	case s.many != nil:
		return len(s.many.list)
	case s.one != nil:
		return 1
	}
	return 0
}

// Get finds the subscription to a channel, or nil. channel may be borrowed.
func (s *Subscriptions) Get(channel string) *channels.Subscription {
	if s.many != nil {
		if i := s.many.find(channel); i >= 0 {
			return s.many.list[i]
		}
		return nil
	}
	if s.one != nil && s.one.Channel() == channel {
		return s.one
	}
	return nil
}

// Add enters a subscription to a channel that is not among them yet.
func (s *Subscriptions) Add(sub *channels.Subscription) {
	switch {
	case s.many != nil:
		s.many.add(sub)
	case s.one == nil:
		s.one = sub
	default:
		s.many = &many{list: []*channels.Subscription{s.one, sub}}
		s.one = nil
	}
}

// Remove takes the subscription to a channel out and returns it, or nil.
func (s *Subscriptions) Remove(channel string) *channels.Subscription {
	if s.many != nil {
		return s.many.remove(channel)
	}
	sub := s.Get(channel)
	if sub != nil {
		s.one = nil
	}
	return sub
}

// All yields them in no order. The set must not be changed meanwhile.
func (s *Subscriptions) All() iter.Seq[*channels.Subscription] {
	return func(yield func(*channels.Subscription) bool) {
		if s.one != nil {
			yield(s.one)
			return
		}
		if s.many == nil {
			return
		}
		for _, sub := range s.many.list {
			if !yield(sub) {
				return
			}
		}
	}
}

func (m *many) find(channel string) int {
	if m.index != nil {
		if i, ok := m.index[channel]; ok {
			return int(i)
		}
		return -1
	}
	for i, sub := range m.list {
		if sub.Channel() == channel {
			return i
		}
	}
	return -1
}

func (m *many) add(sub *channels.Subscription) {
	m.list = append(m.list, sub)
	if m.index != nil {
		m.index[sub.Channel()] = int32(len(m.list) - 1)
		return
	}
	if len(m.list) <= indexAbove {
		return
	}
	m.index = make(map[string]int32, 2*len(m.list))
	for i, sub := range m.list {
		m.index[sub.Channel()] = int32(i)
	}
}

// remove moves the last into the gap.
func (m *many) remove(channel string) *channels.Subscription {
	i := m.find(channel)
	if i < 0 {
		return nil
	}
	sub, last := m.list[i], len(m.list)-1
	m.list[i] = m.list[last]
	m.list[last] = nil
	m.list = m.list[:last]
	if m.index == nil {
		return sub
	}
	delete(m.index, channel)
	if i < last {
		m.index[m.list[i].Channel()] = int32(i)
	}
	if last <= indexBelow {
		m.index = nil
		m.list = append(make([]*channels.Subscription, 0, indexAbove), m.list...)
	}
	return sub
}
