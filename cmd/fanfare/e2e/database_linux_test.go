//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pusher/pusher-http-go/v5"

	"fanfare/channels/apps/database/dbtest"
	"fanfare/cmd/fanfare/e2e/process"
)

// databases are started for the tests, each for itself.
var databases = map[string]func(t *testing.T) *dbtest.Server{"PostgreSQL": dbtest.Postgres, "MariaDB": dbtest.MariaDB}

// databaseTTL is what the server is told, and slack what a busy machine may take besides.
const (
	databaseTTL = 2 * time.Second
	slack       = 5 * time.Second
)

// withDatabase prepares a server whose apps are in the database alone. The URL is in a variable, as in a container.
func withDatabase(t *testing.T, db *dbtest.Server, flags ...string) *exec.Cmd {
	t.Helper()
	cmd := process.Fanfare(t, append([]string{
		"serve", "--host", "127.0.0.1", "--port", "0", "--metrics-port", "0",
		"--database-ttl", databaseTTL.String(), "--database-unknown-ttl", "1", "--database-query-timeout", "2",
	}, flags...)...)
	cmd.Env = append(cmd.Env, "FANFARE_DATABASE_URL="+db.URL)
	return cmd
}

func serveDatabase(t *testing.T, db *dbtest.Server) *server {
	t.Helper()
	s := process.Serve(t, withDatabase(t, db))
	t.Cleanup(func() {
		if showsPassword(s.Log()) {
			t.Errorf("the log has the database's password:\n%s", s.Log())
		}
	})
	return &server{Server: s, addr: s.Addr, metrics: s.Metrics}
}

// showsPassword looks for the beginning of dbtest.Password, which URLs have as it is.
func showsPassword(text string) bool { return strings.Contains(text, dbtest.Password[:6]) }

// gauge reads a number off the metrics' page.
func (s *server) gauge(t *testing.T, name string) float64 {
	t.Helper()
	response, err := http.Get("http://" + s.metrics + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindSubmatch(page)
	if found == nil {
		t.Fatalf("/metrics has no %s", name)
	}
	n, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// connectDatabaseApp connects pusher-js to an app of the database.
func connectDatabaseApp(t *testing.T, scripts *node, s *server, id string) *client {
	t.Helper()
	options := stockOptions(t, s.addr)
	options["cluster"] = ""
	c := &client{node: scripts, name: id}
	scripts.call(t, "connect", args{"client": id, "key": "key-" + id, "options": options}, &c.socketID)
	return c
}

// databaseLibrary is the npm package pusher, with an app of the database.
func databaseLibrary(t *testing.T, s *server, id string) *nodeLibrary {
	t.Helper()
	l := newNodeLibrary(t, s)
	l.options["appId"], l.options["key"], l.options["secret"] = id, "key-"+id, "secret-"+id
	return l
}

func TestDatabase(t *testing.T) {
	t.Parallel()
	for name, start := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := start(t)
			db.CreateApps(t)
			db.InsertApps(t, "shop", "gone", "limited")
			db.Exec(t, "UPDATE apps SET max_backend_events_per_sec = 50 WHERE id = 'limited'")
			s := serveDatabase(t, db)
			t.Run("clients and publishers", func(t *testing.T) { testDatabaseApp(t, s) })
			t.Run("upgrades", func(t *testing.T) { testDatabaseUpgrades(t, db, s) })
			t.Run("killed under load", func(t *testing.T) { testDatabaseKilled(t, db, s) })
			t.Run("changes", func(t *testing.T) { testDatabaseChanges(t, db, s) })
		})
	}
}

func testDatabaseApp(t *testing.T, s *server) {
	alice := connectDatabaseApp(t, startNode(t, "client"), s, "shop")
	alice.subscribe(t, "orders", "created")
	library := databaseLibrary(t, s, "shop")
	library.expect(t, rawJSON(`{}`), "trigger", "orders", "created", order)
	alice.expect(t, "event", seen{Channel: "orders", Event: "created", Data: orderJSON})
	library.options["secret"] = "secret-gone"
	if got := library.request(t, "trigger", "orders", "created", order); got.Status != http.StatusUnauthorized {
		t.Errorf("with another app's secret: %+v, want 401", got)
	}
	if got := databaseLibrary(t, s, "nobody").request(t, "trigger", "orders", "created", order); got.Status != http.StatusNotFound {
		t.Errorf("an app that nobody has: %+v, want 404", got)
	}
	knocks(t, loopback, s.url("nobody"), 4001)
	knocks(t, loopback, "ws://"+s.addr+"/app/"+appKey, 4001) // the app that everybody knows is not there
}

// loopback is where clients connect from.
const loopback = "127.0.0.1"

// url is where clients of an app of the database connect to.
func (s *server) url(id string) string { return "ws://" + s.addr + "/app/key-" + id }

// testDatabaseUpgrades: a new process looks the apps up before it takes their clients, and what they have used up of their limits.
// While it can't look them up it is refused, and the old one serves on.
func testDatabaseUpgrades(t *testing.T, db *dbtest.Server, s *server) {
	alice := connectDatabaseApp(t, startNode(t, "client"), s, "shop")
	alice.expect(t, "state", seen{State: "connected"})
	alice.subscribe(t, "orders", "created")
	library := databaseLibrary(t, s, "shop")
	goesOn := func() {
		t.Helper()
		library.expect(t, rawJSON(`{}`), "trigger", "orders", "created", order)
		alice.expect(t, "event", seen{Channel: "orders", Event: "created", Data: orderJSON})
	}
	limited, _ := s.publisher(t)
	limited.AppID, limited.Key, limited.Secret = "limited", "key-limited", "secret-limited"
	stop := presses(t, limited)
	for range 2 {
		s.upgrade(t)
		goesOn()
	}
	if published, most := stop(); published > most {
		t.Errorf("%d events were published, and at most %d are allowed", published, most)
	}
	db.Kill(t)
	before := time.Now()
	s.refusesUpgrade(t, "cannot find out about app")
	t.Logf("without its database, an upgrade was refused after %v", time.Since(before).Round(time.Millisecond))
	goesOn()
	db.Start(t)
	s.upgrade(t)
	goesOn()
	alice.staysQuiet(t, 0)
}

// presses publishes four times as often as 50 events a second, which is the limit, until stop, which tells how many were taken, and
// how many may be.
func presses(t *testing.T, library *pusher.Client) (stop func() (published, most int)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	counted := make(chan int, 1)
	start := time.Now()
	go func() {
		n := 0
		every := time.NewTicker(5 * time.Millisecond)
		defer every.Stop()
		for ctx.Err() == nil {
			<-every.C
			if library.Trigger("orders", "created", order) == nil { // most are refused
				n++
			}
		}
		counted <- n
	}()
	return func() (int, int) {
		cancel()
		n := <-counted
		return n, 50 + int(time.Since(start).Seconds()*50) + 2
	}
}

// testDatabaseKilled: while the database is away and comes back, the app that is known is served as if nothing were, and
// clients of others are told to come again.
func testDatabaseKilled(t *testing.T, db *dbtest.Server, s *server) {
	ctx, stop := context.WithCancel(t.Context())
	var load sync.WaitGroup
	defer load.Wait()
	defer stop()
	published := 0
	library := &pusher.Client{AppID: "shop", Key: "key-shop", Secret: "secret-shop", Host: s.addr}
	load.Go(func() {
		for ; ctx.Err() == nil; published++ {
			if err := library.Trigger("orders", "created", order); err != nil {
				t.Errorf("publish %d: %v", published, err)
				return
			}
		}
	})
	for round := range 2 {
		db.Kill(t)
		stranger := fmt.Sprintf("new%d", round)
		knocks(t, loopback, s.url(stranger), 4100)
		until(t, "the outage is noticed", func() bool { return s.gauge(t, "fanfare_database_up") == 0 })
		knocks(t, loopback, s.url("shop"), 0)
		knocks(t, loopback, s.url(stranger), 4100)
		db.Start(t)
		db.InsertApps(t, stranger)
		began := time.Now()
		until(t, "the new app is served", func() bool {
			code, _ := knock(t, loopback, s.url(stranger), nil)
			return code == 0
		})
		t.Logf("a new app was served %v after the database was back", time.Since(began).Round(time.Millisecond))
		knocks(t, loopback, s.url("shop"), 0)
	}
	stop()
	load.Wait()
	until(t, "the end of the outage is noticed", func() bool { return s.gauge(t, "fanfare_database_up") == 1 })
	t.Logf("%d publishes meanwhile, %v stale look-ups", published, s.gauge(t, "fanfare_database_stale_hits_total"))
	if s.gauge(t, "fanfare_database_stale_hits_total") == 0 || published == 0 {
		t.Error("nothing happened while the database was away")
	}
}

func testDatabaseChanges(t *testing.T, db *dbtest.Server, s *server) {
	scripts := startNode(t, "client")
	alice, bob := connectDatabaseApp(t, scripts, s, "shop"), connectDatabaseApp(t, scripts, s, "gone")
	for _, c := range []*client{alice, bob} {
		c.expect(t, "state", seen{State: "connected"})
	}
	old, renewed := databaseLibrary(t, s, "shop"), databaseLibrary(t, s, "shop")
	renewed.options["secret"] = "another"
	db.Exec(t, "UPDATE apps SET secret = 'another' WHERE id = 'shop'")
	until(t, "the new secret verifies", func() bool { return renewed.request(t, "trigger", "orders", "created", order).Status == 200 })
	old.expect(t, rawJSON(`{}`), "trigger", "orders", "created", order)

	changed := time.Now()
	db.Exec(t, "UPDATE apps SET enabled = 0 WHERE id = 'shop'", "DELETE FROM apps WHERE id = 'gone'")
	for _, c := range []*client{alice, bob} {
		if got := c.next(t, "error", "close code 4003"); !strings.Contains(string(got.Error), `"code":4003`) {
			t.Errorf("%s: pusher-js reported %s, want code 4003", c.name, got.Error)
		}
		c.expect(t, "state", seen{State: "disconnected"})
	}
	if took := time.Since(changed); took > databaseTTL+slack {
		t.Errorf("it took %v until clients were closed, with a TTL of %v", took, databaseTTL)
	}
	knocks(t, loopback, s.url("shop"), 4003)
	knocks(t, loopback, s.url("gone"), 4001)
	if got := renewed.request(t, "trigger", "orders", "created", order); got.Status != http.StatusForbidden {
		t.Errorf("a publish to a disabled app: %+v, want 403", got)
	}
}

// TestDatabaseBehindFiles: a file's app hides a row with its id, and clients stay connected when an app moves from a file into
// the database, although the database has never been asked for it.
func TestDatabaseBehindFiles(t *testing.T) {
	t.Parallel()
	db := dbtest.Postgres(t)
	db.CreateApps(t)
	db.InsertApps(t, "hidden")
	dir := t.TempDir()
	file := filepath.Join(dir, "fanfare.toml")
	table := func(id, key string) string {
		return fmt.Sprintf("[[apps]]\nid = %q\nkey = %q\nsecret = \"secret-%s\"\nclient_events = false\n", id, key, id)
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file+".new", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
	}
	write(table("hidden", "key-of-the-file") + table("moved", "key-moved"))
	running := process.Serve(t, withDatabase(t, db, "--config", file))
	s := &server{Server: running, addr: running.Addr, metrics: running.Metrics}

	knocks(t, loopback, s.url("hidden"), 4001)
	knocks(t, loopback, "ws://"+s.addr+"/app/key-of-the-file", 0)
	alice := connectDatabaseApp(t, startNode(t, "client"), s, "moved")
	alice.expect(t, "state", seen{State: "connected"})
	alice.subscribe(t, "orders", "created")
	db.InsertApps(t, "moved")
	write("# all apps are in the database\n")
	until(t, "the file is reloaded", func() bool { return strings.Contains(s.Log(), `"removed":["hidden","moved"]`) })
	until(t, "the row that was hidden is served", func() bool {
		code, _ := knock(t, loopback, s.url("hidden"), nil)
		return code == 0
	})
	databaseLibrary(t, s, "moved").expect(t, rawJSON(`{}`), "trigger", "orders", "created", order)
	alice.expect(t, "event", seen{Channel: "orders", Event: "created", Data: orderJSON})
	alice.staysQuiet(t, 100*time.Millisecond)
	if s.gauge(t, "fanfare_database_apps") != 2 {
		t.Error("the apps do not come from the database")
	}
}

// TestDatabaseRefuses: what waiting does not mend ends the start, in words that name no password.
func TestDatabaseRefuses(t *testing.T) {
	t.Parallel()
	for name, start := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := start(t)
			db.CreateApps(t)
			f := func(wantCode int, want string, cmd *exec.Cmd) {
				t.Helper()
				p := process.Launch(t, cmd, nil)
				code, err := p.ExitCode(patience)
				if err != nil {
					t.Fatal(err)
				}
				if code != wantCode || !regexp.MustCompile(want).MatchString(p.Log()) || showsPassword(p.Log()) {
					t.Errorf("exit code %d, want %d, and this log, want %s and no password:\n%s", code, wantCode, want, p.Log())
				}
			}
			wrong := *db
			wrong.URL = strings.Replace(db.URL, "s3cret", "wr0ng-s3cret", 1)
			f(1, `fanfare: \[database\]: cannot read table apps: .*(authentication failed|Access denied)`, withDatabase(t, &wrong))
			f(1, `fanfare: \[database\]: cannot read table other: .*(does not exist|doesn't exist)`, withDatabase(t, db, "--database-table", "other"))
			f(2, `fanfare: --database-table: database.table is "a b"`, withDatabase(t, db, "--database-table", "a b"))
			db.Exec(t, "ALTER TABLE apps DROP COLUMN secret")
			f(1, `fanfare: \[database\]: cannot read table apps: it has no column "secret"`, withDatabase(t, db))
		})
	}
}
