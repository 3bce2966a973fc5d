package database

import (
	"context"
	"fmt"
	"time"

	"fanfare/channels/apps"
)

// ask looks a name up in the database, and remembers the answer. It runs on a
// goroutine of its own, once at a time for a name.
func (s *Store) ask(x *index, name string) (app *apps.App, err error) {
	if !s.begin() {
		return nil, errClosed
	}
	defer s.work.Done()
	defer func() {
		if r := recover(); r != nil { // singleflight would end the process
			app, err = nil, fmt.Errorf("panic while asking the apps database: %v", r)
		}
	}()
	if e := x.known(name); e != nil {
		return e.app, nil // by a query that ended while this one began
	}
	ctx, cancel := context.WithTimeout(s.ctx, s.config.QueryTimeout)
	defer cancel()
	began := time.Now()
	s.count.queries.Add(1)
	rows, err := s.source.find(ctx, x.by, name)
	if err != nil {
		return nil, s.failed(err)
	}
	app, err = s.admit(x, name, rows, began)
	if err != nil {
		x.none.add(name, err)
	}
	return app, err
}

// begin has Close wait for what the caller does, until work.Done.
func (s *Store) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.work.Add(1)
	}
	return !s.closed
}

// admit makes what was found known.
func (s *Store) admit(x *index, name string, rows []row, began time.Time) (*apps.App, error) {
	switch len(rows) {
	case 0:
		return nil, apps.ErrUnknown
	case 1:
	default:
		err := fmt.Errorf("table %s has more than one app with the %s %q: give each its own", s.config.Table, x.by, name)
		s.refuse(string(x.by)+" "+name, err)
		return nil, err
	}
	app, left, err := s.record(rows[0])
	if err != nil {
		s.refuse(rows[0]["id"], err)
		return nil, err
	}
	if got := map[by]string{byID: app.ID, byKey: app.Key}[x.by]; got != name {
		return nil, apps.ErrUnknown // equal to the database, not to us
	}
	return s.install(app, left, began), nil
}

// refuse counts a row that can't be right, and logs what is new about it.
func (s *Store) refuse(what string, err error) {
	const enough = 1000 // what there is to be said about so many rows need not be known by heart
	s.count.refused.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.faults[what] == err.Error() {
		return
	}
	if len(s.faults) >= enough {
		clear(s.faults)
	}
	s.faults[what] = err.Error()
	s.config.Log.Error("an app in the database can't be right and is refused; one that is being served stays as it was", "error", err)
}
