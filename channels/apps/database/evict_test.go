package database

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"fanfare/channels/apps"
)

func TestMaxApps(t *testing.T) {
	inWorld(t, func(c *Config) { c.MaxApps = 50 }, func(t *testing.T, w *world) {
		for i := range 1000 {
			id := fmt.Sprint("app", i)
			w.table.put(named(id))
			fetched(t, w.FetchByID, id)
			w.expect(t, "key-"+id, apps.Found)
			if n := w.Stats().Apps; n > 50 || w.keys.found.Size() != n || len(w.entries) != n {
				t.Fatalf("%d, %d and %d apps are kept", n, w.keys.found.Size(), len(w.entries))
			}
		}
		w.logged(t, "raise the number of apps to keep", 1)
		if n := w.Stats().Evicted; n != 950 {
			t.Errorf("%d were forgotten", n)
		}
	})
}

// TestEvictIdle: what is asked for stays.
func TestEvictIdle(t *testing.T) {
	inWorld(t, func(c *Config) { c.MaxApps = 8 }, func(t *testing.T, w *world) {
		w.table.put(named("busy"))
		fetched(t, w.FetchByID, "busy")
		for i := range 200 {
			w.expect(t, "key-busy", apps.Found)
			id := fmt.Sprint("idle", i)
			w.table.put(named(id))
			fetched(t, w.FetchByID, id)
			if _, answer := w.ByID("busy"); answer != apps.Found {
				t.Fatalf("forgotten after %d others", i+1)
			}
		}
	})
}

// inUse has a store ask tenants, as a node does.
func inUse(tenants *apps.Tenants) func(id string) bool {
	return func(id string) bool {
		live, met := tenants.Find(id)
		return met && live.Connections() > 0
	}
}

// fill makes some apps known that are in use, and some that are not.
func (w *world) fill(t *testing.T, tenants *apps.Tenants, used, idle int) {
	t.Helper()
	for i := range used + idle {
		id := fmt.Sprint("app", i)
		w.table.put(named(id))
		app := fetched(t, w.FetchByID, id)
		if i < used {
			tenants.Of(app).Acquire(0)
		}
	}
}

// TestInUseStays: whoever has sessions is told of what becomes of their app, also
// when nobody asks for it and many others are asked for.
func TestInUseStays(t *testing.T) {
	tenants := apps.NewTenants(1)
	change := func(c *Config) { c.MaxApps, c.InUse, c.SecretOverlap = 1, inUse(tenants), time.Hour }
	inWorld(t, change, func(t *testing.T, w *world) {
		w.fill(t, tenants, 3, 100)
		w.told = nil
		w.table.put(named("app0").with("enabled", "0"), named("app1").with("secret", "new"))
		w.table.do(func() { delete(w.table.rows, "app2") })
		after(defaultTTL)
		slices.Sort(w.told)
		if want := []string{"app app0>app app0", "app app1>app app1", "app app2><nil>"}; !slices.Equal(w.told, want) {
			t.Errorf("told %v, want %v", w.told, want)
		}
		if app := w.expect(t, "key-app1", apps.Found); app != nil && !slices.ContainsFunc(app.Former, func(f apps.FormerSecret) bool { return f.Secret == "secret-app1" }) {
			t.Error("the secret that was changed verifies no longer")
		}
	})
}

// TestInUseComesOnTop: apps in use take nobody's place, and give theirs back once
// they are not.
func TestInUseComesOnTop(t *testing.T) {
	const most, used = 20, 100
	tenants := apps.NewTenants(1)
	inWorld(t, func(c *Config) { c.MaxApps, c.InUse = most, inUse(tenants) }, func(t *testing.T, w *world) {
		kept := func(want int) {
			t.Helper()
			known, keys, ids := len(w.known()), w.keys.found.Size(), w.Stats().Apps
			if known != want || keys != want || ids != want {
				t.Errorf("%d apps are kept, by %d keys and %d ids; want %d", known, keys, ids, want)
			}
		}
		w.fill(t, tenants, used, 5*most)
		kept(used + most)
		after(2 * defaultTTL)
		kept(used + most)
		for _, id := range w.known() {
			if live, met := tenants.Find(id); met {
				live.Release()
			}
		}
		after(defaultTTL)
		kept(most)
	})
}

// TestInUseCostsLittle: apps that can't be forgotten are not looked at again for
// each one that comes.
func TestInUseCostsLittle(t *testing.T) {
	asked := 0
	use := func(string) bool { asked++; return true }
	inWorld(t, func(c *Config) { c.MaxApps, c.InUse = 10, use }, func(t *testing.T, w *world) {
		w.fill(t, apps.NewTenants(1), 0, 1000)
		if asked > 1000 {
			t.Errorf("asked %d times for 1000 apps", asked)
		}
	})
}

// TestEvictOldest: who came a moment ago, and has no connection yet, goes last.
func TestEvictOldest(t *testing.T) {
	inWorld(t, func(c *Config) { c.MaxApps = 8 }, func(t *testing.T, w *world) {
		for i := range 100 {
			id := fmt.Sprint("app", i)
			w.table.put(named(id))
			fetched(t, w.FetchByID, id)
			known := w.known()
			for j := max(0, i-7); j <= i; j++ {
				if !slices.Contains(known, fmt.Sprint("app", j)) {
					t.Fatalf("app %d is forgotten, and not one from before it: known are %v", j, known)
				}
			}
		}
	})
}

// TestChangedWhileIdle: a new record stands where the one before did.
func TestChangedWhileIdle(t *testing.T) {
	inWorld(t, func(c *Config) { c.MaxApps = 2 }, func(t *testing.T, w *world) {
		w.table.put(named("a"), named("b"), named("c"))
		fetched(t, w.FetchByID, "a")
		fetched(t, w.FetchByID, "b")
		w.table.put(named("a").with("secret", "new"))
		after(defaultTTL)
		fetched(t, w.FetchByID, "c")
		w.expect(t, "key-a", apps.Later)
		w.expect(t, "key-b", apps.Found)
		w.expect(t, "key-c", apps.Found)
	})
}
