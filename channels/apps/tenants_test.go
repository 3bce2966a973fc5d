package apps

import (
	"fmt"
	"sync"
	"testing"
)

// The first apps have names in metrics; the others are summed, and the sum never
// goes back, whoever is forgotten.
func TestOthers(t *testing.T) {
	tenants := NewTenants(1)
	tenants.Name(2)
	f := func(id string, named bool) *Live {
		t.Helper()
		l := tenants.Of(New(id, id+"-key", "s"))
		if l.Named() != named {
			t.Errorf("%s: named is %v", id, l.Named())
		}
		return l
	}
	f(Other, false).On(0).Publishes.Add(1)
	f("a", true).On(0).Publishes.Add(10)
	f("b", true).On(0).Publishes.Add(100)
	f("c", false).On(0).Publishes.Add(1000)
	f("d", false).Refuse(RefusedRate)
	others := func(apps int, publishes uint64) {
		t.Helper()
		got := tenants.Others()
		if got.Apps != apps || got.Totals.Publishes != publishes || got.Refused[RefusedRate] != 1 {
			t.Errorf("got %d apps, %+v, %v", got.Apps, got.Totals, got.Refused)
		}
	}
	others(3, 1001)
	tenants.Forget("c")
	tenants.Forget("d")
	others(1, 1001)
	f("c", false).On(0).Publishes.Add(1)
	others(2, 1002)
	tenants.Forget("a")
	others(2, 1002)
	f("c", false) // still among the others
	f("e", true)
	f("a", false)
}

// Apps come and are forgotten while metrics are read.
func TestOthersNeverGoBack(t *testing.T) {
	tenants := NewTenants(1)
	tenants.Name(3)
	var coming sync.WaitGroup
	for g := range 4 {
		coming.Go(func() {
			for i := range 2000 {
				id := fmt.Sprint((i*7 + g) % 20)
				tenants.Of(New(id, id+"-key", "s")).On(0).Publishes.Add(1)
				if i%3 == 0 {
					tenants.Forget(id)
				}
			}
		})
	}
	end := make(chan struct{})
	go func() { coming.Wait(); close(end) }()
	last := uint64(0)
	for going := true; going; {
		select {
		case <-end:
			going = false
		default:
		}
		n := tenants.Others().Totals.Publishes
		if n < last {
			t.Fatalf("%d after %d", n, last)
		}
		last = n
	}
	if named := tenants.named.Load(); named < 0 || named > 3 {
		t.Errorf("%d names are taken", named)
	}
}
