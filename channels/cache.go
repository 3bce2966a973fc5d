package channels

import (
	"sync/atomic"
	"time"
)

// cache is the last message that a channel keeps for those who join later.
// Guarded by the channel's mu.
type cache struct {
	message *Message
	expires time.Time
	listed  bool // among the registry's expiries
}

// storage is what all channels keep together. Expiries are when messages
// expire that are kept: an entry may come too early, because who keeps a newer
// message doesn't look for the entry. Then it is put off.
type storage struct {
	limit    int64 // bytes, about; 0 is none
	bytes    atomic.Int64
	evicted  atomic.Uint64
	expiries agenda
}

// Cached is a message that a channel keeps, and for how long it will.
type Cached struct {
	Message *Message // shared: it must not be changed; nil when there is none
	TTL     time.Duration
}

// Cached returns what a channel keeps. Any goroutine.
func (r *Registry) Cached(app, channel string) Cached {
	c := r.find(app, channel)
	if c == nil {
		return Cached{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cachedLocked(r.now())
}

// cachedLocked returns what the channel keeps and has not expired.
func (c *channel) cachedLocked(now time.Time) Cached {
	if c.extra == nil || c.extra.cache.message == nil || !now.Before(c.extra.cache.expires) {
		return Cached{}
	}
	return Cached{Message: c.extra.cache.message, TTL: c.extra.cache.expires.Sub(now)}
}

// keepLocked keeps the message, instead of the one before.
func (r *Registry) keepLocked(c *channel, m *Message) {
	now := r.now()
	was := c.cachedLocked(now)
	r.keepUntilLocked(c, m, now.Add(m.Retain))
	if was.Message == nil {
		r.tell(Occasion{Kind: CacheFilled, App: c.app, Channel: c.name})
	}
}

// keepUntilLocked keeps the message without a word.
func (r *Registry) keepUntilLocked(c *channel, m *Message, expires time.Time) {
	k := &c.extraLocked().cache
	r.storage.bytes.Add(keeping(m) - keeping(k.message))
	k.message, k.expires = m, expires
	if !k.listed {
		k.listed = true
		r.storage.expiries.add(k.expires, c)
	}
}

// keeping is what it takes to keep a message, with its encoding.
func keeping(m *Message) int64 {
	if m == nil {
		return 0
	}
	return m.weight
}

// weigh estimates what it takes to keep the message. An encoding may write some
// characters as six.
func (m *Message) weigh() {
	m.weight = 2 * int64(m.Cost())
	for i := range len(m.Data) {
		switch c := m.Data[i]; {
		case c < ' ':
			m.weight += 5
		case c == '"' || c == '\\':
			m.weight++
		}
	}
}

// expire drops messages whose time has come.
func (r *Registry) expire(now time.Time) {
	for {
		e, ok := r.storage.expiries.take(now)
		if !ok {
			return
		}
		r.release(e.channel, now)
	}
}

// makeRoom drops messages, those first that would expire first, until all that
// are kept are within the limit.
func (r *Registry) makeRoom() {
	s := &r.storage
	for s.limit > 0 && s.bytes.Load() > s.limit {
		e, ok := s.expiries.soonest()
		if !ok {
			return
		}
		if r.release(e.channel, e.due) {
			s.evicted.Add(1)
		}
	}
}

// release has a channel drop what it keeps, if that expires by then, and else
// puts it off.
func (r *Registry) release(c *channel, by time.Time) (dropped bool) {
	c.mu.Lock()
	k := &c.extra.cache
	expired := !by.Before(k.expires)
	if dropped = expired && k.message != nil; expired {
		r.storage.bytes.Add(-keeping(k.message))
		*k = cache{}
		c.dead = c.idleLocked()
	} else {
		r.storage.expiries.add(k.expires, c)
	}
	dead := c.dead
	c.mu.Unlock()
	if dead {
		r.remove(c)
	}
	return dropped
}

// Drop empties what the channels of an app keep, so that nobody finds it who
// makes an app of the same id. Any goroutine but a loop: it walks through the
// channels of all apps.
func (r *Registry) Drop(app string) {
	for i := range r.shards {
		for _, c := range r.shards[i].All() {
			for ; c != nil; c = c.next.Load() {
				if c.app == app {
					r.drop(c)
				}
			}
		}
	}
}

func (r *Registry) drop(c *channel) {
	c.mu.Lock()
	if c.extra != nil && c.extra.cache.message != nil {
		k := &c.extra.cache
		r.storage.bytes.Add(-keeping(k.message))
		k.message, k.expires = nil, time.Time{} // its entry among the expiries comes to nothing
		c.dead = c.idleLocked()
	}
	dead := c.dead
	c.mu.Unlock()
	if dead {
		r.remove(c)
	}
}
