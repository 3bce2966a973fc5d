package apps

import (
	"iter"
	"math"
	"sync"
	"sync/atomic"

	"github.com/puzpuzpuz/xsync/v4"
)

// Other is the id under which metrics show all apps together that have no place
// of their own there. An app of this id is among them.
const Other = "other"

// Tenants holds the [Live] side of every app that has been met, by app id.
// Reading takes no lock. An entry can only be made from an [App], so that what
// strangers write into URLs never makes it grow.
type Tenants struct {
	loops int
	m     *xsync.Map[string, *Live]
	most  int64        // apps that metrics may name
	named atomic.Int64 // that they do name

	mu        sync.Mutex // never taken under the map's own locks
	forgotten Aggregates // apps without a name; guarded by mu
}

// Aggregates are the sums of some apps' counters.
type Aggregates struct {
	Apps    int // how many there are now
	Totals  Totals
	Refused [refusals]uint64
}

// NewTenants returns an empty set for a node with that many loops. All apps are
// named, until Name says otherwise.
func NewTenants(loops int) *Tenants {
	return &Tenants{loops: max(loops, 0), most: math.MaxInt64, m: xsync.NewMap[string, *Live]()}
}

// Name bounds how many apps metrics may show by their ids: the first that are
// met, and whoever comes when one of those is forgotten. Call it before any is met.
func (t *Tenants) Name(most int) { t.most = int64(most) }

// Of returns the live side of an app, always the same one for the same id,
// however often the record was replaced.
func (t *Tenants) Of(a *App) *Live {
	if l, ok := t.m.Load(a.ID); ok {
		return l
	}
	l, _ := t.m.LoadOrCompute(a.ID, func() (*Live, bool) {
		return newLive(a.ID, t.loops, t.name(a.ID)), false
	})
	return l
}

// name takes a place for a newcomer. Who got none never gets one later: what the
// others amount to would go back by its counters.
func (t *Tenants) name(id string) bool {
	if id == Other {
		return false
	}
	if t.named.Add(1) > t.most {
		t.named.Add(-1)
		return false
	}
	return true
}

// Find returns the live side of the app with this id, if it has been met.
func (t *Tenants) Find(id string) (*Live, bool) { return t.m.Load(id) }

// All yields every app that has been met, in no order.
func (t *Tenants) All() iter.Seq2[string, *Live] { return t.m.All() }

// Others adds up the apps without a name, those included that were forgotten, so
// that no counter ever goes back.
func (t *Tenants) Others() Aggregates {
	t.mu.Lock()
	defer t.mu.Unlock()
	sum := t.forgotten
	for _, l := range t.m.All() {
		if !l.named {
			sum.add(l)
			sum.Apps++
		}
	}
	return sum
}

func (a *Aggregates) add(l *Live) {
	totals := l.Totals()
	a.Totals.Add(&totals)
	for why, n := range l.Refused() {
		a.Refused[why] += n
	}
}

// Forget drops an app that no longer exists, with its counters, and reports
// whether it is gone. While connections are open nothing happens: call again
// after closing them.
func (t *Tenants) Forget(id string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, left := t.m.Compute(id, func(l *Live, loaded bool) (*Live, xsync.ComputeOp) {
		if loaded && l.Connections() > 0 {
			return l, xsync.CancelOp
		}
		if loaded {
			t.leaveLocked(l)
		}
		return nil, xsync.DeleteOp
	})
	return !left
}

func (t *Tenants) leaveLocked(l *Live) {
	if l.named {
		t.named.Add(-1)
		return
	}
	t.forgotten.add(l)
}
