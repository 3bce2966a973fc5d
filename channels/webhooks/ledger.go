package webhooks

import (
	"context"
	"errors"
	"sync"

	"fanfare/channels/apps"
)

// maxLedger is how many records are kept for when the store says Later. One
// that was pushed out is fetched again.
const maxLedger = 10_000

// errGone tells that there is no such app or webhook any more.
var errGone = errors.New("the app or its webhook was removed")

// ledger looks apps up, and remembers what it saw last for when the store would
// have to wait. Any goroutine may use it.
type ledger struct {
	store apps.Store

	// Guarded by mu.
	mu   sync.RWMutex
	last map[string]*apps.App
}

func newLedger(store apps.Store) *ledger {
	return &ledger{store: store, last: map[string]*apps.App{}}
}

// peek never waits. It answers Later only when the app was never seen.
func (l *ledger) peek(id string) (*apps.App, apps.Answer) {
	app, answer := l.store.ByID(id)
	if answer != apps.Later {
		return app, answer
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	if app = l.last[id]; app != nil {
		return app, apps.Found
	}
	return nil, apps.Later
}

// look is peek that remembers. It is for those who are not on a loop.
func (l *ledger) look(id string) (*apps.App, apps.Answer) {
	app, answer := l.peek(id)
	switch answer {
	case apps.Found:
		l.remember(app)
	case apps.Unknown:
		l.forget(id)
	}
	return app, answer
}

// fetch may wait until ctx ends. It returns errGone when there is no such app.
func (l *ledger) fetch(ctx context.Context, id string) (*apps.App, error) {
	app, err := l.store.FetchByID(ctx, id)
	switch {
	case err == nil:
		l.remember(app)
		return app, nil
	case errors.Is(err, apps.ErrUnknown):
		l.forget(id)
		return nil, errGone
	}
	return nil, err
}

func (l *ledger) remember(app *apps.App) {
	l.mu.RLock()
	same := l.last[app.ID] == app
	l.mu.RUnlock()
	if same {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last[app.ID] = app
	for id := range l.last {
		if len(l.last) <= maxLedger {
			break
		}
		delete(l.last, id) // any: it only costs a fetch
	}
}

func (l *ledger) forget(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.last, id)
}
