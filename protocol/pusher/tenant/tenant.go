// Package tenant keeps what a loop needs of an app at hand: its record, its
// counters, and its secrets prepared for signatures.
//
// A [Cache] and its tenants belong to one loop. [Keys] never change and may be
// used by any goroutine.
package tenant

import (
	"fanfare/channels/apps"
)

// Tenant is one app as one loop knows it: the record, and what is prepared from
// it. When the record is replaced, all who hold the tenant have the new one.
// Owned by the loop.
type Tenant struct {
	App  *apps.App
	Keys *Keys

	// Static.
	Live     *apps.Live
	Counters *apps.Counters // the loop's
}

// Cache holds a loop's tenants.
type Cache struct {
	all  *apps.Tenants
	loop int
	byID map[string]*Tenant
}

// NewCache makes the cache of the loop with that index.
func NewCache(all *apps.Tenants, loop int) *Cache {
	return &Cache{all: all, loop: loop, byID: map[string]*Tenant{}}
}

// Of finds or makes the app's tenant, and sees to it that it has this record.
// The cache grows with the apps that were met, never with what strangers ask
// for.
func (c *Cache) Of(app *apps.App) *Tenant {
	t := c.byID[app.ID]
	switch {
	case t == nil:
		live := c.all.Of(app)
		t = &Tenant{App: app, Keys: NewKeys(app), Live: live, Counters: live.On(c.loop)}
		c.byID[app.ID] = t
	case t.App != app:
		t.App, t.Keys = app, NewKeys(app)
	}
	return t
}

// Find returns the tenant of the app with this id, nil if it was not met.
func (c *Cache) Find(id string) *Tenant { return c.byID[id] }

// Forget drops an app that no longer exists. Who holds the tenant keeps it.
func (c *Cache) Forget(id string) { delete(c.byID, id) }
