package webhooks

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// An endpoint that takes connections and never answers costs its time-out, and
// holds up nobody else.
func TestHangingEndpoint(t *testing.T) {
	release := make(chan struct{})
	hang := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer hang.Close()
	defer close(release)
	box := newLetterbox(nil)
	var log book
	h := start(t, Config{
		Apps: static(t, hooked("app", hang.URL, box.serve(t))), Log: log.log(),
		Timeout: 200 * time.Millisecond, Requests: 2, // one for all that work, one for all that fail
	})
	const n = 200
	for i := range n {
		h.ClientEvent("app", fmt.Sprint("private-", i), "client-x", "", "1.2", "")
	}
	box.wait(t, n)
	until(t, func() bool { return h.Stats().Delivered == n }) // the last answer is on its way
	for _, ep := range h.Stats().Endpoints {
		works := ep.URL != hang.URL
		if works != (ep.Delivered == n) || works == (ep.Queued == n) {
			t.Errorf("%+v", ep)
		}
	}
	if text := log.String(); !strings.Contains(text, "did not answer in time") {
		t.Errorf("the log says\n%s", text)
	}
}

func (h *Hooks) sync(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := h.Sync(ctx); err != nil {
		t.Fatal(err)
	}
}

// Nobody listens; then somebody does, at the same address.
func TestEndpointThatComesBack(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	h := start(t, Config{Apps: static(t, hooked("app", "http://"+addr))})
	const each = 100
	for i := range each {
		h.ClientEvent("app", "private-a", "client-x", fmt.Sprint(i), "1.2", "")
	}
	until(t, func() bool { return h.Stats().FailedAttempts > 0 })
	box := newLetterbox(nil)
	s := httptest.NewUnstartedServer(box)
	if s.Listener, err = net.Listen("tcp", addr); err != nil {
		t.Fatal(err)
	}
	s.Start()
	defer s.Close()
	box.wait(t, each)
	wantOrder(t, box, each)
}

// A hundred thousand events for an endpoint that is dead: memory stays within
// the bound, what goes is the oldest, it is counted, and the endpoint that
// works gets everything.
func TestDeadEndpointIsBounded(t *testing.T) {
	const n, bound, size = 100_000, 2_000, 500
	box := newTally()
	works := httptest.NewServer(box)
	defer works.Close()
	dead := httptest.NewServer(http.NotFoundHandler())
	defer dead.Close()
	app := hooked("app", works.URL, dead.URL)
	app.WebhookBatching = true
	h := start(t, Config{Apps: static(t, app), QueueEvents: bound})
	data := strings.Repeat("x", size)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range n {
		h.ClientEvent("app", "private-a", "client-x", fmt.Sprint(i, " ", data), "1.2", "")
		if i%1000 == 999 {
			h.sync(t)
			until(t, func() bool { return h.queuedOf(0) < bound/2 }) // the one that works gets time to
		}
	}
	until(t, func() bool { return h.queuedOf(0) == 0 })
	if taken := box.count(); taken != n {
		t.Errorf("the endpoint that works got %d", taken)
	}
	box.check(t)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 8<<20 {
		t.Errorf("the heap grew by %d KiB", grown>>10)
	}
	s := h.Stats()
	if s.Queued > bound || s.Dropped[DropQueue] != uint64(n-s.Queued) {
		t.Errorf("%d queued, dropped %v", s.Queued, s.Dropped)
	}
	// What is left is the newest, but for what was in a request meanwhile.
	for _, ep := range h.allEndpoints() {
		for _, l := range ep.lanes {
			for i, e := range l.queue {
				want := n - len(l.queue) + i
				if i >= max(l.sending, l.tried) && !strings.Contains(string(e.json), fmt.Sprintf(`"data":"%d `, want)) {
					t.Fatalf("event %d in the queue is %.80s, want %d", i, e.json, want)
				}
			}
		}
	}
}

// queuedOf returns how many events wait for the app's webhook at i.
func (h *Hooks) queuedOf(i int) int {
	app, _ := h.apps.peek("app")
	for _, ep := range h.Stats().Endpoints {
		if ep.URL == app.Webhooks[i].URL {
			return ep.Queued
		}
	}
	return 0
}

// All queues together have a bound: the largest pays.
func TestTotalBytes(t *testing.T) {
	box := newLetterbox(func(int, post) int { return 500 })
	cfg := Config{Apps: static(t, hooked("large", "http://large"), hooked("small", "http://small")), TotalBytes: 1 << 20}
	bubble(t, cfg, box, func(t *testing.T, h *Hooks) {
		h.ClientEvent("small", "private-a", "client-x", "", "1.2", "")
		data := strings.Repeat("x", 1000)
		for range 3000 {
			h.ClientEvent("large", "private-a", "client-x", data, "1.2", "")
			synctest.Wait()
		}
		s := h.Stats()
		if s.QueuedBytes > 1<<20 || s.QueuedBytes < 3<<18 || s.Dropped[DropMemory] == 0 ||
			s.Queued+int(s.Dropped[DropMemory]) != 3001 || s.Endpoints[1].Queued != 1 {
			t.Errorf("%+v", s)
		}
		if q := h.queued.Load(); q != int64(s.QueuedBytes) {
			t.Errorf("%d bytes are counted, %d are there", q, s.QueuedBytes)
		}
	})
}

// The desk that does not keep up loses the oldest, and says how many.
func TestHandoverIsBounded(t *testing.T) {
	var dropped int
	h := newHandover(1<<20, func(list []record) {
		for i := range list {
			if list[i].letter == nil {
				dropped++
			}
		}
	})
	h.push(record{kind: errand, letter: &letter{}})
	const n = 50_000
	for i := range n {
		h.push(record{kind: clientEvent, count: i})
		if h.bytes > 1<<20+chunk*recordSize {
			t.Fatalf("%d bytes after %d records", h.bytes, i)
		}
	}
	next, letters := dropped, 0
	for _, chunk := range h.take() {
		for i := range chunk {
			if chunk[i].letter != nil {
				letters++
				continue
			}
			if chunk[i].count != next {
				t.Fatalf("record %d came when %d was due", chunk[i].count, next)
			}
			next++
		}
	}
	if dropped == 0 || next != n || letters != 1 {
		t.Errorf("%d dropped, the last is %d, %d letters", dropped, next-1, letters)
	}
	large := record{kind: clientEvent, data: strings.Repeat("x", 300<<10)}
	for range 10 {
		h.push(large)
	}
	if h.bytes > 2<<20 {
		t.Errorf("%d bytes of large records", h.bytes)
	}
}

func TestOverrunIsCounted(t *testing.T) {
	box := newLetterbox(nil)
	bubble(t, Config{TotalBytes: 8 << 10}, box, func(t *testing.T, h *Hooks) {
		h.handover.mu.Lock() // the desk can't take
		data := strings.Repeat("x", 1<<10)
		h.handover.mu.Unlock()
		for range 1000 {
			h.ClientEvent("app", "private-a", "client-x", data, "1.2", "")
		}
		after(time.Minute)
		s := h.Stats()
		var dropped uint64
		for _, n := range s.Dropped.All {
			dropped += n
		}
		if s.Delivered+dropped != 1000 {
			t.Errorf("%d delivered, %v dropped of 1000", s.Delivered, s.Dropped)
		}
	})
}

func TestCloseDeliversWhatWaits(t *testing.T) {
	box := newLetterbox(nil)
	app := hooked("app", "http://box")
	app.WebhookBatching = true
	bubble(t, Config{Apps: static(t, app)}, box, func(t *testing.T, h *Hooks) {
		h.Witness(occupied("a"))
		h.Witness(went("7"))
		h.Witness(vacated("presence-a"))
		begin := time.Now()
		if err := h.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if took := time.Since(begin); took != 0 {
			t.Errorf("it took %v", took)
		}
		told(t, box, "channel_occupied a", "member_removed presence-a 7", "channel_vacated presence-a")
		h.Witness(occupied("late"))
		h.ClientEvent("app", "a", "e", "d", "1.2", "")
		after(time.Minute)
		if len(box.delivered()) != 3 {
			t.Error("what comes after Close is taken")
		}
		if h.Close(t.Context()) == nil {
			t.Error("a second Close says nothing")
		}
	})
}

func TestCloseTriesAgainUntilItsTimeIsOver(t *testing.T) {
	f := func(name string, downFor time.Duration, wantErr string, want ...string) {
		t.Run(name, func(t *testing.T) {
			off := &switched{status: 500}
			box := newLetterbox(off.answer)
			var log book
			bubble(t, Config{Log: log.log()}, box, func(t *testing.T, h *Hooks) {
				for _, ch := range []string{"a", "a", "a"} {
					h.ClientEvent("app", ch, "client-x", "", "1.2", "")
				}
				after(100 * time.Second) // deep in the backoff
				time.AfterFunc(downFor, func() { off.on.Store(true) })
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				begin := time.Now()
				err := h.Close(ctx)
				if fmt.Sprint(err) != wantErr || time.Since(begin) > 5*time.Second {
					t.Errorf("after %v: %v", time.Since(begin), err)
				}
				told(t, box, want...)
				if n := h.Stats().Dropped[DropShutdown]; n != uint64(3-len(want)) {
					t.Errorf("%d dropped", n)
				}
			})
			if strings.Contains(log.String(), "webhooks.dir") != (len(want) == 0) {
				t.Errorf("the log says\n%s", log.String())
			}
		})
	}
	one := "client_event a client-x "
	f("back in time", 3*time.Second, "<nil>", one, one, one)
	f("too late", 6*time.Second, "3 webhook events were not delivered in time: set webhooks.dir to keep them")
}

func TestStats(t *testing.T) {
	box := newLetterbox(func(_ int, p post) int {
		if strings.HasPrefix(p.url, "http://bad") {
			return 500
		}
		return 200
	})
	app := hooked("app", "http://good/?secret", "http://bad/", "http://bad/")
	app.Webhooks[2].ChannelPrefix = "none"
	bubble(t, Config{Apps: static(t, app)}, box, func(t *testing.T, h *Hooks) {
		h.Witness(occupied("a"))
		h.Witness(occupied("none"))
		h.Witness(vacated("b"))
		after(500 * time.Millisecond)
		s := h.Stats()
		var bytes int
		for i := range s.Endpoints {
			bytes += s.Endpoints[i].QueuedBytes
			s.Endpoints[i].QueuedBytes = 0
		}
		if bytes != s.QueuedBytes || bytes < 3*overhead {
			t.Errorf("%d bytes, all together %d", bytes, s.QueuedBytes)
		}
		s.QueuedBytes = 0
		half := 500 * time.Millisecond
		want := Stats{Delivered: 2, FailedAttempts: s.FailedAttempts, Queued: 3, Lingering: 1, Endpoints: []EndpointStats{
			{App: "app", URL: "http://bad/", Queued: 2, Oldest: half, FailedAttempts: s.Endpoints[0].FailedAttempts, Failing: true},
			{App: "app", URL: "http://bad/", Number: 1, Queued: 1, Oldest: half, FailedAttempts: 1, Failing: true},
			{App: "app", URL: "http://good/", Delivered: 2},
		}}
		if diff := cmp.Diff(want, s); diff != "" || s.FailedAttempts != s.Endpoints[0].FailedAttempts+1 {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// Endpoints that have nothing to send are forgotten when they are too many; the
// sums are not.
func TestEndpointsAreForgotten(t *testing.T) {
	var urls []string
	for i := range 30 {
		urls = append(urls, fmt.Sprint("http://box/", i))
	}
	box := newLetterbox(nil)
	bubble(t, Config{Apps: static(t, hooked("app", urls...)), Endpoints: 10}, box, func(t *testing.T, h *Hooks) {
		h.Witness(occupied("a"))
		after(time.Minute)
		if s := h.Stats(); len(s.Endpoints) != 10 || s.Delivered != 30 {
			t.Errorf("%d endpoints, %d delivered", len(s.Endpoints), s.Delivered)
		}
		h.Witness(occupied("b"))
		after(time.Second)
		if s := h.Stats(); s.Delivered != 60 {
			t.Errorf("%d delivered", s.Delivered)
		}
	})
}

func TestDropNames(t *testing.T) {
	seen := map[string]bool{}
	for why := range drops {
		if s := why.String(); s == "" || seen[s] {
			t.Errorf("reason %d is called %q", why, s)
		} else {
			seen[s] = true
		}
	}
	if drops.String() != "invalid drop" || kinds.String() != "no event" {
		t.Error("what is none has a name")
	}
}

func TestConfigThatCannotWork(t *testing.T) {
	f := func(cfg Config, want string) {
		t.Helper()
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	f(Config{}, "Config.Apps is nil")
	f(Config{Apps: static(t), QueueEvents: -1, Timeout: -time.Second}, "Config.QueueEvents is -1: use a positive value, or 0 for 300000\nwebhooks: Config.Timeout is -1s")
}
