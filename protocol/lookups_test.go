package protocol

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanfare/channels/apps"
	"fanfare/engine"
	"fanfare/engine/enginetest"
	"fanfare/engine/http1"
)

// desk answers every request once an app is looked up: with what fetch found
// for the path.
type desk struct {
	testing.TB
	lookups *Lookups
	fetch   func(ctx context.Context, path string) (*apps.App, error)

	loop *enginetest.Loop
	jobs []func() // given to the pool, not begun
	full bool     // the pool takes no job
}

func newDesk(t testing.TB, limits LookupLimits) *desk {
	d := &desk{TB: t}
	d.fetch = func(_ context.Context, path string) (*apps.App, error) { return apps.New(path, "key", "secret"), nil }
	d.lookups = NewLookups(func(job func()) error {
		if d.full {
			return engine.ErrPoolFull
		}
		d.jobs = append(d.jobs, job)
		return nil
	}, limits)
	d.loop = enginetest.New(engine.Config{}, d)
	return d
}

func (*desk) BodyLimit(*http1.Request) int { return 0 }

func (d *desk) Request(c *engine.Conn, r *http1.Request) {
	path := string(r.Path)
	err := d.lookups.Start(c, Lookup{
		Size:  int64(len(path)),
		Fetch: func(ctx context.Context) (*apps.App, error) { return d.fetch(ctx, path) },
		Answer: func(c *engine.Conn, app *apps.App, err error) {
			if !c.Parked() {
				d.Errorf("%s waits no longer", path)
			}
			if (app == nil) != (err != nil) {
				d.Errorf("%s: app %v and error %v", path, app, err)
			}
			if err != nil {
				app = apps.New(err.Error(), "key", "secret")
			}
			c.Respond(&http1.Response{Status: 200, Body: []byte(app.ID)})
		},
	})
	if err != nil {
		c.Respond(&http1.Response{Status: 503, Body: []byte(err.Error())})
	}
}

// ask sends a request on a connection of its own.
func (d *desk) ask(path string) *enginetest.Peer {
	p := d.loop.Dial()
	p.Write([]byte("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n"))
	return p
}

// work lets a worker do the oldest job. Its panic is the pool's to log.
func (d *desk) work() {
	job := d.jobs[0]
	d.jobs = d.jobs[1:]
	func() {
		defer func() { _ = recover() }()
		job()
	}()
	d.loop.Settle()
}

func (d *desk) workAll() {
	for len(d.jobs) > 0 {
		d.work()
	}
}

// got checks what each has received so far: bodies, "" for nothing.
func (d *desk) got(peers []*enginetest.Peer, want ...string) {
	d.Helper()
	var got []string
	for _, p := range peers {
		_, body, _ := strings.Cut(string(p.Received()), "\r\n\r\n")
		got = append(got, body)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		d.Errorf("answers (-want +got):\n%s", diff)
	}
}

func (d *desk) nothingLeft() {
	d.Helper()
	q := d.lookups
	if q.waiting != 0 || q.bytes != 0 || q.asking != 0 || len(q.queue) != 0 || len(d.jobs) != 0 {
		d.Errorf("left: %d waiting, %d bytes, %d asking, %d in the queue, %d jobs", q.waiting, q.bytes, q.asking, len(q.queue), len(d.jobs))
	}
}

func TestLookup(t *testing.T) {
	d := newDesk(t, LookupLimits{})
	d.fetch = func(_ context.Context, path string) (*apps.App, error) {
		switch path {
		case "/unknown":
			return nil, apps.ErrUnknown
		case "/confused":
			return apps.New("3", "key", "secret"), errors.New("database is down")
		case "/silent":
			return nil, nil
		case "/panic":
			panic("at the store")
		}
		return apps.New("3", "key", "secret"), nil
	}
	var peers []*enginetest.Peer
	for _, path := range []string{"/panic", "/unknown", "/confused", "/silent", "/app"} {
		peers = append(peers, d.ask(path))
	}
	if n := d.lookups.Waiting(); n != 5 {
		t.Errorf("%d wait", n)
	}
	d.got(peers, "", "", "", "", "")
	d.workAll()
	d.got(peers, errNoAnswer.Error(), apps.ErrUnknown.Error(), "database is down", errNoAnswer.Error(), "3")
	d.nothingLeft()
}

// However many wait, only so many workers ask, and the oldest come first.
func TestLookupsLeaveWorkers(t *testing.T) {
	d := newDesk(t, LookupLimits{Workers: 2})
	d.fetch = func(_ context.Context, path string) (*apps.App, error) {
		if n := len(d.jobs); n > 1 {
			t.Errorf("%s is being asked for, and %d more are in the pool", path, n)
		}
		return apps.New(path, "key", "secret"), nil
	}
	var peers []*enginetest.Peer
	for i := range 6 {
		peers = append(peers, d.ask(fmt.Sprint("/", i)))
	}
	for left := 6; left > 0; left-- {
		if want := min(left, 2); len(d.jobs) != want {
			t.Errorf("%d wait, %d jobs are in the pool, want %d", left, len(d.jobs), want)
		}
		d.work()
	}
	d.got(peers, "/0", "/1", "/2", "/3", "/4", "/5")
	d.nothingLeft()
}

func TestLookupsAreBounded(t *testing.T) {
	f := func(name string, limits LookupLimits) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, limits)
			peers := []*enginetest.Peer{d.ask("/one"), d.ask("/two"), d.ask("/more")}
			d.got(peers, "", "", ErrLookupsFull.Error())
			d.work()
			peers = append(peers, d.ask("/room"))
			d.workAll()
			d.got(peers, "/one", "/two", "", "/room")
			d.nothingLeft()
		})
	}
	f("number", LookupLimits{Max: 2})
	f("bytes", LookupLimits{MaxBytes: 9})
	f("number, several workers", LookupLimits{Max: 2, Workers: 2})
}

// A full pool refuses those that come and those that it would be the turn of.
func TestLookupsWithoutPool(t *testing.T) {
	d := newDesk(t, LookupLimits{})
	d.full = true
	d.got([]*enginetest.Peer{d.ask("/x")}, ErrLookupsFull.Error())
	d.nothingLeft()

	d.full = false
	peers := []*enginetest.Peer{d.ask("/1"), d.ask("/2"), d.ask("/3")}
	d.full = true
	d.work()
	d.got(peers, "/1", ErrLookupsFull.Error(), ErrLookupsFull.Error())
	d.nothingLeft()
}

// The time in the queue counts, and whose time is over is not asked for.
func TestLookupTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, LookupLimits{Timeout: 3 * time.Second})
		asked := []string{}
		d.fetch = func(ctx context.Context, path string) (*apps.App, error) {
			asked = append(asked, path)
			<-ctx.Done()
			return nil, fmt.Errorf("%s: %w", path, ctx.Err())
		}
		peers := []*enginetest.Peer{d.ask("/1"), d.ask("/2")}
		<-time.After(time.Second)
		peers = append(peers, d.ask("/3"))
		began := time.Now()
		d.workAll()
		d.got(peers, "/1: context deadline exceeded", "context deadline exceeded", "/3: context deadline exceeded")
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("all took %v, want until the last one's time was over", took)
		}
		if diff := cmp.Diff([]string{"/1", "/3"}, asked); diff != "" {
			t.Errorf("asked for (-want +got):\n%s", diff)
		}
		d.nothingLeft()
	})
}

// The client may be gone, or have had another answer, when the store answers.
func TestLookupForNobody(t *testing.T) {
	d := newDesk(t, LookupLimits{})
	gone, told := d.ask("/gone"), d.ask("/told")
	gone.Hangup()
	told.Conn().Respond(&http1.Response{Status: 200, Body: []byte("something else")})
	d.workAll()
	d.got([]*enginetest.Peer{gone, told}, "", "something else")
	d.nothingLeft()
}

// Requests on two real loops: all are answered, and never do more workers ask
// than may.
func TestLookupsLive(t *testing.T) {
	const clients, most = 64, 3
	var asking, highest atomic.Int64
	d := &desk{TB: t}
	d.fetch = func(_ context.Context, path string) (*apps.App, error) {
		defer asking.Add(-1)
		n := asking.Add(1)
		for h := highest.Load(); n > h && !highest.CompareAndSwap(h, n); h = highest.Load() {
		}
		return apps.New(path, "key", "secret"), nil
	}
	s, err := engine.New(engine.Config{Addrs: []string{"127.0.0.1:0"}, Loops: 2, Logger: slog.New(slog.DiscardHandler)}, d)
	if err != nil {
		t.Fatal(err)
	}
	d.lookups = NewLookups(s.Submit, LookupLimits{Workers: most})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	web := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}, Timeout: 10 * time.Second}
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for range 10 {
				r, err := web.Get("http://" + s.Addrs()[0] + "/x")
				if err != nil {
					t.Error(err)
					return
				}
				r.Body.Close()
				if r.StatusCode != 200 {
					t.Errorf("answered %d", r.StatusCode)
				}
			}
		})
	}
	wg.Wait()
	web.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := s.Shutdown(ctx, Goodbye); err != nil {
		t.Error(err)
	}
	if n := highest.Load(); n > most {
		t.Errorf("%d workers asked at once, want at most %d", n, most)
	}
	d.nothingLeft()
}
