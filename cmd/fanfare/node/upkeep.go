//go:build unix

package node

import (
	"sync"
	"time"

	"fanfare/channels/apps"
)

// upkeep is what a node has to do now and then, on a goroutine of its own.
type upkeep struct {
	quit chan struct{}
	done sync.WaitGroup
}

// startUpkeep calls the functions one after the other, every second.
func startUpkeep(all ...func()) *upkeep {
	u := &upkeep{quit: make(chan struct{})}
	u.done.Go(func() { u.run(all) })
	return u
}

func (u *upkeep) run(all []func()) {
	every := time.NewTicker(time.Second)
	defer every.Stop()
	for {
		select {
		case <-u.quit:
			return
		case <-every.C:
		}
		for _, f := range all {
			f()
		}
	}
}

func (m *Main) startUpkeep() { m.upkeep = startUpkeep(m.registry.Tick, m.forget) }

// stop returns when nothing of it runs any more. Nil has nothing to stop.
func (u *upkeep) stop() {
	if u == nil {
		return
	}
	close(u.quit)
	u.done.Wait()
}

// changed has what is made of an app's record follow a change, also where before
// is nil: an app that was pushed out of the store may have got sessions meanwhile. The
// connections of an app that is gone or disabled are closed.
func (m *Main) changed(before, now *apps.App) {
	m.changing.RLock()
	defer m.changing.RUnlock()
	if now == nil {
		m.gone.add(before.ID)
		m.pusher.Changed(before.ID, before, nil)
		m.api.Changed(before.ID)
		return
	}
	m.gone.remove(now.ID)
	m.pusher.Changed(now.ID, before, now)
}

// departed are the ids of apps that are gone, and whose counters are still there.
// The stores are not asked whether they are: a database would take that for
// interest in the app.
type departed struct {
	mu  sync.Mutex
	ids map[string]struct{}
}

func (d *departed) add(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ids == nil {
		d.ids = make(map[string]struct{})
	}
	d.ids[id] = struct{}{}
}

func (d *departed) remove(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.ids, id)
}

// forget drops the counters of apps that are gone once their last connection is.
// Whoever was served meanwhile with an old record may bring them back: they are
// forgotten for good when they have stayed away from one call to the next.
func (d *departed) forget(tenants *apps.Tenants) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for id := range d.ids {
		if _, there := tenants.Find(id); !there {
			delete(d.ids, id)
			continue
		}
		tenants.Forget(id)
	}
}

func (m *Main) forget() { m.gone.forget(m.tenants) }
