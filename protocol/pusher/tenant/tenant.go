// Package tenant keeps what a loop needs of an app at hand: its record, its
// counters, and its secret prepared for signatures.
//
// A [Cache] belongs to one loop. A [Tenant] never changes, and what it points
// to may be used by any goroutine, but for the counters, which only its loop
// adds to.
package tenant

import (
	"fanfare/channels/apps"
	"fanfare/protocol/pusher/auth"
)

// Tenant is one app as one loop knows it: the record, and what is prepared
// from it. A changed record gets a new tenant; whoever came in with the old one
// keeps it. Static.
type Tenant struct {
	App      *apps.App
	Live     *apps.Live
	Counters *apps.Counters // the loop's
	Signer   *auth.Signer
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

// Of finds or makes the app's tenant. The cache grows with the apps that were
// met, never with what strangers ask for.
func (c *Cache) Of(app *apps.App) *Tenant {
	if t := c.byID[app.ID]; t != nil && t.App == app {
		return t
	}
	live := c.all.Of(app)
	t := &Tenant{App: app, Live: live, Counters: live.On(c.loop), Signer: auth.NewSigner(app.Key, app.Secret)}
	c.byID[app.ID] = t
	return t
}
