package tenant

import (
	"testing"

	"fanfare/channels/apps"
)

func TestCache(t *testing.T) {
	all := apps.NewTenants(2)
	first, second := NewCache(all, 0), NewCache(all, 1)
	app := apps.New("3", "key", "secret")
	a := first.Of(app)
	if a.App != app || a.Live != all.Of(app) || a.Counters != a.Live.On(0) || a.Signer.Key() != "key" {
		t.Errorf("tenant %+v", a)
	}
	if first.Of(app) != a {
		t.Error("the second look made another tenant")
	}
	if b := second.Of(app); b.Live != a.Live || b.Counters != a.Live.On(1) {
		t.Errorf("the other loop has %+v", b)
	}
	changed := apps.New("3", "key", "new secret")
	c := first.Of(changed)
	if c.App != changed || c.Live != a.Live || c.Signer == a.Signer {
		t.Errorf("after a change: %+v", c)
	}
	if a.App != app {
		t.Error("who came in with the old record lost it")
	}
}
