package channels

import "time"

// AppState is what the channels of one app hold beside their subscribers, written
// down for another process. It travels by encoding/gob, as all that is in it:
// fields keep their names and meanings, and zero is as before they existed.
type AppState struct {
	App      string
	Channels []ChannelState
}

// ChannelState is what one channel holds. It travels.
type ChannelState struct {
	Name    string
	Serial  uint64        // of the last message
	Members []Member      // of a presence channel, in the order in which they joined
	Cached  *CachedState  // nil when the channel keeps nothing
	Counted *CountedState // nil when nobody is told how many there are
}

// CachedState is the message that a channel keeps. It travels.
type CachedState struct {
	Kind   Kind
	Event  string
	Data   string
	UserID string
	Serial uint64
	Retain time.Duration
	Left   time.Duration // until it expires
}

// CountedState is what a channel's subscribers know of their number. It travels.
type CountedState struct {
	Last  int           // that was told
	Pause time.Duration // until a large channel may tell a change
	Debt  time.Duration // until as many changes may be told again as there may be
}

// Export writes down what channels hold beside their subscribers: those of one of
// several parts, from 0, so that each may be written down by another goroutine.
// A channel that has nothing to say isn't among them. The loops must be still,
// and nobody may publish or call Tick meanwhile and until the other process goes on.
func (r *Registry) Export(part, parts int) []AppState {
	var (
		all []AppState
		at  = map[string]int{}
		now = r.now()
	)
	for i := part; i < len(r.shards); i += parts {
		for _, c := range r.shards[i].All() {
			for ; c != nil; c = c.next.Load() {
				s, ok := c.export(now)
				if !ok {
					continue
				}
				j, known := at[c.app]
				if !known {
					j = len(all)
					at[c.app], all = j, append(all, AppState{App: c.app})
				}
				all[j].Channels = append(all[j].Channels, s)
			}
		}
	}
	return all
}

// export reports false when there is nothing to say.
func (c *channel) export(now time.Time) (ChannelState, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := ChannelState{Name: c.name, Serial: c.serial}
	if x := c.extra; x != nil {
		s.Members = x.presence.members.list()
		s.Cached = c.cachedLocked(now).state()
		s.Counted = x.tally.state(now)
	}
	return s, s.Serial > 0 || s.Members != nil || s.Cached != nil || s.Counted != nil
}

// list returns the members one by one, nil when there are none.
func (m Members) list() []Member {
	if m.n == 0 {
		return nil
	}
	list := make([]Member, 0, m.n)
	for member := range m.All() {
		list = append(list, *member)
	}
	return list
}

func (k Cached) state() *CachedState {
	m := k.Message
	if m == nil {
		return nil
	}
	return &CachedState{
		Kind: m.Kind, Event: m.Event, Data: m.Data, UserID: m.UserID,
		Serial: m.Serial, Retain: m.Retain, Left: k.TTL,
	}
}

func (t *tally) state(now time.Time) *CountedState {
	if !t.wanted {
		return nil
	}
	return &CountedState{
		Last:  t.last,
		Pause: max(t.told.Add(tellPause).Sub(now), 0),
		Debt:  max(t.rested.Sub(now), 0),
	}
}

// Import takes up what Export wrote down, in this process or another. It is
// called before the subscribers return, in several goroutines if need be, while
// nobody publishes or calls Tick.
func (r *Registry) Import(all []AppState) {
	now := r.now()
	for i := range all {
		for j := range all[i].Channels {
			s := &all[i].Channels[j]
			r.take(r.obtain(all[i].App, s.Name), s, now)
		}
	}
}

// take has a channel hold what another held.
func (r *Registry) take(c *channel, s *ChannelState, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.serial = max(c.serial, s.Serial)
	if len(s.Members) > 0 {
		r.expectLocked(c, s.Members)
	}
	if s.Cached != nil {
		r.storeLocked(c, s.Cached.message(c), now.Add(s.Cached.Left))
	}
	if k := s.Counted; k != nil {
		t := &c.extraLocked().tally
		t.wanted, t.last = true, k.Last
		t.told, t.rested = now.Add(k.Pause-tellPause), now.Add(k.Debt)
	}
}

// expectLocked gives members their seats, in which they have no connection yet.
func (r *Registry) expectLocked(c *channel, members []Member) {
	p := &c.extraLocked().presence
	p.formats = len(r.sinks)
	for _, m := range members {
		if p.find(m.UserID) < 0 {
			p.enter(&m)
			p.seats[len(p.seats)-1].connections = 0
		}
	}
}

func (s *CachedState) message(c *channel) *Message {
	return &Message{
		App: c.app, Channel: c.name, Kind: s.Kind, Event: s.Event, Data: s.Data, UserID: s.UserID,
		Serial: s.Serial, Retain: s.Retain,
	}
}

// storeLocked has the channel keep a message that was kept before.
func (r *Registry) storeLocked(c *channel, m *Message, expires time.Time) {
	m.prepare(len(r.sinks))
	m.weigh()
	r.keepUntilLocked(c, m, expires)
}
