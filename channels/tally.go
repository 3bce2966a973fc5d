package channels

import "time"

// A channel of up to tellEach subscriptions tells them each change of their
// number, a larger one at most once in tellPause: the hosted service's figures.
const (
	tellEach  = 100
	tellPause = 5 * time.Second
)

// tally is what a channel knows about telling its subscribers how many they
// are. Guarded by the channel's mu.
type tally struct {
	wanted bool
	listed bool // among the registry's counts
	told   time.Time
}

// countLocked tells the subscribers how many they are now, or has it told later.
func (r *Registry) countLocked(c *channel) {
	if c.extra == nil || !c.extra.tally.wanted {
		return
	}
	t, now := &c.extra.tally, r.now()
	due := t.told.Add(tellPause)
	switch {
	case c.subscribersLocked() <= tellEach || !now.Before(due):
		r.tallyLocked(c, now)
	case !t.listed:
		t.listed = true
		r.counts.add(due, c)
	}
}

// tallyLocked tells the number. No room is needed for it: a number that stays
// wrong would be worse than a mailbox that is a little fuller.
func (r *Registry) tallyLocked(c *channel, now time.Time) {
	n := c.subscribersLocked()
	c.extra.tally.told = now
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
	c.extra.tally.listed = false
	if !c.dead {
		r.tallyLocked(c, now)
	}
}
