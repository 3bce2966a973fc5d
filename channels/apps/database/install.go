package database

import (
	"reflect"
	"runtime/debug"
	"time"

	"fanfare/channels/apps"
)

// install makes a record known and returns the one that is served from now on: the
// one before when nothing changed, or when that was read later. began is when the
// query began.
func (s *Store) install(app *apps.App, left []string, began time.Time) *apps.App {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.faults, app.ID)
	old := s.entries[app.ID]
	if old != nil {
		if began.Before(old.confirmed) {
			return old.app
		}
		app.InheritSecrets(old.app, time.Now(), s.overlap)
		if same(old.app, app) {
			s.confirmLocked(old, began)
			return old.app
		}
	} else {
		app.InheritSecrets(s.config.Former[app.ID], time.Now(), s.overlap)
		delete(s.config.Former, app.ID)
	}
	s.replaceLocked(old, &entry{app: app, confirmed: began})
	for _, why := range left {
		s.config.Log.Warn("a part of an app in the database was left out", "app", app.ID, "what", why)
	}
	return app
}

// confirmLocked takes note that an app still is as it was. Another one may have had
// its key meanwhile, and lost it.
func (s *Store) confirmLocked(e *entry, began time.Time) {
	e.confirmed = began
	e.lapsed.Store(false)
	s.keys.found.LoadOrStore(e.app.Key, e)
}

// same tells whether two records of one app differ in no more than secrets that
// no longer verify.
func same(old, app *apps.App) bool {
	a, b := *old, *app
	a.Former, b.Former = nil, nil
	return reflect.DeepEqual(a, b)
}

// replaceLocked puts an entry in the place of another, or of none, and tells so.
func (s *Store) replaceLocked(old, now *entry) {
	s.warnOfKeyLocked(now.app)
	s.entries[now.app.ID] = now
	s.ids.found.Store(now.app.ID, now)
	s.keys.found.Store(now.app.Key, now)
	if old == nil {
		s.makeRoomLocked(s.config.MaxApps - 1)
		s.queueLocked(now)
		s.tellLocked(nil, now.app)
		return
	}
	s.succeedLocked(old, now)
	s.keys.drop(old.app.Key, old)
	s.count.changed.Add(1)
	s.config.Log.Info("an app in the database has changed", "app", now.app.ID, "enabled", now.app.Enabled)
	s.tellLocked(old.app, now.app)
}

// warnOfKeyLocked looks whether another app has the key. The record that was read
// last gets it, because a key may move from one app to another.
func (s *Store) warnOfKeyLocked(app *apps.App) {
	if other, _ := s.keys.found.Load(app.Key); other != nil && other.app.ID != app.ID {
		s.config.Log.Warn("an app in the database has the key of another, and gets its clients: give each its own", "app", app.ID, "other", other.app.ID, "key", app.Key)
	}
}

// remove forgets an app whose row a query that began then did not find.
func (s *Store) remove(id string, began time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[id]
	if e == nil || began.Before(e.confirmed) {
		return
	}
	s.forgetLocked(e)
	s.count.removed.Add(1)
	s.config.Log.Info("an app is no longer in the database", "app", id)
	s.tellLocked(e.app, nil)
}

// confirm takes note that there still is an app, although its row can't be right.
func (s *Store) confirm(id string, began time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.entries[id]; e != nil {
		s.confirmLocked(e, began)
	}
}

func (s *Store) forgetLocked(e *entry) {
	s.unqueueLocked(e)
	delete(s.entries, e.app.ID)
	s.ids.drop(e.app.ID, e)
	s.keys.drop(e.app.Key, e)
}

// tellLocked survives what the subscriber does wrong: the store is right already.
func (s *Store) tellLocked(before, now *apps.App) {
	defer func() {
		if p := recover(); p != nil {
			s.config.Log.Error("panic in the subscriber to changes of apps", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	if s.changed != nil {
		s.changed(before, now)
	}
}
