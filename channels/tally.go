package channels

import "time"

// A channel of up to tellEach subscriptions tells them each change of their
// number, a larger one at most once in tellPause: the hosted service's figures.
// So that nobody makes a hundred others read by coming and going, a small one
// that has told tellEach changes tells ten more each second, and then the last.
const (
	tellEach  = 100
	tellPause = 5 * time.Second
	tellEvery = 100 * time.Millisecond
)

// tally is what a channel knows about telling its subscribers how many they
// are. Guarded by the channel's mu.
type tally struct {
	wanted bool
	listed bool // among the registry's counts
	last   int  // that was told
	told   time.Time
	rested time.Time // when as many changes may be told again as there may be
}

// countLocked tells the subscribers how many they are now, or has it told later.
func (r *Registry) countLocked(c *channel) {
	if c.extra == nil || !c.extra.tally.wanted {
		return
	}
	t, now := &c.extra.tally, r.now()
	if due := t.due(c.subscribersLocked(), now); due.After(now) {
		r.tallyLater(c, due)
		return
	}
	r.tallyLocked(c, now)
}

// due is when the next change of the number may be told.
func (t *tally) due(n int, now time.Time) time.Time {
	if n > tellEach {
		return t.told.Add(tellPause)
	}
	if t.rested.Before(now) {
		t.rested = now
	}
	return t.rested.Add(tellEvery - tellEach*tellEvery)
}

func (r *Registry) tallyLater(c *channel, due time.Time) {
	if t := &c.extra.tally; !t.listed {
		t.listed = true
		r.counts.add(due, c)
	}
}

// tallyLocked tells the number. No room is needed for it: a number that stays
// wrong would be worse than a mailbox that is a little fuller.
func (r *Registry) tallyLocked(c *channel, now time.Time) {
	t, n := &c.extra.tally, c.subscribersLocked()
	t.told, t.last, t.rested = now, n, t.rested.Add(tellEvery)
	r.tell(Occasion{Kind: Counted, App: c.app, Channel: c.name, Count: n})
	if n == 0 {
		return
	}
	m := &Message{App: c.app, Channel: c.name, Kind: Count, Subscriptions: n}
	m.prepare(len(r.sinks))
	r.postLocked(c, m, 0)
}

// tallyDue tells the numbers that were put off.
func (r *Registry) tallyDue(now time.Time) {
	for e, ok := r.counts.take(now); ok; e, ok = r.counts.take(now) {
		r.tallyOne(e.channel, now)
	}
}

func (r *Registry) tallyOne(c *channel, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &c.extra.tally
	t.listed = false
	if !c.dead && t.wanted && t.last != c.subscribersLocked() {
		r.tallyLocked(c, now)
	}
}

// SetCounts has the subscription's channel tell its subscribers how many they
// are, or not, from now on. Call it on the subscription's loop.
func (r *Registry) SetCounts(s *Subscription, on bool) {
	r.check(s.list.place.Loop)
	c := s.list.channel
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead || !on && c.extra == nil {
		return
	}
	if t := &c.extraLocked().tally; t.wanted != on {
		t.wanted = on
		r.countLocked(c)
	}
}
