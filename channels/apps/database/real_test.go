//go:build e2e && linux

package database

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"fanfare/channels/apps"
	"fanfare/channels/apps/database/dbtest"
)

// patience bounds a failure, never a success.
const patience = 30 * time.Second

func TestPostgres(t *testing.T) { suite(t, dbtest.Postgres(t)) }

func TestMariaDB(t *testing.T) { suite(t, dbtest.MariaDB(t)) }

// suite is what holds with every database.
func suite(t *testing.T, server *dbtest.Server) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, f *fixture)
	}{
		{"soketi's table", testSoketi},
		{"case and spaces", testExact},
		{"no such app", testUnknown},
		{"changes", testChanges},
		{"a table that is altered", testAltered},
		{"more than one batch", testBatches},
		{"one key twice", testTwice},
		{"numbers as ids", testNumbers},
		{"wrong password", testPassword},
		{"a table that is locked", testLocked},
		{"killed under load", testKilled},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := &fixture{Server: server, log: &lockedBuffer{}}
			f.CreateApps(t)
			test.run(t, f)
			if strings.Contains(f.log.String(), dbtest.Password) {
				t.Errorf("the log has the password:\n%s", f.log)
			}
		})
	}
}

type fixture struct {
	*dbtest.Server
	log *lockedBuffer
}

func (f *fixture) open(t *testing.T, change func(c *Config)) *Store {
	t.Helper()
	c := Config{URL: f.URL, TTL: time.Second, UnknownTTL: time.Second, QueryTimeout: 10 * time.Second, Log: slog.New(slog.NewTextHandler(f.log, nil))}
	if change != nil {
		change(&c)
	}
	s, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// until waits for something that is about to happen.
func until(t *testing.T, what string, happened func() bool) {
	t.Helper()
	limit, look := time.After(patience), time.NewTicker(10*time.Millisecond)
	defer look.Stop()
	for !happened() {
		select {
		case <-limit:
			t.Fatalf("not within %v: %s", patience, what)
		case <-look.C:
		}
	}
}

func testSoketi(t *testing.T, f *fixture) {
	f.InsertApps(t, "plain")
	f.Exec(t, `INSERT INTO apps VALUES ('full', 'key-full', 'secret-full', 10, 0, 1, 20, 30, 40,
		'[{"url": "https://example.com/hook", "event_types": ["member_added"], "filter": {"channel_name_starts_with": "a", "channel_name_ends_with": "z"}, "headers": {"X-Token": "t"}}]',
		50, 3, 60, 70, 80, 90, 5, 1)`)
	if schemeDriver(f.URL) == driverMySQL { // its columns have another order
		f.Exec(t, "UPDATE apps SET enabled = 1, enable_client_messages = 0 WHERE id = 'full'")
	}
	s := f.open(t, nil)
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	plain := Defaults("plain", "key-plain", "secret-plain")
	plain.MaxConnections, plain.ClientEvents = 200, true
	equal(t, plain, fetched(t, s.FetchByKey, "key-plain"))
	equal(t, plain, fetched(t, s.FetchByID, "plain"))

	full := Defaults("full", "key-full", "secret-full")
	full.MaxConnections, full.ClientEvents, full.AuthorizedConnections = 10, false, true
	full.Limits.EventsPerSecond, full.Limits.ClientEventsPerSecond, full.Limits.ReadsPerSecond = 20, 30, 40
	full.Limits.PresenceMembers, full.Limits.PresenceUserInfo = 50, 3<<10
	full.Limits.ChannelName, full.Limits.ChannelsPerPublish, full.Limits.EventName = 60, 70, 80
	full.Limits.EventData, full.Limits.ClientEventData, full.Limits.EventsPerBatch = 90<<10, 90<<10, 5
	full.Webhooks = []apps.Webhook{{
		URL: "https://example.com/hook", Events: []string{"member_added"},
		ChannelPrefix: "a", ChannelSuffix: "z", Headers: map[string]string{"X-Token": "t"},
	}}
	equal(t, full, fetched(t, s.FetchByID, "full"))
	if app, answer := s.ByKey("key-full"); answer != apps.Found || app.ID != "full" {
		t.Errorf("ByKey after FetchByID: %v, %v", app, answer)
	}
}

// testExact: MariaDB's usual collations call these keys equal.
func testExact(t *testing.T, f *fixture) {
	f.InsertApps(t, "one")
	s := f.open(t, nil)
	for _, key := range []string{"KEY-ONE", "Key-one", "key-one ", "key-one\x00", "k\u00e9y-one", "key-one' OR '1'='1", `key-one\`, "%", "key-on_"} {
		if app, err := s.FetchByKey(t.Context(), key); err == nil || app != nil || !unknown(err) {
			t.Errorf("key %q: %v, %v", key, app, err)
		}
	}
	f.Exec(t, "UPDATE apps SET "+f.Quoted("key")+" = 'key-One' WHERE id = 'one'")
	if app := fetched(t, s.FetchByKey, "key-One"); app.ID != "one" {
		t.Errorf("got %v", app)
	}
}

func testUnknown(t *testing.T, f *fixture) {
	s := f.open(t, func(c *Config) { c.UnknownTTL = time.Hour })
	before := s.Stats()
	for range 10 {
		if _, err := s.FetchByKey(t.Context(), "nobody"); !unknown(err) {
			t.Fatalf("error %v", err)
		}
	}
	if _, answer := s.ByKey("nobody"); answer != apps.Unknown {
		t.Errorf("answer %v", answer)
	}
	if n := s.Stats().Misses - before.Misses; n != 1 {
		t.Errorf("the database was asked %d times", n)
	}
}

func testChanges(t *testing.T, f *fixture) {
	f.InsertApps(t, "kept", "changed", "moved", "gone")
	s := f.open(t, func(c *Config) { c.SecretOverlap = time.Hour })
	kept := fetched(t, s.FetchByID, "kept")
	for _, id := range []string{"changed", "moved", "gone"} {
		fetched(t, s.FetchByID, id)
	}
	type change struct{ before, now *apps.App }
	changes := make(chan change, 100)
	s.Subscribe(func(before, now *apps.App) { changes <- change{before, now} })
	f.Exec(t, "UPDATE apps SET secret = 'other', enabled = 0 WHERE id = 'changed'",
		"UPDATE apps SET "+f.Quoted("key")+" = 'new-key' WHERE id = 'moved'", "DELETE FROM apps WHERE id = 'gone'")

	told := make(map[string]change)
	limit := time.After(patience)
	for len(told) < 3 {
		select {
		case c := <-changes:
			told[c.before.ID] = c
		case <-limit:
			t.Fatalf("told only %v", told)
		}
	}
	if c := told["changed"]; c.now.Secret != "other" || c.now.Enabled || len(c.now.Former) != 1 || c.now.Former[0].Secret != "secret-changed" {
		t.Errorf("changed: %#v", c.now)
	}
	if c := told["gone"]; c.now != nil {
		t.Errorf("gone: %v", c.now)
	}
	if app, answer := s.ByKey("new-key"); answer != apps.Found || app.ID != "moved" {
		t.Errorf("new key: %v, %v", app, answer)
	}
	for _, key := range []string{"key-moved", "key-gone"} {
		if _, err := s.FetchByKey(t.Context(), key); !unknown(err) {
			t.Errorf("%s: %v", key, err)
		}
	}
	if app, _ := s.ByKey("key-kept"); app != kept {
		t.Error("a record that did not change has a new pointer")
	}
}

// testAltered: statements that were prepared before are invalid afterwards.
func testAltered(t *testing.T, f *fixture) {
	f.InsertApps(t, "a", "b", "c")
	s := f.open(t, func(c *Config) { c.TTL = time.Hour })
	fetched(t, s.FetchByKey, "key-a")
	f.Exec(t, "ALTER TABLE apps ADD COLUMN tls_only smallint", "UPDATE apps SET tls_only = 1", "ALTER TABLE apps DROP COLUMN max_connections",
		"ALTER TABLE apps ADD COLUMN note text")
	if app := fetched(t, s.FetchByKey, "key-b"); !app.TLSOnly || app.MaxConnections != 0 {
		t.Errorf("got tls_only %v, max_connections %d", app.TLSOnly, app.MaxConnections)
	}
	if n := s.Stats().Failures; n != 0 {
		t.Errorf("%d failures", n)
	}
}

func testBatches(t *testing.T, f *fixture) {
	const n = 2*batch + 50
	ids := make([]string, n)
	for i := range ids {
		ids[i] = "app" + string(rune('0'+i/100)) + string(rune('0'+i/10%10)) + string(rune('0'+i%10))
	}
	f.InsertApps(t, ids...)
	s := f.open(t, nil)
	for _, id := range ids {
		fetched(t, s.FetchByID, id)
	}
	f.Exec(t, "UPDATE apps SET max_connections = 7")
	until(t, "all apps have changed", func() bool {
		for _, id := range ids {
			if app, _ := s.ByID(id); app == nil || app.MaxConnections != 7 {
				return false
			}
		}
		return true
	})
	if got := s.Stats(); got.Apps != n || got.Changed != n || got.Failures != 0 {
		t.Errorf("stats %+v", got)
	}
}

func testTwice(t *testing.T, f *fixture) {
	f.InsertApps(t, "a", "b", "c")
	f.Exec(t, "UPDATE apps SET "+f.Quoted("key")+" = 'same' WHERE id IN ('a', 'b')")
	s := f.open(t, nil)
	if _, err := s.FetchByKey(t.Context(), "same"); err == nil || unknown(err) || !strings.Contains(err.Error(), `key "same"`) {
		t.Errorf("error %v", err)
	}
	fetched(t, s.FetchByKey, "key-c")
}

// testNumbers: comparing a number with a word is an error in one database, and
// in the other equal to 0.
func testNumbers(t *testing.T, f *fixture) {
	f.Exec(t, "DROP TABLE apps", "CREATE TABLE apps (id integer PRIMARY KEY, "+f.Quoted("key")+" varchar(100), secret varchar(100), note text)",
		"INSERT INTO apps VALUES (0, 'zero', 'secret', ''), (12, 'twelve', 'secret', 'x')")
	s := f.open(t, nil)
	for _, id := range []string{"word", "12x", "012", "12.0", "99999999999999999999", "1e1"} {
		if app, err := s.FetchByID(t.Context(), id); !unknown(err) {
			t.Errorf("id %q: %v, %v", id, app, err)
		}
	}
	if app := fetched(t, s.FetchByID, "12"); app.Key != "twelve" {
		t.Errorf("got %v", app)
	}
	queries := s.Stats().Queries
	until(t, "a refresh", func() bool { return s.Stats().Queries > queries+2 })
	if got := s.Stats(); got.Failures != 0 || got.Apps != 1 {
		t.Errorf("stats %+v", got)
	}
}

func testPassword(t *testing.T, f *fixture) {
	s := f.open(t, func(c *Config) { c.URL = strings.Replace(f.URL, "s3cret", "wrong-s3cret", 1) })
	err := s.Check(t.Context())
	if err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("error %v", err)
	}
	if _, err := s.FetchByKey(t.Context(), "any"); err == nil || unknown(err) || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("error %v", err)
	}
}

// testLocked: the server is there, but does not answer in time.
func testLocked(t *testing.T, f *fixture) {
	f.InsertApps(t, "known", "new")
	s := f.open(t, func(c *Config) { c.QueryTimeout = time.Second })
	known := fetched(t, s.FetchByKey, "key-known")
	release := f.Lock(t, "apps")
	began := time.Now()
	if _, err := s.FetchByKey(t.Context(), "key-new"); err == nil || unknown(err) {
		t.Errorf("error %v", err)
	}
	if waited := time.Since(began); waited > patience/2 {
		t.Errorf("waited %v", waited)
	}
	until(t, "the outage is noticed", func() bool { return s.Stats().Away > 0 })
	if app, answer := s.ByKey("key-known"); app != known {
		t.Errorf("a known app: %v, %v", app, answer)
	}
	release()
	until(t, "the new app is found", func() bool {
		_, err := s.FetchByKey(t.Context(), "key-new")
		return err == nil
	})
	if app, _ := s.ByKey("key-known"); app != known {
		t.Error("the known app has a new pointer")
	}
}

// testKilled: the server dies and comes back while loops look apps up and
// strangers try keys.
func testKilled(t *testing.T, f *fixture) {
	f.InsertApps(t, "known")
	s := f.open(t, nil)
	known := fetched(t, s.FetchByKey, "key-known")
	ctx, stop := context.WithCancel(t.Context())
	var load sync.WaitGroup
	load.Go(func() {
		for ctx.Err() == nil {
			if app, answer := s.ByKey("key-known"); app != known || answer != apps.Found {
				t.Errorf("a known app: %v, %v", app, answer)
				return
			}
		}
	})
	load.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			if app, err := s.FetchByKey(ctx, "stranger"+time.Duration(i).String()); app != nil || err == nil {
				t.Errorf("a stranger: %v, %v", app, err)
				return
			}
		}
	})
	defer load.Wait()
	defer stop()

	for round := range 2 {
		f.Kill(t)
		// A query that failed is no outage yet: the server might be back before the store has looked itself.
		until(t, "the outage is noticed", func() bool { return strings.Count(f.log.String(), "database is away") == round+1 })
		if _, err := s.FetchByKey(ctx, "key-new"); err == nil || unknown(err) {
			t.Errorf("an app that is not known, meanwhile: %v", err)
		}
		stale := s.Stats().StaleHits
		until(t, "stale hits", func() bool { return s.Stats().StaleHits > stale })
		f.Start(t)
		back := time.Now()
		until(t, "the end of the outage is noticed", func() bool { return s.Stats().Away == 0 })
		t.Logf("noticed %v after the server answers", time.Since(back))
	}
	f.InsertApps(t, "new")
	began := time.Now()
	until(t, "a new app is found", func() bool {
		_, err := s.FetchByKey(ctx, "key-new")
		return err == nil
	})
	t.Logf("a new app was found after %v", time.Since(began))
	if n := strings.Count(f.log.String(), "database is away"); n != 2 {
		t.Errorf("%d outages in the log, want 2:\n%s", n, f.log)
	}
	if n := strings.Count(f.log.String(), "database is back"); n != 2 {
		t.Errorf("%d returns in the log, want 2:\n%s", n, f.log)
	}
}
