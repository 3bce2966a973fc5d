//go:build unix

package node

import (
	"bytes"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"fanfare/channels/apps"
	"fanfare/cmd/fanfare/config"
	"fanfare/engine"
)

// lockedLog is a log that several goroutines write to.
type lockedLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// awayURLs are of databases that are not there.
func awayURLs(t *testing.T) []string {
	t.Helper()
	dir := url.QueryEscape(t.TempDir())
	return []string{"postgres://u:geheim@/x?host=" + dir, "mysql://u:geheim@/x?socket=" + dir + "%2Fsocket"}
}

// A database that is away keeps nobody from serving the apps of files, and clients
// of all others are told to come back.
func TestNodeStartsWithoutItsDatabase(t *testing.T) {
	for _, address := range awayURLs(t) {
		m := newNode(t, func(c *config.Config) { c.Database.URL = address })
		log := &lockedLog{}
		m.Log = slog.New(slog.NewTextHandler(log, nil))
		if err := m.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		f := func(key, want string) {
			t.Helper()
			ws, _, err := websocket.Dial(t.Context(), "ws://"+m.Addrs[0]+"/app/"+key+"?protocol=7", nil) //nolint:bodyclose // Dial's documentation: there is none to close
			if err != nil {
				t.Fatal(err)
			}
			defer ws.CloseNow()
			if _, frame, err := ws.Read(t.Context()); err != nil || !strings.Contains(string(frame), want) {
				t.Errorf("%s: got %s, %v, want %s", key, frame, err, want)
			}
		}
		f("app-key", `"pusher:connection_established"`)
		f("another", `"code":4100`)
		if status, body := get(t, "http://"+m.Addrs[0]+"/apps/another/channels"); status != 503 {
			t.Errorf("the API answers %d %s, want 503", status, body)
		}
		_, page := get(t, "http://"+m.MetricsAddrs[0]+"/metrics")
		for _, want := range []string{"fanfare_database_up 0\n", "fanfare_database_apps 0\n", "# TYPE fanfare_database_misses_total counter\n"} {
			if !strings.Contains(page, want) {
				t.Errorf("/metrics has no %q", want)
			}
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		if text := log.String(); !strings.Contains(text, "the apps database is away") || strings.Contains(text, "geheim") {
			t.Errorf("the log:\n%s", text)
		}
	}
}

func TestNodeWithoutADatabaseHasNoSuchMetrics(t *testing.T) {
	m := startNode(t, nil)
	if _, page := get(t, "http://"+m.MetricsAddrs[0]+"/metrics"); strings.Contains(page, "fanfare_database") {
		t.Error("/metrics speaks of a database")
	}
}

// A node whose start fails later leaves no connections and goroutines of the
// database behind: TestMain looks.
func TestNodeThatFailsClosesItsDatabase(t *testing.T) {
	first := startNode(t, nil)
	for _, address := range awayURLs(t) {
		m := newNode(t, func(c *config.Config) { c.Database.URL, c.Server.Port = address, first.Port() })
		if err := m.Run(t.Context()); err == nil || !strings.Contains(err.Error(), first.Addrs[0]) {
			t.Errorf("on a port that is taken: %v", err)
		}
	}
	m := newNode(t, func(c *config.Config) { c.Database.URL, c.Database.Table = awayURLs(t)[0], "a b" })
	err := m.Run(t.Context())
	if _, usage := errors.AsType[config.Error](err); !usage || !strings.Contains(err.Error(), `[database]: table is "a b"`) {
		t.Errorf("with a table that can't be: %v", err)
	}
}

func TestNodeRefusesKnownSecretsOfTheDatabase(t *testing.T) {
	open, own := apps.Default(), apps.New("1", "k", "of-our-own")
	f := func(host string, refused bool) {
		t.Helper()
		m := &Main{hosts: []string{"127.0.0.1", host}}
		err := m.refuse(open)
		if (err != nil) != refused || refused && !strings.Contains(err.Error(), host) {
			t.Errorf("on %s: %v", host, err)
		}
		if err := m.refuse(own); err != nil {
			t.Errorf("on %s: a secret of its own: %v", host, err)
		}
	}
	f("::1", false)
	f("0.0.0.0", true)
	f("192.0.2.1", true)
}

// The store asks whether an app has connections before it forgets it.
func TestNodeTellsTheDatabaseWhatIsInUse(t *testing.T) {
	m := newNode(t, nil)
	m.tenants = apps.NewTenants(1)
	inUse := m.databaseConfig().InUse
	want := func(want bool) {
		t.Helper()
		if got := inUse("1"); got != want {
			t.Errorf("in use: %v, want %v", got, want)
		}
	}
	want(false)
	live := m.tenants.Of(apps.New("1", "k", "s"))
	want(false)
	live.Acquire(0)
	want(true)
	live.Release()
	want(false)
}

func TestLookupsLeaveWorkersForOthers(t *testing.T) {
	f := func(workers, given int, withDatabase bool, wantEach, wantAll int) {
		t.Helper()
		m := newNode(t, func(c *config.Config) { c.Server.Workers = given })
		if withDatabase {
			m.Config.Database.URL = awayURLs(t)[0]
			if err := m.openDatabase(t.Context()); err != nil {
				t.Fatal(err)
			}
			defer m.closeDatabase()
		}
		cfg := engine.Config{Workers: workers}
		limits := m.lookups(&cfg)
		if limits.Workers != wantEach || cfg.Workers != wantAll {
			t.Errorf("of %d workers (%d given) %d for each, %d in all; want %d and %d", workers, given, limits.Workers, cfg.Workers, wantEach, wantAll)
		}
		if withDatabase && limits.Timeout <= m.Config.Database.QueryTimeout {
			t.Errorf("a look-up ends after %v, before its query", limits.Timeout)
		}
	}
	f(4, 0, false, 1, 4)
	f(4, 0, true, 2, 8)
	f(256, 0, true, 4, 264)
	f(4, 4, true, 1, 4)
	f(1, 1, true, 1, 1)
}

// Connections of clients leave room for those to the database.
func TestDescriptorsForTheDatabase(t *testing.T) {
	m := newNode(t, nil)
	without := m.engineConfig().Reserved
	m.Config.Database.URL, m.Config.Database.Pool = "postgres://soketi:geheim@db.internal:5432/soketi", 7
	if got := m.engineConfig().Reserved; got != without+7 {
		t.Errorf("%d descriptors are reserved, and %d without a database of 7 connections", got, without)
	}
}

// Counters of an app that is gone go with its last connection, also where somebody
// has brought them back for a moment; those of one that came back stay.
func TestDepartedAppsAreForgotten(t *testing.T) {
	tenants, gone := apps.NewTenants(1), departed{}
	app := apps.New("1", "k", "s")
	live := tenants.Of(app)
	live.Acquire(0)
	there := func(want bool) {
		t.Helper()
		gone.forget(tenants)
		if _, there := tenants.Find("1"); there != want {
			t.Errorf("its counters are there: %v", there)
		}
	}
	there(true)
	gone.add("1")
	there(true)
	live.Release()
	there(false)
	tenants.Of(app)
	there(false)
	there(false)
	if len(gone.ids) != 0 {
		t.Errorf("still waiting for %v", gone.ids)
	}
	gone.add("1")
	gone.remove("1")
	tenants.Of(app)
	there(true)
}

func TestReloadTellsTheDatabaseOfTheOverlap(t *testing.T) {
	r := newReloading(t, appTable("1", "a"), "")
	var told []time.Duration
	r.overlap = func(d time.Duration) { told = append(told, d) }
	r.put("fanfare.toml", "[server]\nsecret_overlap = 60\n"+appTable("1", "a"))
	r.want("another overlap", false)
	r.put("fanfare.toml", "[server]\nsecret_overlap = x\n"+appTable("1", "a"))
	r.reload(false)
	if len(told) != 1 || told[0] != time.Minute {
		t.Errorf("told %v, want one minute", told)
	}
}

func TestReloadKeepsTheBuiltinAppUntilARestart(t *testing.T) {
	r := newReloading(t, " ", "")
	r.put("fanfare.toml", "[database]\nurl = \"postgres://u:geheim@localhost/x\"\n")
	r.want("a database", false, refused+`"the apps of database.url are there after a restart; until then the built-in one is served on"`)
	if r.apps.Len() != 1 {
		t.Errorf("%d apps", r.apps.Len())
	}
	r.put("fanfare.toml", "[database]\nurl = \"postgres://u:geheim@localhost/x\"\n"+appTable("1", "a"))
	r.want("and an app", false, `level=INFO msg="apps reloaded" added=[1] changed=[] removed=[app-id] apps=1`,
		`level=WARN msg="changed settings that need an upgrade (fanfare upgrade) or a restart" keys=[database.url]`)
}
