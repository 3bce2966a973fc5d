package webhooks

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	missAgain = time.Minute // when a miss is told again although nothing filled the cache
	maxMisses = 1 << 16     // how many are remembered; those forgotten are told again
)

// room is a channel of an app.
type room struct{ app, channel string }

// misses remembers which cache misses were told. It keeps two generations and
// drops the older one whole, so it needs no timer and no walk.
type misses struct {
	known atomic.Bool // whether there is anything to forget

	// Guarded by mu.
	mu        sync.Mutex
	now, past map[room]time.Time
	since     time.Time // start of the generation
}

// first tells whether the miss is to be told.
func (m *misses) first(app, channel string) bool {
	k, t := room{app, channel}, time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.turnLocked(t)
	told, ok := m.now[k]
	if !ok {
		told, ok = m.past[k]
	}
	if ok && t.Sub(told) < missAgain {
		return false
	}
	m.now[k] = t
	m.known.Store(true)
	return true
}

// turnLocked starts a new generation when the present one is full or old.
func (m *misses) turnLocked(t time.Time) {
	old := t.Sub(m.since) >= missAgain
	if m.now != nil && !old && len(m.now) < maxMisses/2 {
		return
	}
	m.past, m.now, m.since = m.now, map[room]time.Time{}, t
}

func (m *misses) forget(app, channel string) {
	if !m.known.Load() {
		return
	}
	k := room{app, channel}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.now, k)
	delete(m.past, k)
	if len(m.now)+len(m.past) == 0 {
		m.known.Store(false)
	}
}
