package channels

import "strings"

// Stats counts what the registry holds. The figures are read one after the
// other while loops change them.
type Stats struct {
	Channels      int64 // with subscribers
	Subscriptions int64
	Members       int64 // distinct users of each presence channel

	CachedBytes  int64  // that channels keep for those who join later, about
	CacheEvicted uint64 // messages that were kept and had to go before their time
}

// Stats adds the counters of all loops. Any goroutine.
func (r *Registry) Stats() Stats {
	s := Stats{CachedBytes: r.storage.bytes.Load(), CacheEvicted: r.storage.evicted.Load()}
	for i := range r.loops {
		s.Channels += r.loops[i].channels.Load()
		s.Subscriptions += r.loops[i].subscriptions.Load()
		s.Members += r.loops[i].members.Load()
	}
	return s
}

// Subscribers returns the number of subscriptions of a channel; 0 means that
// it is vacated. Any goroutine.
func (r *Registry) Subscribers(app, channel string) int {
	n, _ := r.occupancy(r.find(app, channel))
	return n
}

// Users returns the number of members of a presence channel, and false when
// the channel has none. Any goroutine.
func (r *Registry) Users(app, channel string) (int, bool) {
	_, n := r.occupancy(r.find(app, channel))
	return n, n > 0
}

// Members returns the members of a presence channel. Any goroutine.
func (r *Registry) Members(app, channel string) Members {
	c := r.find(app, channel)
	if c == nil {
		return Members{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.membersLocked()
}

// Each calls fn for every channel of the app that has subscribers and whose
// name begins with the prefix, in no order, until fn returns false. Channels
// that come or go meanwhile may or may not be among them. It walks through the
// channels of all apps: any goroutine may call it, but a loop should not.
func (r *Registry) Each(app, prefix string, fn func(name string, subscribers, users int) bool) {
	for i := range r.shards {
		for _, c := range r.shards[i].All() {
			for ; c != nil; c = c.next.Load() {
				if c.app != app || !strings.HasPrefix(c.name, prefix) {
					continue
				}
				subscribers, users := r.occupancy(c)
				if subscribers > 0 && !fn(c.name, subscribers, users) {
					return
				}
			}
		}
	}
}

// occupancy returns the numbers of subscriptions and members of a channel,
// which may be nil.
func (*Registry) occupancy(c *channel) (subscribers, users int) {
	if c == nil {
		return 0, 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.subscribersLocked(), c.membersLocked().Len()
}
