package apps

import (
	"context"
	"sync"
	"time"
)

// Source is a [Store] that tells of changes: when an app is met for the first
// time before is nil, when it is gone now is nil, and in between both have the
// same id. changed is called after the store gives the new answers. It may wait,
// but must not call the Fetch methods.
type Source interface {
	Store
	Subscribe(changed func(before, now *App))
}

// Chain is a [Store] of two: the apps of files, and behind them those of another
// source, such as a database. An app of the second that has the id or the key of
// one of the first does not exist here, by neither name, so that nobody who
// writes into a database takes an app of the files over.
//
// A lookup is one map access for an app of the first, and for others two more
// than the second needs. Nothing is allocated. All goroutines may use a Chain.
type Chain struct {
	// Static.
	first  *Dynamic
	second Source

	// Held while a change is told, so that what was told last is what is in
	// force, whichever of the two it came from. No loop takes it.
	mu      sync.Mutex
	changed func(before, now *App)
}

var _ Source = (*Chain)(nil)

// NewChain puts first in front of second. Both go on being their owner's.
func NewChain(first *Dynamic, second Source) *Chain {
	return &Chain{first: first, second: second}
}

// ByKey implements [Store].
func (c *Chain) ByKey(key string) (*App, Answer) {
	if a, answer := c.first.ByKey(key); answer != Unknown {
		return a, answer
	}
	return c.visible(c.second.ByKey(key))
}

// ByID implements [Store].
func (c *Chain) ByID(id string) (*App, Answer) {
	if a, answer := c.first.ByID(id); answer != Unknown {
		return a, answer
	}
	return c.visible(c.second.ByID(id))
}

// visible is an answer of the second, to those who ask the chain.
func (c *Chain) visible(a *App, answer Answer) (*App, Answer) {
	if answer == Found && c.hides(a) {
		return nil, Unknown
	}
	return a, answer
}

// hides tells whether the first has an app with the id or the key of this one.
func (c *Chain) hides(a *App) bool {
	_, id := c.first.ByID(a.ID)
	_, key := c.first.ByKey(a.Key)
	return id == Found || key == Found
}

// FetchByKey implements [Store]; it waits for the second alone.
func (c *Chain) FetchByKey(ctx context.Context, key string) (*App, error) {
	if a, answer := c.first.ByKey(key); answer == Found {
		return a, nil
	}
	return c.fetched(c.second.FetchByKey(ctx, key))
}

// FetchByID implements [Store], as FetchByKey does.
func (c *Chain) FetchByID(ctx context.Context, id string) (*App, error) {
	if a, answer := c.first.ByID(id); answer == Found {
		return a, nil
	}
	return c.fetched(c.second.FetchByID(ctx, id))
}

func (c *Chain) fetched(a *App, err error) (*App, error) {
	if err == nil && c.hides(a) {
		return nil, ErrUnknown
	}
	return a, err
}

// Subscribe has changed called for the changes of both, as they are to those who
// ask the chain: an app that moves from one to the other has changed, and one that
// gets hidden is gone. It takes the place of the subscribers that both had, and
// of its own. changed is never called twice at a time.
func (c *Chain) Subscribe(changed func(before, now *App)) {
	c.mu.Lock()
	c.changed = changed
	c.mu.Unlock()
	c.first.Subscribe(c.firstChanged)
	c.second.Subscribe(c.secondChanged)
}

// patience is how long a change of the first may wait for the second, to learn
// whether an app that is gone there is found here.
const patience = 5 * time.Second

func (c *Chain) firstChanged(before, now *App) {
	if now == nil {
		// An app that is being moved has not been asked for in the second, which
		// is behind the first. When that can't tell, the app is gone.
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		_, _ = c.second.FetchByID(ctx, before.ID)
		cancel()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case before == nil:
		moved, _ := c.second.ByID(now.ID)
		c.changed(moved, now)
		c.coverLocked(now)
	case now == nil:
		moved, _ := c.visible(c.second.ByID(before.ID))
		c.changed(before, moved)
		c.uncoverLocked(before)
	default:
		c.changed(before, now)
		if before.Key != now.Key {
			c.coverLocked(now)
			c.uncoverLocked(before)
		}
	}
}

// coverLocked tells that an app of the second is gone, because this one of the
// first has its key.
func (c *Chain) coverLocked(by *App) {
	other, answer := c.second.ByKey(by.Key)
	if answer != Found {
		return
	}
	if _, first := c.first.ByID(other.ID); first != Found {
		c.changed(other, nil)
	}
}

// uncoverLocked tells that an app of the second is there, because this one of the
// first no longer has its key.
func (c *Chain) uncoverLocked(by *App) {
	if other, answer := c.visible(c.second.ByKey(by.Key)); answer == Found && other.ID != by.ID {
		c.changed(nil, other)
	}
}

func (c *Chain) secondChanged(before, now *App) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before, now = c.unlessHidden(before), c.unlessHidden(now)
	if before != nil || now != nil {
		c.changed(before, now)
	}
}

func (c *Chain) unlessHidden(a *App) *App {
	if a == nil || c.hides(a) {
		return nil
	}
	return a
}
