package channels

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// channel is one room of one app. It is made small: a million of them, each
// with one subscriber, is a usual night.
type channel struct {
	// Static after construction.
	app, name string

	// Guarded by the registry's map lock for writing, read without one.
	next atomic.Pointer[channel]

	// Guarded by mu for writing, read without it: the wire formats in use, a
	// bit each. A publisher takes it as a hint what to encode before it locks.
	formats atomic.Uint32

	// dead is set when the channel has left the registry, or is about to. It
	// is never taken back: who still holds the channel looks it up anew.
	// Guarded by mu.
	dead bool

	mu     sync.Mutex
	serial uint64  // Guarded by mu. Of the last message.
	places []stand // Guarded by mu. Where subscribers are, ordered by place.
	extra  *extra  // Guarded by mu. Nil while nothing is in it.
}

// extra is what only some channels have. Guarded by the channel's mu.
type extra struct {
	presence presence
	cache    cache
	tally    tally
}

// stand is a place with subscribers and how many there are, those included
// whose marker is still on its way.
type stand struct {
	list  *list
	place Place
	count int32
}

// newChannel returns an empty channel. The name is copied: a subscriber may
// have it from a buffer that is used again.
func newChannel(app, name string) *channel {
	return &channel{app: app, name: strings.Clone(name)}
}

// find returns the channel of that name in the chain that begins here, or nil.
// The chain may be empty.
func (c *channel) find(app, name string) *channel {
	for ; c != nil; c = c.next.Load() {
		if c.name == name && c.app == app {
			return c
		}
	}
	return nil
}

// unlink takes the victim out of the chain that begins here with another
// channel, if it is there.
func (c *channel) unlink(victim *channel) {
	for ; c != nil; c = c.next.Load() {
		if c.next.Load() == victim {
			c.next.Store(victim.next.Load())
			return
		}
	}
}

// extraLocked makes room for what only some channels have.
func (c *channel) extraLocked() *extra {
	if c.extra == nil {
		c.extra = &extra{}
	}
	return c.extra
}

// idleLocked reports whether nothing keeps the channel in the registry. What
// is to outlive the subscribers says so here.
func (c *channel) idleLocked() bool {
	return len(c.places) == 0 && (c.extra == nil || c.extra.cache.message == nil)
}

// subscribersLocked returns the number of subscriptions.
func (c *channel) subscribersLocked() int {
	n := 0
	for i := range c.places {
		n += int(c.places[i].count)
	}
	return n
}

// membersLocked returns the members of this moment.
func (c *channel) membersLocked() Members {
	if c.extra == nil {
		return Members{}
	}
	return c.extra.presence.members
}

// occupyLocked counts one more subscriber at the place and returns the list
// that it will be on.
func (c *channel) occupyLocked(p Place) *list {
	i, ok := c.searchLocked(p)
	if !ok {
		c.places = slices.Insert(c.places, i, stand{list: &list{channel: c, place: p}, place: p})
		c.formats.Store(c.formats.Load() | 1<<p.Format)
	}
	c.places[i].count++
	return c.places[i].list
}

// vacateLocked counts one subscriber less at the place. A list that is not
// needed any more is dropped and never used again: the loop may still have
// messages for it, which then find nobody, while the place's next subscriber
// gets a fresh list that those messages know nothing of.
func (c *channel) vacateLocked(p Place) {
	i, _ := c.searchLocked(p)
	if c.places[i].count--; c.places[i].count > 0 {
		return
	}
	c.places = shrink(slices.Delete(c.places, i, i+1))
	var formats uint32
	for i := range c.places {
		formats |= 1 << c.places[i].place.Format
	}
	c.formats.Store(formats)
}

// searchLocked returns where the place is among the places, or belongs.
func (c *channel) searchLocked(p Place) (int, bool) {
	for i := range c.places {
		if at := c.places[i].place; !at.before(p) {
			return i, at == p
		}
	}
	return len(c.places), false
}

// leadsLocked reports whether the i-th place is the first of its loop. Room is
// reserved once per loop, however many formats its subscribers use.
func (c *channel) leadsLocked(i int) bool {
	return i == 0 || c.places[i-1].place.Loop != c.places[i].place.Loop
}

// useLocked takes the cost out of the room reserved on the channel's loops.
func (c *channel) useLocked(room []int, cost int) {
	for i := range c.places {
		if c.leadsLocked(i) {
			room[c.places[i].place.Loop] -= cost
		}
	}
}
