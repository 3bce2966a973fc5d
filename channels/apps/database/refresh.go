package database

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

const (
	// batch is how many records one query of the refresher reads.
	batch = 100
	// retry is how often the refresher looks for a database that is away.
	retry = time.Second
)

// keepFresh is the refresher: it looks after the database and the known apps until
// the store is closed.
func (s *Store) keepFresh() {
	r := refresher{Store: s}
	for s.ctx.Err() == nil {
		r.settle(r.round())
		s.lapse()
		r.wait(r.pause())
	}
}

// wait waits that long, until the refresher is nudged, or until the store is closed.
func (r *refresher) wait(pause time.Duration) {
	if pause <= 0 {
		return
	}
	select {
	case <-r.ctx.Done():
	case <-time.After(pause):
	case <-r.nudge:
	}
}

// refresher is what only its goroutine knows.
type refresher struct {
	*Store
	due       time.Time // when to read the known apps again
	mentioned time.Time // when a failed query was logged
	ignored   string    // columns that were logged
}

// round looks at the table, and reads the known apps again when it is time. What
// a driver does wrong must not end the process.
func (r *refresher) round() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic while refreshing: %v\n%s", p, debug.Stack())
		}
	}()
	r.keys.none.sweep()
	r.ids.none.sweep()
	if err := r.examine(); err != nil {
		return err
	}
	if time.Now().Before(r.due) {
		return nil
	}
	if err := r.refresh(); err != nil {
		return err
	}
	r.due = time.Now().Add(r.period())
	return nil
}

// period leaves a quarter of the TTL for the queries, and lets servers that were
// started together drift apart.
func (r *refresher) period() time.Duration {
	most := r.config.TTL * 3 / 4
	return most - rand.N(most/8)
}

func (r *refresher) pause() time.Duration {
	if r.outage.Load() != nil {
		return retry
	}
	return max(0, min(time.Until(r.due), r.config.UnknownTTL))
}

func (r *refresher) examine() error {
	ctx, cancel := context.WithTimeout(r.ctx, r.config.QueryTimeout)
	defer cancel()
	r.count.queries.Add(1)
	ignored, err := r.source.check(ctx)
	if err != nil {
		return err
	}
	if list := strings.Join(ignored, ", "); list != r.ignored {
		r.ignored = list
		r.config.Log.Info("columns of the apps table that mean nothing here are ignored", "table", r.config.Table, "columns", list)
	}
	return nil
}

func (r *refresher) refresh() error {
	r.queueIdle()
	for ids := range slices.Chunk(r.known(), batch) {
		if err := r.reload(ids); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) known() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.entries))
}

// reload reads some known apps again.
func (s *Store) reload(ids []string) error {
	ctx, cancel := context.WithTimeout(s.ctx, s.config.QueryTimeout)
	defer cancel()
	began := time.Now()
	s.count.queries.Add(1)
	rows, err := s.source.load(ctx, ids)
	if err != nil {
		return err
	}
	byID := make(map[string]row, len(rows))
	for _, r := range rows {
		byID[r["id"]] = r
	}
	for _, id := range ids {
		s.renew(id, byID[id], began)
	}
	return nil
}

// renew has a known app become what its row says; nil when there is none.
func (s *Store) renew(id string, r row, began time.Time) {
	if r == nil {
		s.remove(id, began)
		return
	}
	app, left, err := s.record(r)
	if err != nil {
		s.refuse(id, err)
		s.confirm(id, began)
		return
	}
	s.install(app, left, began)
}

// lapse stops serving the records that the database could not confirm for too
// long. They come back with it.
func (s *Store) lapse() {
	limit := s.config.StaleLimit
	if limit < 0 || s.outage.Load() == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.entries {
		if time.Since(e.confirmed) >= limit && !e.lapsed.Swap(true) {
			s.config.Log.Warn("an app is no longer served: the database has been away for too long", "app", e.app.ID, "limit", limit)
		}
	}
}
