package apps

import (
	"context"
	"iter"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Dynamic is a [Store] whose apps are replaced, all at once, while it is in
// use: those of a configuration file. It never says [Later]; a lookup costs
// what one in a [Static] does and sees either all of a replacement or nothing
// of it. All goroutines may use it.
type Dynamic struct {
	// Guarded by mu, which is held until a change has been told, so that changes
	// are told in the order in which they took effect.
	mu      sync.Mutex
	changed func(before, now *App)

	// Atomic, never nil.
	apps atomic.Pointer[Static]
}

var _ Store = (*Dynamic)(nil)

// Change is what a replacement did to one app. Before is nil for a new one, Now
// for one that is gone. Where both are there, id and perhaps more are equal.
type Change struct{ Before, Now *App }

// NewDynamic returns a store of these apps, under the conditions of
// [NewStatic]. Former secrets whose time is over are left out.
func NewDynamic(list ...*App) (*Dynamic, error) {
	d := &Dynamic{}
	d.apps.Store(&Static{})
	if _, err := d.Replace(0, list...); err != nil {
		return nil, err
	}
	return d, nil
}

// Subscribe has changed called for every [Change] from now on, by the goroutine
// that replaces and after the store gives the new answers. It may wait, but
// must not replace. There is one subscriber: a second call takes the place of
// the first.
func (d *Dynamic) Subscribe(changed func(before, now *App)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.changed = changed
}

// Replace makes these the store's apps and returns what that changed: first the
// apps that are there, in their order, then those that are gone. When anything
// is wrong with them, as [NewStatic] sees it, nothing changes.
//
// A record that is equal to the one before keeps its pointer. A secret that was
// replaced verifies for overlap longer: see [App.InheritSecrets].
func (d *Dynamic) Replace(overlap time.Duration, list ...*App) ([]Change, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	before, moment := d.apps.Load(), time.Now()
	next := make([]*App, len(list))
	for i, a := range list {
		next[i] = a.clone()
		next[i].InheritSecrets(before.byID[a.ID], moment, overlap)
	}
	now, err := newStatic(next)
	if err != nil {
		return nil, err
	}
	now.keep(before, moment)
	d.apps.Store(now)
	changes := changesBetween(before, now)
	if d.changed != nil {
		for _, c := range changes {
			d.changed(c.Before, c.Now)
		}
	}
	return changes, nil
}

// keep puts the records that nothing happened to back in the place of their
// copies, so that whoever compares pointers sees no change.
func (s *Static) keep(before *Static, moment time.Time) {
	for i, a := range s.list {
		if old := before.byID[a.ID]; old != nil && a.equal(old, moment) {
			s.list[i], s.byID[a.ID], s.byKey[a.Key] = old, old, old
		}
	}
}

// equal leaves aside former secrets that no longer verify: that their time is
// over changes nothing that is worth telling.
func (a *App) equal(old *App, moment time.Time) bool {
	b := *old
	b.Former = unexpired(old.Former, moment)
	return reflect.DeepEqual(*a, b)
}

func changesBetween(before, now *Static) []Change {
	var list []Change
	for _, a := range now.list {
		if old := before.byID[a.ID]; old != a {
			list = append(list, Change{Before: old, Now: a})
		}
	}
	for _, old := range before.list {
		if now.byID[old.ID] == nil {
			list = append(list, Change{Before: old})
		}
	}
	return list
}

// ByKey implements [Store].
func (d *Dynamic) ByKey(key string) (*App, Answer) { return d.apps.Load().ByKey(key) }

// ByID implements [Store].
func (d *Dynamic) ByID(id string) (*App, Answer) { return d.apps.Load().ByID(id) }

// ByKeyBytes is ByKey for a key that lies in a read buffer; nothing is copied.
func (d *Dynamic) ByKeyBytes(key []byte) (*App, Answer) { return d.apps.Load().ByKeyBytes(key) }

// ByIDBytes is ByID for an id that lies in a read buffer; nothing is copied.
func (d *Dynamic) ByIDBytes(id []byte) (*App, Answer) { return d.apps.Load().ByIDBytes(id) }

// FetchByKey implements [Store]; it does not wait.
func (d *Dynamic) FetchByKey(ctx context.Context, key string) (*App, error) {
	return d.apps.Load().FetchByKey(ctx, key)
}

// FetchByID implements [Store]; it does not wait.
func (d *Dynamic) FetchByID(ctx context.Context, id string) (*App, error) {
	return d.apps.Load().FetchByID(ctx, id)
}

// All yields the apps of one moment, in their order.
func (d *Dynamic) All() iter.Seq[*App] { return slices.Values(d.apps.Load().list) }

// Len returns how many apps there are now.
func (d *Dynamic) Len() int { return d.apps.Load().Len() }
