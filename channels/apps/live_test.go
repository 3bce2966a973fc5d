package apps

import (
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"
)

func TestAcquireStopsAtTheLimit(t *testing.T) {
	l := NewTenants(1).Of(Default())
	for i := range 3 {
		if !l.Acquire(3) {
			t.Fatalf("refused at %d", i)
		}
	}
	if l.Acquire(3) {
		t.Error("a fourth fits into three")
	}
	if !l.Acquire(4) || l.Acquire(2) {
		t.Error("the limit is not the one given")
	}
	if !l.Acquire(0) {
		t.Error("0 is no limit")
	}
	for range 5 {
		l.Release()
	}
	if l.Connections() != 0 || l.Totals().Opened != 5 || !l.Acquire(1) {
		t.Errorf("%d open, %d ever", l.Connections(), l.Totals().Opened)
	}
}

// However many come at once, exactly as many get in as fit: none too many, and
// nobody is refused because another attempt is about to fail.
func TestAcquireIsExactUnderContention(t *testing.T) {
	const limit, goroutines, rounds = 3, 8, 2000
	l := NewTenants(1).Of(Default())
	var open, most atomic.Int64
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for range rounds {
				if !l.Acquire(limit) {
					continue
				}
				n := open.Add(1)
				for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				open.Add(-1)
				l.Release()
			}
		})
	}
	wg.Wait()
	if most.Load() > limit || l.Connections() != 0 {
		t.Errorf("%d at once, %d left", most.Load(), l.Connections())
	}
}

func TestReleaseWithoutAcquirePanics(t *testing.T) {
	l := NewTenants(1).Of(Default())
	defer func() {
		if recover() == nil || l.Connections() != 0 {
			t.Errorf("no panic, or %d open", l.Connections())
		}
	}()
	l.Release()
}

func TestTotalsAddLoopsUp(t *testing.T) {
	l := NewTenants(2).Of(Default())
	for loop := range 2 {
		c := l.On(loop)
		c.MessagesIn.Add(1)
		c.MessagesOut.Add(2)
		c.BytesIn.Add(3)
		c.BytesOut.Add(4)
		c.Publishes.Add(5)
		c.ClientEvents.Add(6)
		c.Requests.Add(7)
		c.Subscribes.Add(8)
		c.RequestBytes.Add(9)
		c.AnswerBytes.Add(10)
	}
	l.On(-1).Publishes.Add(100)
	l.On(2).Publishes.Add(1000)
	l.On(99).Publishes.Add(10000)
	l.Acquire(0)
	want := Totals{1, 1, 0, 2, 4, 6, 8, 11110, 12, 14, 16, 18, 20}
	if got := l.Totals(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if l.On(0) == l.On(1) || l.On(0) == l.On(-1) || l.On(-1) != l.On(99) {
		t.Error("loops share counters, or the others do not")
	}
}

// Loops must not slow each other down by counting in one cache line.
func TestCountersFillACacheLine(t *testing.T) {
	if n := unsafe.Sizeof(Counters{}); n%64 != 0 {
		t.Errorf("%d bytes", n)
	}
	for loops := range 70 {
		if at := uintptr(unsafe.Pointer(newLive("1", loops, true).On(0))); at%64 != 0 {
			t.Errorf("%d loops: the first line begins at %#x", loops, at)
		}
	}
}

func TestRefusals(t *testing.T) {
	l := NewTenants(1).Of(Default())
	l.Refuse(RefusedQuota)
	l.Refuse(RefusedOverload)
	l.Refuse(RefusedOverload)
	seen := map[string]bool{}
	for why, n := range l.Refused() {
		want := map[Refusal]uint64{RefusedQuota: 1, RefusedOverload: 2}[why]
		if n != want {
			t.Errorf("%v: %d, want %d", why, n, want)
		}
		if name := why.String(); name == "" || seen[name] {
			t.Errorf("reason %d has no name of its own: %q", why, name)
		}
		seen[why.String()] = true
	}
	if len(seen) != int(refusals) {
		t.Errorf("%d reasons, want %d", len(seen), refusals)
	}
	for range l.Refused() {
		break // must not go on after the caller has had enough
	}
	if refusals.String() != "invalid refusal" {
		t.Error(refusals.String())
	}
}

func TestTenants(t *testing.T) {
	tenants := NewTenants(1)
	if _, ok := tenants.Find("1"); ok {
		t.Error("found before it was met")
	}
	l := tenants.Of(New("1", "k", "s"))
	if l.ID() != "1" || tenants.Of(New("1", "another key", "s")) != l {
		t.Error("a new record of the same app has another live side")
	}
	if tenants.Of(New("2", "k2", "s")) == l {
		t.Error("two apps share one")
	}
	if got, ok := tenants.Find("1"); got != l || !ok {
		t.Error("not found")
	}
	ids := map[string]bool{}
	for id, l := range tenants.All() {
		ids[id] = l.ID() == id
	}
	if len(ids) != 2 || !ids["1"] || !ids["2"] {
		t.Errorf("All = %v", ids)
	}
}

func TestForgetWaitsForConnections(t *testing.T) {
	tenants := NewTenants(1)
	l := tenants.Of(Default())
	l.Acquire(0)
	if tenants.Forget(DefaultID) {
		t.Error("forgotten with a connection open")
	}
	l.Release()
	for _, id := range []string{DefaultID, DefaultID, "never met"} {
		if !tenants.Forget(id) {
			t.Errorf("%s: not forgotten", id)
		}
	}
	if _, ok := tenants.Find(DefaultID); ok {
		t.Error("still there")
	}
}

func TestTenantsMeetOnce(t *testing.T) {
	tenants := NewTenants(1)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 200 {
				tenants.Of(New(strconv.Itoa(i), "k", "s")).On(-1).Requests.Add(1)
			}
		})
	}
	wg.Wait()
	for id, l := range tenants.All() {
		if n := l.Totals().Requests; n != 8 {
			t.Errorf("app %s counted %d of 8", id, n)
		}
	}
}

func BenchmarkTenantsOf(b *testing.B) {
	tenants, a := NewTenants(2), Default()
	b.ReportAllocs()
	for b.Loop() {
		tenants.Of(a).On(0).MessagesIn.Add(1)
	}
}

// A connection that is only reserved has not been opened, and none of the
// counters ever goes back.
func TestReserve(t *testing.T) {
	l := NewTenants(1).Of(Default())
	f := func(want Totals) {
		t.Helper()
		if got := l.Totals(); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	if !l.Reserve(1) || l.Reserve(1) || l.Acquire(1) {
		t.Fatal("one of one was not reserved")
	}
	f(Totals{Connections: 1})
	l.Cancel()
	f(Totals{})
	l.Reserve(1)
	l.Confirm()
	f(Totals{Connections: 1, Opened: 1})
	l.Release()
	f(Totals{Opened: 1, Closed: 1})
}
