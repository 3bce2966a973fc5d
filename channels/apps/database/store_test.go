package database

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"fanfare/channels/apps"
)

var errDown = errors.New("connection refused")

// world is a store over a fake table, in a synctest bubble.
type world struct {
	*Store
	table *fake
	log   *lockedBuffer
	told  []string // "before>now" by pointer and id, guarded by the store
}

func inWorld(t *testing.T, change func(c *Config), test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{table: newFake(), log: &lockedBuffer{}}
		c := Config{Driver: driverPostgres, Log: slog.New(slog.NewTextHandler(w.log, nil))}
		if change != nil {
			change(&c)
		}
		c = c.withDefaults()
		if err := c.validate(); err != nil {
			t.Fatal(err)
		}
		w.Store = open(c, w.table)
		defer func() {
			if err := w.Close(); err != nil || !w.table.closed {
				t.Errorf("closed %v: %v", w.table.closed, err)
			}
		}()
		w.Subscribe(func(before, now *apps.App) { w.told = append(w.told, fmt.Sprintf("%v>%v", before, now)) })
		synctest.Wait()
		test(t, w)
	})
}

func (w *world) logged(t *testing.T, what string, times int) {
	t.Helper()
	if n := strings.Count(w.log.String(), what); n != times {
		t.Errorf("%q was logged %d times, want %d:\n%s", what, n, times, w.log)
	}
}

func (w *world) expect(t *testing.T, key string, want apps.Answer) *apps.App {
	t.Helper()
	app, answer := w.ByKey(key)
	if answer != want || (app != nil) != (want == apps.Found) {
		t.Errorf("key %q: %v, %v, want %v", key, app, answer, want)
	}
	return app
}

// after lets time pass, and everything happen that then happens.
func after(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestKnown(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.table.put(named("a"))
		w.expect(t, "key-a", apps.Later)
		app := fetched(t, w.FetchByKey, "key-a")
		if w.expect(t, "key-a", apps.Found) != app {
			t.Error("another pointer")
		}
		if byID, answer := w.ByID("a"); byID != app || answer != apps.Found {
			t.Errorf("by id: %v, %v", byID, answer)
		}
		if w.told[0] != "<nil>>app a" || len(w.told) != 1 {
			t.Errorf("told %v", w.told)
		}
		if fetched(t, w.FetchByID, "a") != app {
			t.Error("another pointer")
		}
		if asked := w.table.finds(); asked != 1 {
			t.Errorf("asked %d times", asked)
		}
	})
}

// TestBorrowed: a name is the caller's again when the call returns.
func TestBorrowed(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		buffer := []byte("nobody")
		_, _ = w.FetchByKey(t.Context(), unsafe.String(&buffer[0], len(buffer)))
		copy(buffer, "xxxxxx")
		w.expect(t, "nobody", apps.Unknown)
		w.expect(t, "xxxxxx", apps.Later)
	})
}

// TestCaseMatters: to some databases it does not.
func TestCaseMatters(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.table.put(named("a"))
		w.table.do(func() { w.table.folds = true })
		if app, err := w.FetchByKey(t.Context(), "KEY-A"); !unknown(err) {
			t.Errorf("got %v, %v", app, err)
		}
		fetched(t, w.FetchByKey, "key-a")
	})
}

func TestAbsent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAbsent(time.Minute, 4)
		for _, name := range []string{"a", "b", "c"} {
			a.add(name, apps.ErrUnknown)
		}
		for _, name := range []string{"a", "b", "c"} { // a and b are in the older generation
			if !unknown(a.find(name)) {
				t.Errorf("%s is forgotten", name)
			}
		}
		after(time.Minute)
		if err := a.find("c"); err != nil {
			t.Errorf("after its time: %v", err)
		}
	})
}

func TestFetchTogether(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.table.put(named("a"))
		w.table.do(func() { w.table.hold = make(chan struct{}) })
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if _, err := w.FetchByKey(t.Context(), "key-a"); err != nil {
					t.Error(err)
				}
			})
		}
		impatient, cancel := context.WithCancel(t.Context())
		all.Go(func() {
			if _, err := w.FetchByKey(impatient, "key-a"); !errors.Is(err, context.Canceled) || unknown(err) {
				t.Errorf("error %v", err)
			}
		})
		synctest.Wait()
		cancel()
		synctest.Wait()
		close(w.table.hold)
		all.Wait()
		if asked := w.table.finds(); asked != 1 {
			t.Errorf("asked %d times", asked)
		}
	})
}

func TestUnknown(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		for range 3 {
			if _, err := w.FetchByKey(t.Context(), "key-a"); !unknown(err) {
				t.Errorf("error %v", err)
			}
		}
		w.expect(t, "key-a", apps.Unknown)
		w.table.put(named("a"))
		after(defaultUnknownTTL - time.Second)
		w.expect(t, "key-a", apps.Unknown)
		after(time.Second)
		w.expect(t, "key-a", apps.Later)
		fetched(t, w.FetchByKey, "key-a")
		if asked := w.table.finds(); asked != 2 {
			t.Errorf("asked %d times", asked)
		}
	})
}

// TestStrangers: random keys neither fill the memory nor, when no app can have
// them, reach the database.
func TestStrangers(t *testing.T) {
	inWorld(t, func(c *Config) { c.MaxUnknown = 100 }, func(t *testing.T, w *world) {
		for i := range 5000 {
			_, _ = w.FetchByKey(t.Context(), fmt.Sprint("stranger", i))
			if n := w.Stats().Unknown; n > 100 {
				t.Fatalf("%d names are kept", n)
			}
		}
		asked := w.table.finds()
		for _, name := range []string{"", "a b", "a\x00", "\xff", "ä", strings.Repeat("a", 256)} {
			w.expect(t, name, apps.Unknown)
			if _, err := w.FetchByID(t.Context(), name); !unknown(err) {
				t.Errorf("%q: %v", name, err)
			}
		}
		if now := w.table.finds(); now != asked {
			t.Errorf("the database was asked %d times", now-asked)
		}
		after(3 * defaultUnknownTTL)
		if n := w.Stats().Unknown; n != 0 {
			t.Errorf("%d names are still kept", n)
		}
	})
}

func TestRefresh(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.table.put(named("same"), named("changed"), named("moved"), named("gone"))
		same := fetched(t, w.FetchByID, "same")
		for _, id := range []string{"changed", "moved", "gone"} {
			fetched(t, w.FetchByID, id)
		}
		w.told = nil
		after(3 * defaultTTL)
		if len(w.told) != 0 {
			t.Errorf("told of nothing: %v", w.told)
		}
		w.table.put(named("changed").with("enabled", "0"), named("moved").with("key", "new"))
		w.table.do(func() { delete(w.table.rows, "gone") })
		after(defaultTTL)

		if w.expect(t, "key-same", apps.Found) != same {
			t.Error("a record that did not change has a new pointer")
		}
		if w.expect(t, "key-changed", apps.Found).Enabled {
			t.Error("not changed")
		}
		w.expect(t, "new", apps.Found)
		w.expect(t, "key-moved", apps.Later)
		w.expect(t, "key-gone", apps.Later)
		if _, err := w.FetchByID(t.Context(), "gone"); !unknown(err) {
			t.Errorf("error %v", err)
		}
		for _, want := range []string{"app changed>app changed", "app moved>app moved", "app gone><nil>"} {
			if n := strings.Count(strings.Join(w.told, "\n"), want); n != 1 {
				t.Errorf("told %q %d times: %v", want, n, w.told)
			}
		}
		if got := w.Stats(); got.Changed != 2 || got.Removed != 1 || got.Apps != 3 {
			t.Errorf("stats %+v", got)
		}
	})
}

// TestRefreshBatches: a thousand apps are ten queries, not a thousand.
func TestRefreshBatches(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		for i := range 1000 {
			id := fmt.Sprint("app", i)
			w.table.put(named(id))
			fetched(t, w.FetchByID, id)
		}
		after(defaultTTL)
		seen := make(map[string]bool)
		for _, ids := range w.table.loads {
			for _, id := range ids {
				seen[id] = true
			}
		}
		if n := len(w.table.loads); n != 1000/batch || len(seen) != 1000 {
			t.Errorf("%d queries for %d apps", n, len(seen))
		}
	})
}

func TestFormerSecret(t *testing.T) {
	inWorld(t, func(c *Config) { c.SecretOverlap = time.Hour }, func(t *testing.T, w *world) {
		w.table.put(named("a"))
		fetched(t, w.FetchByID, "a")
		w.table.put(named("a").with("secret", "new"))
		after(defaultTTL)
		app := w.expect(t, "key-a", apps.Found)
		if app.Secret != "new" || len(app.Former) != 1 || app.Former[0].Secret != "secret-a" {
			t.Fatalf("secret %q, former %v", app.Secret, app.Former)
		}
		if left := time.Until(app.Former[0].Until); left <= 58*time.Minute || left > time.Hour {
			t.Errorf("the former secret verifies for %v", left)
		}
		after(2 * time.Hour)
		if w.expect(t, "key-a", apps.Found) != app {
			t.Error("a new pointer because a former secret's time was over")
		}
	})
}

// The secrets of another process verify from the first look-up on, and not from later
// ones.
func TestFormerSecretsOfAnother(t *testing.T) {
	other := map[string]*apps.App{
		"a": {ID: "a", Key: "key-a", Secret: "old", Former: []apps.FormerSecret{{Secret: "older", Until: time.Now().AddDate(1, 0, 0)}}},
		"b": {ID: "b", Key: "another", Secret: "old"},
	}
	inWorld(t, func(c *Config) { c.SecretOverlap, c.Former = time.Hour, other }, func(t *testing.T, w *world) {
		w.table.put(named("a"), named("b"))
		app := fetched(t, w.FetchByID, "a")
		if app.Secret != "secret-a" || len(app.Former) != 2 || app.Former[0].Secret != "older" || app.Former[1].Secret != "old" {
			t.Errorf("secret %q, former %v", app.Secret, app.Former)
		}
		if left := time.Until(app.Former[1].Until); left > time.Hour || left < 59*time.Minute {
			t.Errorf("the other process' secret verifies for %v", left)
		}
		if app := fetched(t, w.FetchByID, "b"); len(app.Former) != 0 {
			t.Errorf("an app with another key has former secrets: %v", app.Former)
		}
		if len(other) != 0 {
			t.Errorf("%d apps' secrets are kept for later", len(other))
		}
	})
}

func TestOutage(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.table.put(named("a"))
		app := fetched(t, w.FetchByKey, "key-a")
		_, _ = w.FetchByKey(t.Context(), "nobody")
		w.told = nil
		w.table.fail(errDown)
		after(2 * defaultTTL)
		asked := w.table.finds()
		if w.expect(t, "key-a", apps.Found) != app {
			t.Error("another pointer")
		}
		w.expect(t, "nobody", apps.Later) // its time is over
		for range 10 {
			if _, err := w.FetchByKey(t.Context(), "nobody"); !errors.Is(err, ErrAway) || !errors.Is(err, errDown) || unknown(err) {
				t.Errorf("error %v", err)
			}
		}
		if now := w.table.finds(); now != asked {
			t.Errorf("the database was asked %d times while it was away", now-asked)
		}
		stats := w.Stats()
		if stats.StaleHits != 1 || stats.Away < defaultTTL || stats.Failures < 10 {
			t.Errorf("stats %+v", stats)
		}
		w.logged(t, "database is away", 1)

		w.table.fail(nil)
		w.table.put(named("new"), named("a").with("enabled", "0"))
		after(retry)
		fetched(t, w.FetchByKey, "key-new")
		if w.expect(t, "key-a", apps.Found).Enabled {
			t.Error("not read again at once")
		}
		w.logged(t, "database is back", 1)
		if away := w.Stats().Away; away != 0 {
			t.Errorf("away for %v", away)
		}
	})
}

// TestStumble: a query fails, but the database is there.
func TestStumble(t *testing.T) {
	inWorld(t, func(c *Config) { c.QueryTimeout = time.Second }, func(t *testing.T, w *world) {
		w.table.put(named("a"))
		w.table.do(func() { w.table.hold = make(chan struct{}) })
		if _, err := w.FetchByKey(t.Context(), "key-a"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		w.table.do(func() { w.table.hold = nil })
		synctest.Wait()
		fetched(t, w.FetchByKey, "key-a")
		w.logged(t, "database is away", 0)
		w.logged(t, "query to the apps database failed", 1)
	})
}

func TestStaleLimit(t *testing.T) {
	inWorld(t, func(c *Config) { c.StaleLimit = time.Hour }, func(t *testing.T, w *world) {
		w.table.put(named("a"))
		app := fetched(t, w.FetchByKey, "key-a")
		w.told = nil
		w.table.fail(errDown)
		after(59 * time.Minute)
		w.expect(t, "key-a", apps.Found)
		after(2 * time.Minute)
		w.expect(t, "key-a", apps.Later)
		if _, err := w.FetchByKey(t.Context(), "key-a"); !errors.Is(err, ErrAway) {
			t.Errorf("error %v", err)
		}
		w.table.fail(nil)
		after(retry)
		if w.expect(t, "key-a", apps.Found) != app || len(w.told) != 0 {
			t.Errorf("another pointer, or told %v", w.told)
		}
	})
	inWorld(t, func(c *Config) { c.StaleLimit = -1 }, func(t *testing.T, w *world) {
		w.table.put(named("a"))
		fetched(t, w.FetchByKey, "key-a")
		w.table.fail(errDown)
		after(100 * time.Hour)
		w.expect(t, "key-a", apps.Found)
	})
}

func TestWrongRow(t *testing.T) {
	inWorld(t, func(c *Config) { c.StaleLimit = time.Hour }, func(t *testing.T, w *world) {
		w.table.put(named("bad").with("enabled", "perhaps"), named("good"))
		for range 3 {
			_, err := w.FetchByKey(t.Context(), "key-bad")
			if err == nil || unknown(err) || !strings.Contains(err.Error(), "column enabled") {
				t.Errorf("error %v", err)
			}
		}
		w.expect(t, "key-bad", apps.Later)
		if asked := w.table.finds(); asked != 1 {
			t.Errorf("asked %d times", asked)
		}
		good := fetched(t, w.FetchByKey, "key-good")

		w.table.put(named("good").with("max_connections", "many"))
		after(3 * time.Hour)
		if w.expect(t, "key-good", apps.Found) != good {
			t.Error("a row that can't be right changed something")
		}
		w.logged(t, "column max_connections", 1)
		w.logged(t, "column enabled", 1)
		w.table.fail(errDown)
		after(10 * time.Second)
		w.expect(t, "key-good", apps.Found) // the database knew it until a moment ago
		w.table.fail(nil)

		w.table.put(named("good").with("max_connections", "5"), named("bad"))
		after(defaultTTL)
		if n := w.expect(t, "key-good", apps.Found).MaxConnections; n != 5 {
			t.Errorf("max_connections %d", n)
		}
		fetched(t, w.FetchByKey, "key-bad")
		w.table.put(named("good").with("max_connections", "many"))
		after(defaultTTL)
		w.logged(t, "column max_connections", 2)
	})
}

// TestLateAnswer: a query that was slow must not bring back what it read long ago.
func TestLateAnswer(t *testing.T) {
	inWorld(t, func(c *Config) { c.QueryTimeout = time.Hour }, func(t *testing.T, w *world) {
		w.table.put(named("a"))
		hold := make(chan struct{})
		w.table.do(func() { w.table.hold = hold })
		var late sync.WaitGroup
		late.Go(func() {
			if app := fetched(t, w.FetchByKey, "key-a"); app.Secret != "new" {
				t.Errorf("secret %q", app.Secret)
			}
		})
		after(time.Second)
		w.table.do(func() { w.table.hold = nil })
		w.table.put(named("a").with("secret", "new"))
		app := fetched(t, w.FetchByID, "a")
		close(hold)
		late.Wait()
		if w.expect(t, "key-a", apps.Found) != app {
			t.Error("an older record took the place of a newer")
		}
	})
}

// TestLateLoss: nor must a query that began before an app came to say that it is
// gone.
func TestLateLoss(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		began := time.Now()
		after(time.Second)
		w.table.put(named("a"))
		fetched(t, w.FetchByKey, "key-a")
		w.remove("a", began)
		w.expect(t, "key-a", apps.Found)
		w.remove("a", time.Now())
		w.expect(t, "key-a", apps.Later)
	})
}

func TestSubscriberPanics(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.Subscribe(func(_, _ *apps.App) { panic("oops") })
		w.table.put(named("a"))
		fetched(t, w.FetchByKey, "key-a")
		w.table.do(func() { clear(w.table.rows) })
		after(defaultTTL)
		w.expect(t, "key-a", apps.Later)
		w.logged(t, "panic in the subscriber", 2)
		w.logged(t, "database is away", 0)
	})
}

func TestIgnoredColumns(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.table.do(func() { w.table.ignored = []string{"created_at", "note"} })
		after(5 * defaultTTL)
		w.logged(t, "created_at, note", 1)
	})
}

func TestLeftOut(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.table.put(named("a").with("webhooks", `[{"lambda_function": "f"}]`))
		if app := fetched(t, w.FetchByKey, "key-a"); len(app.Webhooks) != 0 {
			t.Errorf("webhooks %v", app.Webhooks)
		}
		after(5 * defaultTTL)
		w.logged(t, "calls a Lambda function", 1)
	})
}

func TestCloseWhileAsking(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.table.put(named("a"))
		fetched(t, w.FetchByKey, "key-a")
		w.table.do(func() { w.table.hold = make(chan struct{}) })
		var asking sync.WaitGroup
		asking.Go(func() {
			if _, err := w.FetchByKey(t.Context(), "key-b"); !errors.Is(err, errClosed) {
				t.Errorf("error %v", err)
			}
		})
		synctest.Wait()
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		asking.Wait()
		if _, err := w.FetchByKey(t.Context(), "key-c"); !errors.Is(err, errClosed) || unknown(err) {
			t.Errorf("error %v", err)
		}
		w.expect(t, "key-a", apps.Found)
		w.logged(t, "database is away", 0)
	})
}

// TestAllocNothing: a loop asks for every connection.
func TestAllocNothing(t *testing.T) {
	c := Config{Driver: driverPostgres}.withDefaults()
	s := open(c, newFake(named("a")))
	defer s.Close()
	fetched(t, s.FetchByKey, "key-a")
	_, _ = s.FetchByKey(t.Context(), "nobody")
	for _, key := range []string{"key-a", "nobody", "never asked for", "never-asked-for"} {
		if n := testing.AllocsPerRun(100, func() { s.ByKey(key) }); n != 0 {
			t.Errorf("%q: %v allocations", key, n)
		}
	}
}

func BenchmarkByKey(b *testing.B) {
	s := open(Config{Driver: driverPostgres}.withDefaults(), newFake(named("a")))
	defer s.Close()
	if _, err := s.FetchByKey(b.Context(), "key-a"); err != nil {
		b.Fatal(err)
	}
	_, _ = s.FetchByKey(b.Context(), "nobody")
	for _, key := range []string{"key-a", "nobody", "new"} {
		b.Run(key, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.ByKey(key)
			}
		})
	}
}
