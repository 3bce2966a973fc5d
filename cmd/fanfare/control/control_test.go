//go:build unix

package control

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fakeNode is what a socket is served for.
type fakeNode struct {
	status  atomic.Pointer[Status]
	drains  chan Pace
	reloads chan struct{}
	busy    error // why nothing is begun
	level   slog.LevelVar

	upgrades []UpgradeRequest // that were asked for
	log      bytes.Buffer     // of the server alone; read when it has ended
}

func newFakeNode(s Status) *fakeNode {
	n := &fakeNode{drains: make(chan Pace, 1), reloads: make(chan struct{}, 1)}
	n.status.Store(&s)
	return n
}

func (n *fakeNode) hooks() Hooks {
	return Hooks{
		Log:      slog.New(slog.NewTextHandler(&n.log, nil)),
		Status:   func() Status { return *n.status.Load() },
		Pace:     Pace{Delay: 5 * time.Second, Time: 20 * time.Second},
		LogLevel: &n.level,
		Reload:   func() { n.reloads <- struct{}{} },
		Drain: func(p Pace) (bool, error) {
			select {
			case n.drains <- p:
				return true, n.busy
			default:
				return false, n.busy
			}
		},
		Upgrade: func(r UpgradeRequest) error {
			n.upgrades = append(n.upgrades, r)
			return n.busy
		},
	}
}

// folder is a short one of this user's own: t.TempDir may be too long for a
// socket.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "fanfare-control-") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func serve(t *testing.T, path string, h Hooks) *Server {
	t.Helper()
	s, err := Serve(t.Context(), path, h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func dialTo(t *testing.T, path string) *Client {
	c := Dial(path)
	t.Cleanup(c.Close)
	return c
}

func TestStatus(t *testing.T) {
	want := Status{
		Phase: "draining", Listening: true, Connections: 3, MaxConnections: 10, Loops: 2, Addresses: []string{"127.0.0.1:1"},
		LogLevel: "info", Version: "v1", PID: 7, Uptime: 1.5, Drain: &Progress{Step: Waiting, Of: 4, Left: 30},
	}
	path := filepath.Join(folder(t), "s")
	serve(t, path, newFakeNode(want).hooks())
	got, err := dialTo(t, path).Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != fs.ModeSocket|0o600 {
		t.Errorf("the socket has mode %v (%v), want 0600", info.Mode(), err)
	}
}

func TestDrain(t *testing.T) {
	f := func(query string, want Pace) {
		t.Helper()
		n := newFakeNode(Status{})
		path := filepath.Join(folder(t), "s")
		serve(t, path, n.hooks())
		c := dialTo(t, path)
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if _, began, err := c.Drain(t.Context(), q); err != nil || !began {
			t.Errorf("%s: began %v, error %v", query, began, err)
		}
		if _, began, err := c.Drain(t.Context(), q); err != nil || began {
			t.Errorf("%s, again: began %v, error %v; want to join", query, began, err)
		}
		if got := <-n.drains; got != want {
			t.Errorf("%s: got %v, want %v", query, got, want)
		}
	}
	f("", Pace{Delay: 5 * time.Second, Time: 20 * time.Second})
	f("delay=0", Pace{Time: 20 * time.Second})
	f("time=1.5", Pace{Delay: 5 * time.Second, Time: 1500 * time.Millisecond})
	f("delay=2s&time=1m", Pace{Delay: 2 * time.Second, Time: time.Minute})
}

func TestDrainRefusesNonsense(t *testing.T) {
	f := func(value string) {
		t.Helper()
		n := newFakeNode(Status{})
		path := filepath.Join(folder(t), "s")
		serve(t, path, n.hooks())
		_, began, err := dialTo(t, path).Drain(t.Context(), url.Values{"time": {value}})
		if began || err == nil || !strings.Contains(err.Error(), "want seconds from 0 to 86400") {
			t.Errorf("time=%s: began %v, error %v", value, began, err)
		}
	}
	f("")
	f("soon")
	f("-1")
	f("-1s")
	f("86401")
	f("25h")
	f("1e300")
	f("Inf")
	f("NaN")
}

func TestUpgrade(t *testing.T) {
	n := newFakeNode(Status{Upgrade: &Upgrade{Step: Moving, Moved: 3, Of: 9, Upgraded: Upgraded{FromPID: 1, ToPID: 2}}})
	path := filepath.Join(folder(t), "s")
	serve(t, path, n.hooks())
	c := dialTo(t, path)
	asked := []UpgradeRequest{{}, {Check: true}, {Binary: "/opt/a b/fan&fare?check=1"}, {Binary: "/x", Check: true}}
	for _, r := range asked {
		s, err := c.Upgrade(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(n.status.Load().Upgrade, s.Upgrade); diff != "" {
			t.Error(diff)
		}
	}
	if diff := cmp.Diff(asked, n.upgrades); diff != "" {
		t.Error(diff)
	}
}

func TestRefusals(t *testing.T) {
	n := newFakeNode(Status{})
	n.busy = errors.New("an upgrade is under way")
	path := filepath.Join(folder(t), "s")
	serve(t, path, n.hooks())
	c := dialTo(t, path)
	f := func(err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	_, err := c.Upgrade(t.Context(), UpgradeRequest{})
	f(err, "an upgrade is under way")
	_, err = c.Upgrade(t.Context(), UpgradeRequest{Binary: "fanfare"})
	f(err, "want a path from the root")
	_, _, err = c.Drain(t.Context(), nil)
	f(err, "an upgrade is under way")
}

func TestReloadAndLogLevel(t *testing.T) {
	n := newFakeNode(Status{})
	path := filepath.Join(folder(t), "s")
	s := serve(t, path, n.hooks())
	c := dialTo(t, path)
	if err := c.Reload(t.Context()); err != nil {
		t.Error(err)
	}
	<-n.reloads
	if err := c.SetLogLevel(t.Context(), "debug\n"); err != nil || n.level.Level() != slog.LevelDebug {
		t.Errorf("level %v, error %v; want debug", n.level.Level(), err)
	}
	for _, bad := range []string{"", "loud", "DEBUG-4", strings.Repeat("debug", 1000)} {
		if err := c.SetLogLevel(t.Context(), bad); err == nil || !strings.Contains(err.Error(), "debug, info, warn, error") {
			t.Errorf("level %.20q: error %v, want one that names the levels", bad, err)
		}
	}
	_ = s.Close()
	if log := n.log.String(); !strings.Contains(log, `for=reload uid=`+fmt.Sprint(os.Geteuid())) {
		t.Errorf("the log does not say who asked:\n%s", log)
	}
}

// A server with nothing to offer says so.
func TestHooksMayBeMissing(t *testing.T) {
	path := filepath.Join(folder(t), "s")
	h := newFakeNode(Status{}).hooks()
	h.Reload, h.LogLevel, h.Upgrade = nil, nil, nil
	serve(t, path, h)
	c := dialTo(t, path)
	if err := c.Reload(t.Context()); err == nil {
		t.Error("it has reloaded nothing")
	}
	if err := c.SetLogLevel(t.Context(), "debug"); err == nil {
		t.Error("it has set no level")
	}
	if _, err := c.Upgrade(t.Context(), UpgradeRequest{}); err == nil {
		t.Error("it has upgraded nothing")
	}
}

// What a process that is gone has left is replaced; a server that runs, and what
// is no socket, is left alone.
func TestOccupiedPath(t *testing.T) {
	dir := folder(t)
	f := func(name, want string) {
		t.Helper()
		s, err := Serve(t.Context(), filepath.Join(dir, name), newFakeNode(Status{}).hooks())
		if err == nil {
			_ = s.Close()
		}
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", name, err, want)
		}
	}
	stale, err := net.Listen("unix", filepath.Join(dir, "stale"))
	if err != nil {
		t.Fatal(err)
	}
	stale.(*net.UnixListener).SetUnlinkOnClose(false)
	stale.Close()
	f("stale", "")

	serve(t, filepath.Join(dir, "live"), newFakeNode(Status{Listening: true, PID: 4711}).hooks())
	f("live", "process 4711")

	if err := os.WriteFile(filepath.Join(dir, "file"), []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	f("file", "is no socket")
	if err := os.Symlink(filepath.Join(dir, "file"), filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	f("link", "is no socket")
	if got, _ := os.ReadFile(filepath.Join(dir, "file")); string(got) != "precious" {
		t.Errorf("the file says %q now", got)
	}
	f("no/folder", "there is no folder "+filepath.Join(dir, "no"))
	f(strings.Repeat("long", 50), "control.socket")
}

// Somebody who accepts and never answers is in use, and is waited for only so
// long.
func TestPathOfTheSilentIsLeftAlone(t *testing.T) {
	path := filepath.Join(folder(t), "s")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if _, err := Serve(t.Context(), path, newFakeNode(Status{}).hooks()); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("error %v, want that it is in use", err)
	}
}

// Who accepts and hangs up is about to end. Its name is taken when it has.
func TestPathOfTheEnding(t *testing.T) {
	path := filepath.Join(folder(t), "s")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for range 3 {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
		ln.Close()
	}()
	serve(t, path, newFakeNode(Status{PID: 2}).hooks())
	if s, err := dialTo(t, path).Status(t.Context()); err != nil || s.PID != 2 {
		t.Errorf("process %d, %v", s.PID, err)
	}
}

// The successor of a server that drains takes its name, who speaks to the old one
// goes on, and the old one's end does not take the name away.
func TestSuccessorTakesTheName(t *testing.T) {
	path := filepath.Join(folder(t), "s")
	old := serve(t, path, newFakeNode(Status{PID: 1, Drain: &Progress{Step: Closing}}).hooks())
	watcher := dialTo(t, path)
	pid := func(c *Client, want int) {
		t.Helper()
		if s, err := c.Status(t.Context()); err != nil || s.PID != want {
			t.Errorf("process %d, error %v; want %d", s.PID, err, want)
		}
	}
	pid(watcher, 1)
	before := runtime.NumGoroutine()
	serve(t, path, newFakeNode(Status{PID: 2}).hooks())
	await(t, "the connection by which the successor has asked", func() bool { return runtime.NumGoroutine() <= before+1 })
	pid(watcher, 1)
	pid(dialTo(t, path), 2)
	if err := old.Close(); err != nil {
		t.Error(err)
	}
	pid(dialTo(t, path), 2)
	if s, err := watcher.Status(t.Context()); err == nil {
		t.Errorf("who watched the old server is told of process %d by its successor", s.PID)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder has %v, %v; want the socket alone", entries, err)
	}
}

// A successor that takes the name between an ending server's look at it and its removal
// keeps it.
func TestNameIsTakenWhileItIsTakenAway(t *testing.T) {
	path := filepath.Join(folder(t), "s")
	old, err := take(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	successor, err := take(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer successor.Close()
	old.takeAway()
	if !successor.isAt(path) {
		t.Error("the name is gone, or another's")
	}
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder has %v, %v; want the socket alone", entries, err)
	}
}

// await waits for the end of something.
func await(t *testing.T, what string, ended func() bool) {
	t.Helper()
	look, late := time.NewTicker(5*time.Millisecond), time.After(20*time.Second)
	defer look.Stop()
	for !ended() {
		select {
		case <-look.C:
		case <-late:
			t.Fatalf("%s is still there", what)
		}
	}
}

func TestCloseTakesTheNameAway(t *testing.T) {
	path := filepath.Join(folder(t), "s")
	if err := serve(t, path, newFakeNode(Status{}).hooks()).Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("the socket is still there")
	}
	var none *Server
	if err := none.Close(); err != nil {
		t.Error(err)
	}
}

// Who connects and says nothing, or half of something, holds up nobody's end, and
// takes a bounded number of descriptors.
func TestStuckClients(t *testing.T) {
	n := newFakeNode(Status{})
	path := filepath.Join(folder(t), "s")
	s := serve(t, path, n.hooks())
	var conns []net.Conn
	for i := range 2 * maxPeers {
		c, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if i%2 == 0 {
			io.WriteString(c, "POST /drain HTTP/1.1\r\nContent-Le")
		}
		conns = append(conns, c)
	}
	last := conns[len(conns)-1]
	if err := last.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := last.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("connection %d: %v, want EOF", len(conns), err)
	}
	conns[0].Close()
	ok := false
	for deadline := time.Now().Add(10 * time.Second); !ok && time.Now().Before(deadline); {
		_, err := dialTo(t, path).Status(t.Context())
		ok = err == nil
	}
	if !ok {
		t.Error("nobody is let in when one has left")
	}
	start := time.Now()
	if err := s.Close(); err != nil || time.Since(start) > time.Second {
		t.Errorf("it took %v to close, error %v", time.Since(start), err)
	}
}

func TestHostileRequests(t *testing.T) {
	n := newFakeNode(Status{})
	path := filepath.Join(folder(t), "s")
	serve(t, path, n.hooks())
	f := func(request string, want int) {
		t.Helper()
		c, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		io.WriteString(c, request)
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatalf("%.40q: %v", request, err)
		}
		defer res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%.40q: %s, want %d", request, res.Status, want)
		}
	}
	const end = " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
	f("GET /drain"+end, 405)
	f("POST /status"+end, 405)
	f("GET /"+end, 404)
	f("GET /../../etc/passwd"+end, 307) // to the path without dots, which is none
	f("\x16\x03\x01"+end, 400)
	f("GET /status HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("y", 1<<20)+"\r\n\r\n", 431)
	f("PUT /log-level HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"+strings.Repeat("y", 100), 400)
	if len(n.drains) > 0 {
		t.Error("a drain was begun")
	}
}

// The mode of the socket alone is not relied on: whoever is somebody else, or can't be
// told, is cut, and the next one served.
func TestOthersAreCut(t *testing.T) {
	ln, err := listen(t.Context(), filepath.Join(folder(t), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	var log bytes.Buffer
	callers := []peer{{uid: os.Geteuid() + 1, pid: 4711}, {}, {uid: os.Geteuid()}}
	unknown := errors.New("not told")
	g := &guard{listener: ln, log: slog.New(slog.NewTextHandler(&log, nil)), who: func(*net.UnixConn) (p peer, err error) {
		if p, callers = callers[0], callers[1:]; len(callers) == 1 {
			err = unknown
		}
		return p, err
	}}
	var conns []net.Conn
	for range callers {
		c, err := net.Dial("unix", ln.path)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(20 * time.Second))
		conns = append(conns, c)
	}
	served, err := g.Accept()
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range conns[:2] {
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("caller %d is not cut: %v", i, err)
		}
	}
	go func() { _, _ = io.WriteString(served, "x"); _ = served.Close() }()
	if b, err := io.ReadAll(conns[2]); err != nil || string(b) != "x" {
		t.Errorf("its own user reads %q, %v", b, err)
	}
	for _, want := range []string{"pid=4711", unknown.Error()} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, log.String())
		}
	}
}

func TestUntrusted(t *testing.T) {
	me := os.Geteuid()
	if !(peer{uid: me}).trusted() || !(peer{uid: 0}).trusted() || (peer{uid: me + 1}).trusted() {
		t.Error("want this user and root to be trusted, and nobody else")
	}
	path := filepath.Join(folder(t), "s")
	got := make(chan peer, 1)
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		p, _ := whoIs(c.(*net.UnixConn))
		got <- p
	}()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if p := <-got; p.uid != me || p.pid != 0 && p.pid != os.Getpid() {
		t.Errorf("the kernel says %+v, want user %d and process %d", p, me, os.Getpid())
	}
}
