package apps

import (
	"iter"

	"github.com/puzpuzpuz/xsync/v4"
)

// Tenants holds the [Live] side of every app that has been met, by app id.
// Reading takes no lock. An entry can only be made from an [App], so that what
// strangers write into URLs never makes it grow.
type Tenants struct {
	loops int
	m     *xsync.Map[string, *Live]
}

// NewTenants returns an empty set for a node with that many loops.
func NewTenants(loops int) *Tenants {
	return &Tenants{loops: max(loops, 0), m: xsync.NewMap[string, *Live]()}
}

// Of returns the live side of an app, always the same one for the same id,
// however often the record was replaced.
func (t *Tenants) Of(a *App) *Live {
	if l, ok := t.m.Load(a.ID); ok {
		return l
	}
	l, _ := t.m.LoadOrCompute(a.ID, func() (*Live, bool) {
		return newLive(a.ID, t.loops), false
	})
	return l
}

// Find returns the live side of the app with this id, if it has been met.
func (t *Tenants) Find(id string) (*Live, bool) { return t.m.Load(id) }

// All yields every app that has been met, in no order.
func (t *Tenants) All() iter.Seq2[string, *Live] { return t.m.All() }

// Forget drops an app that no longer exists, with its counters, and reports
// whether it is gone. While connections are open nothing happens: call again
// after closing them.
func (t *Tenants) Forget(id string) bool {
	_, left := t.m.Compute(id, func(l *Live, loaded bool) (*Live, xsync.ComputeOp) {
		if loaded && l.Connections() > 0 {
			return l, xsync.CancelOp
		}
		return nil, xsync.DeleteOp
	})
	return !left
}
