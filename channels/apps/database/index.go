package database

import (
	"container/list"
	"sync/atomic"
	"time"

	"fanfare/channels/apps"

	"github.com/puzpuzpuz/xsync/v4"
)

// entry is one known app.
type entry struct {
	// Static: a record that changed makes a new entry.
	app *apps.App

	// Guarded by Store.mu.
	confirmed time.Time     // when the query began that found it so
	place     *list.Element // in Store.idle; nil: it was in use when last looked at

	// Atomic.
	used   atomic.Bool // asked for since it was read, or last spared: see makeRoomLocked
	lapsed atomic.Bool // not confirmed for too long: not to be served
}

// touch writes only where nobody did: entries are shared by all loops.
func (e *entry) touch() {
	if !e.used.Load() {
		e.used.Store(true)
	}
}

// index finds apps by one kind of name. Looking up takes no lock and allocates
// nothing.
type index struct {
	by    by
	found *xsync.Map[string, *entry] // stored to under Store.mu
	none  *absent
}

func newIndex(by by, c *Config) *index {
	return &index{by: by, found: xsync.NewMap[string, *entry](), none: newAbsent(c.UnknownTTL, c.MaxUnknown)}
}

// known returns an entry that may be served, else nil.
func (x *index) known(name string) *entry {
	e, _ := x.found.Load(name)
	if e == nil || e.lapsed.Load() {
		return nil
	}
	e.touch()
	return e
}

// unknown returns why nobody needs to be asked for the name, else nil.
func (x *index) unknown(name string) error {
	if !plausible(name) {
		return apps.ErrUnknown
	}
	return x.none.find(name)
}

// drop forgets the name unless it leads to another entry by now.
func (x *index) drop(name string, e *entry) {
	if now, _ := x.found.Load(name); now == e {
		x.found.Delete(name)
	}
}

// plausible tells whether a record with such a key or id could be valid: what no
// valid one has is not worth a query. It allows a little more than
// [apps.App.Validate] does.
func plausible(name string) bool {
	for i := range len(name) {
		if name[i] <= ' ' || name[i] > '~' {
			return false
		}
	}
	return name != "" && len(name) <= apps.MaxCredential
}
