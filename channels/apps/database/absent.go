package database

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/puzpuzpuz/xsync/v4"
)

// absent remembers for a while the names that were asked for in vain. Looking one
// up takes no lock. Names are kept in two generations of at most half the bound
// each: when the newer is full, or its time is over, it becomes the older, and the
// older is thrown away as a whole. All goroutines may use it.
type absent struct {
	// Static.
	life time.Duration
	half int

	// Guarded by mu.
	mu   sync.Mutex
	born time.Time // when the newer generation began

	// Atomic, never nil.
	newer, older atomic.Pointer[generation]
}

type generation = xsync.Map[string, verdict]

// verdict is why there is no app of that name, and until when that is believed.
type verdict struct {
	err   error // apps.ErrUnknown, or what is wrong with the row
	until time.Time
}

func newAbsent(life time.Duration, most int) *absent {
	a := &absent{life: life, half: most / 2, born: time.Now()}
	a.newer.Store(xsync.NewMap[string, verdict]())
	a.older.Store(xsync.NewMap[string, verdict]())
	return a
}

// find returns why there is no such app, nil when that is not known.
func (a *absent) find(name string) error {
	v, ok := a.newer.Load().Load(name)
	if !ok {
		v, ok = a.older.Load().Load(name)
	}
	if !ok || !time.Now().Before(v.until) {
		return nil
	}
	return v.err
}

// add keeps the name, which must not be borrowed.
func (a *absent) add(name string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	a.turnLocked(now)
	a.newer.Load().Store(name, verdict{err, now.Add(a.life)})
}

// sweep lets go of names whose time is over. To be called about once per life.
func (a *absent) sweep() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.turnLocked(time.Now())
}

func (a *absent) turnLocked(now time.Time) {
	newer := a.newer.Load()
	if newer.Size() < a.half && now.Sub(a.born) < a.life {
		return
	}
	a.born = now
	a.older.Store(newer)
	a.newer.Store(xsync.NewMap[string, verdict]())
}

// size is how many names are kept, those whose time is over included.
func (a *absent) size() int { return a.newer.Load().Size() + a.older.Load().Size() }
