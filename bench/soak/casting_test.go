//go:build linux

package main

import (
	"strings"
	"testing"
)

func TestCast(t *testing.T) {
	f := func(connections, least, most int) {
		t.Helper()
		c := assemble(connections, tempo{}, func(name string, of app) string { return name + " " + of.id })
		if c.members < least || c.members > most {
			t.Errorf("%d members for %d connections, want %d to %d", c.members, connections, least, most)
		}
		checkGroups(t, c)
		subscriptions := 0
		for channel, n := range c.occupied() {
			subscriptions += n
			if n == 0 || channel == "" {
				t.Errorf("%q is occupied by %d", channel, n)
			}
		}
		if subscriptions < c.members-c.crowds[leased][0].Count {
			t.Errorf("%d subscriptions of %d members", subscriptions, c.members)
		}
	}
	f(3000, 2950, 3000)
	f(300, 290, 300)
	f(fewest, 40, fewest)
}

// checkGroups looks whether everybody has a number, a way in and an app.
func checkGroups(t *testing.T, c *cast) {
	t.Helper()
	next := 0
	for _, name := range c.order {
		for _, g := range c.crowds[name] {
			if g.First != next || g.Count < 1 || g.Each < 1 || !strings.HasPrefix(g.Name, name+" ") {
				t.Errorf("%+v, want it to begin with number %d", g, next)
			}
			if own := strings.HasSuffix(g.URL, tenant.id); own != (name == leased) || own != g.Silent {
				t.Errorf("%+v is of the wrong app", g)
			}
			next += g.Count
		}
	}
	if next != c.members || len(c.near) == 0 || len(c.far) == 0 || c.rooms == 0 {
		t.Errorf("%d of %d members, %d and %d of them with channels of their own, in %d rooms", next, c.members, len(c.near), len(c.far), c.rooms)
	}
}
