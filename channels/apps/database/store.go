package database

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"fanfare/channels/apps"

	"golang.org/x/sync/singleflight"
)

// ErrAway is in the error of a Fetch method that did not ask the database because
// it did not answer a moment ago. Others may have it as well: whatever is not
// [apps.ErrUnknown] says nothing about whether there is such an app. In an error of
// [Store.Check] it says that waiting may help.
var ErrAway = errors.New("the apps database is away")

// errClosed is the answer to whoever asks too late.
var errClosed = errors.New("the apps database was closed")

// Store finds apps in a table. All goroutines may use it. It must be closed.
type Store struct {
	// Static.
	config Config
	source source
	keys   *index
	ids    *index
	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	nudge  chan struct{} // a query failed: look now

	flights singleflight.Group
	work    sync.WaitGroup // the refresher, and queries under way
	count   counters
	outage  atomic.Pointer[outage] // nil while the database answers

	// Guarded by mu, which is held until a change has been told, so that changes
	// are told in the order in which they took effect. No loop takes it.
	mu      sync.Mutex
	closed  bool
	overlap time.Duration     // Config.SecretOverlap, as it is now
	entries map[string]*entry // by id
	idle    list.List         // of the *entry that may be forgotten, the next one in front
	changed func(before, now *apps.App)
	faults  map[string]string // what was logged last about rows that can't be right
}

var _ apps.Store = (*Store)(nil)

// Open checks the configuration and returns a store. It does not wait for the
// database, which may come later: see [Store.Check].
func Open(c Config) (*Store, error) {
	c = c.withDefaults()
	if err := c.validate(); err != nil {
		return nil, err
	}
	t, err := connect(&c)
	if err != nil {
		return nil, err
	}
	return open(c, t), nil
}

func open(c Config, from source) *Store {
	s := &Store{
		config: c, source: from,
		keys: newIndex(byKey, &c), ids: newIndex(byID, &c),
		nudge:   make(chan struct{}, 1),
		count:   newCounters(),
		overlap: c.SecretOverlap,
		entries: make(map[string]*entry),
		faults:  make(map[string]string),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.work.Go(s.keepFresh)
	return s
}

// Check asks whether the table can be read, so that a start can tell a wrong
// password from a database that is yet to come: [ErrAway] is in the error when the
// database did not answer, or only that it can't serve now. All other errors last
// until somebody changes the configuration, or the table. It may wait for
// [Config.QueryTimeout].
func (s *Store) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.config.QueryTimeout)
	defer cancel()
	_, err := s.source.check(ctx)
	if err != nil && isPassing(err) {
		err = fmt.Errorf("%w: %w", ErrAway, err)
	}
	return err
}

// SetSecretOverlap has changes of secrets from now on follow another
// [Config.SecretOverlap].
func (s *Store) SetSecretOverlap(overlap time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.overlap = overlap
}

// Close gives up what is under way, waits for it, and closes the connections.
// Known apps are still found afterwards, and never change.
func (s *Store) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.work.Wait()
	return s.source.close()
}

// Subscribe has changed called for every app that is met for the first time
// (before is nil), whose record changed, or that is gone (now is nil), after the
// store gives the new answers. An app that was forgotten for lack of room is met
// for the first time again. changed runs on a goroutine that reads the database. It
// may wait, but must not close the store or call its Fetch methods. There is one
// subscriber: a second call takes the place of the first.
func (s *Store) Subscribe(changed func(before, now *apps.App)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed = changed
}

// ByKey implements [apps.Store].
func (s *Store) ByKey(key string) (*apps.App, apps.Answer) { return s.answer(s.keys, key) }

// ByID implements [apps.Store].
func (s *Store) ByID(id string) (*apps.App, apps.Answer) { return s.answer(s.ids, id) }

// FetchByKey implements [apps.Store]. It asks the database at most once at a time
// for a key, whoever asks. ctx ends the waiting, not the query.
func (s *Store) FetchByKey(ctx context.Context, key string) (*apps.App, error) {
	return s.fetch(ctx, s.keys, key)
}

// FetchByID implements [apps.Store], as FetchByKey does.
func (s *Store) FetchByID(ctx context.Context, id string) (*apps.App, error) {
	return s.fetch(ctx, s.ids, id)
}

func (s *Store) answer(x *index, name string) (*apps.App, apps.Answer) {
	app, err := s.remembered(x, name)
	switch {
	case app != nil:
		return app, apps.Found
	case errors.Is(err, apps.ErrUnknown):
		return nil, apps.Unknown
	}
	return nil, apps.Later
}

// remembered gives the app, or why there is none, or neither when the database
// has to be asked.
func (s *Store) remembered(x *index, name string) (*apps.App, error) {
	if e := x.known(name); e != nil {
		s.count.hits.Inc()
		if s.outage.Load() != nil {
			s.count.staleHits.Inc()
		}
		return e.app, nil
	}
	if err := x.unknown(name); err != nil {
		s.count.unknownHits.Inc()
		return nil, err
	}
	return nil, nil
}

func (s *Store) fetch(ctx context.Context, x *index, name string) (*apps.App, error) {
	if app, err := s.remembered(x, name); app != nil || err != nil {
		return app, err
	}
	s.count.misses.Inc()
	if o := s.outage.Load(); o != nil {
		return nil, o.refusal()
	}
	name = strings.Clone(name) // it is borrowed, and the query may outlast this call
	answer := s.flights.DoChan(string(x.by)+" "+name, func() (any, error) { return s.ask(x, name) })
	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("the apps database has not answered yet: %w", context.Cause(ctx))
	case r := <-answer:
		app, _ := r.Val.(*apps.App)
		return app, r.Err
	}
}
