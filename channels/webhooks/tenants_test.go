package webhooks

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"fanfare/channels"
	"fanfare/channels/apps"
)

// answers is a transport that takes its time, in nanoseconds, before the
// letterbox answers. What takes longer than the request's time-out did not come.
type answers struct {
	*letterbox
	takes *atomic.Int64
}

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	if takes := time.Duration(a.takes.Load()); takes > 0 { // see after
		select {
		case <-time.After(takes):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	return a.letterbox.RoundTrip(r)
}

func always(d time.Duration) answers {
	a := answers{newLetterbox(nil), new(atomic.Int64)}
	a.takes.Store(int64(d))
	return a
}

// crowd is apps with webhooks that all take the same time, beside the app "app",
// whose only one answers after 50 ms.
type crowd struct {
	store             *apps.Static
	hosts             byHost
	tenants, webhooks int
	takes             atomic.Int64 // nanoseconds
}

func newCrowd(t *testing.T, tenants, webhooks int, takes time.Duration) *crowd {
	t.Helper()
	c := &crowd{hosts: byHost{"good": always(50 * time.Millisecond)}, tenants: tenants, webhooks: webhooks}
	c.takes.Store(int64(takes))
	list := []*apps.App{hooked("app", "http://good")}
	for i := range tenants {
		app := hooked(fmt.Sprint("slow-", i))
		for j := range webhooks {
			host := fmt.Sprintf("slow-%d-%d", i, j)
			c.hosts[host] = answers{newLetterbox(nil), &c.takes}
			app.Webhooks = append(app.Webhooks, apps.Webhook{URL: "http://" + host})
		}
		list = append(list, app)
	}
	c.store = static(t, list...)
	return c
}

// shout has each tenant's webhooks told more than they can take.
func (c *crowd) shout(h *Hooks, each int) {
	for i := range c.tenants {
		for n := range 64 * each {
			h.ClientEvent(fmt.Sprint("slow-", i), fmt.Sprint("private-", n%64), "client-x", fmt.Sprint(n/64), "1.2", "")
		}
	}
}

// wantPrompt has 80 things happen in the good app, and it told them in a second:
// two lanes would be too few.
func (c *crowd) wantPrompt(t *testing.T, h *Hooks, when string) {
	t.Helper()
	box := c.hosts["good"].(answers)
	before := box.count()
	for n := range 80 {
		h.Witness(channels.Occasion{Kind: channels.Counted, App: "app", Channel: fmt.Sprint("room-", n), Count: 1})
	}
	after(time.Second)
	if n := box.count() - before; n != 80 {
		t.Errorf("%s: %d of 80 events came in a second", when, n)
	}
}

// got returns how many events each tenant was told, and checks their order.
func (c *crowd) got(t *testing.T) (list []int) {
	t.Helper()
	list = make([]int, c.tenants)
	for i := range c.tenants {
		for j := range c.webhooks {
			box := c.hosts[fmt.Sprintf("slow-%d-%d", i, j)].(answers)
			list[i] += box.count()
			wantAscending(t, box.all())
		}
	}
	return list
}

func wantAscending(t *testing.T, posts []post) {
	t.Helper()
	next := map[string]int{}
	for _, p := range posts {
		e := &p.Events[0]
		if want := fmt.Sprint(next[e.Channel]); *e.Data != want {
			t.Fatalf("%s %s: event %s came when %s was due", p.url, e.Channel, *e.Data, want)
		}
		next[e.Channel]++
	}
}

// Tenants whose endpoints answer just before the time-out, or never do, are not
// noticed by others, from the first moment on. Those that answer share what is
// theirs: 64 requests at a time.
func TestSlowTenantsHoldUpNobody(t *testing.T) {
	f := func(name string, tenants int, takes time.Duration) {
		t.Run(fmt.Sprint(tenants, " ", name), func(t *testing.T) {
			c := newCrowd(t, tenants, apps.MaxWebhooks, takes)
			bubble(t, Config{Apps: c.store}, nil, func(t *testing.T, h *Hooks) {
				h.courier.guarded.Transport = c.hosts
				c.shout(h, 2)
				after(time.Second)
				for range 10 {
					c.wantPrompt(t, h, fmt.Sprint("after ", h.now()))
					after(2500 * time.Millisecond)
				}
				after(4 * time.Minute)
				c.wantPrompt(t, h, "at the end")
				told := c.got(t)
				switch least, most := slices.Min(told), slices.Max(told); {
				case takes > h.cfg.Timeout && most > 0:
					t.Errorf("%d events came of those that hang", most)
				case takes < h.cfg.Timeout && (least < 20 || most > 2*least):
					t.Errorf("the slow apps were told %v events", told)
				}
			})
		})
	}
	f("slow", 1, 9500*time.Millisecond)
	f("slow", 10, 9500*time.Millisecond)
	f("slow", 30, 9500*time.Millisecond)
	f("that hang", 10, time.Hour)
	f("that hang", 30, time.Hour)
}

// One failure, while many others' endpoints hang, costs the endpoint the pause
// before it is tried again, and not a wait until those had their time-outs.
func TestHiccupAmongHangingTenants(t *testing.T) {
	c := newCrowd(t, 30, apps.MaxWebhooks, time.Hour)
	off := &switched{status: 500}
	box := newLetterbox(off.answer)
	c.hosts["good"] = box
	bubble(t, Config{Apps: c.store}, nil, func(t *testing.T, h *Hooks) {
		h.courier.guarded.Transport = c.hosts
		c.shout(h, 1)
		after(time.Minute)
		for i := range 20 {
			off.on.Store(false)
			h.Witness(channels.Occasion{Kind: channels.Counted, App: "app", Channel: "a", Count: 1})
			after(100 * time.Millisecond)
			off.on.Store(true)
			after(1500 * time.Millisecond)
			if n := box.count(); n != i+1 || len(box.all()) != 2*n {
				t.Fatalf("failure %d: %d events came in %d requests", i, n, len(box.all()))
			}
		}
	})
}

// Tenants that were quick have an outage together. The first of their requests
// take all places until their time-out is over; those that waited for a place
// then are not sent to where others have just failed. When every endpoint had
// its turn nobody else notices anything, however many tenants that were.
func TestOutageOfTenants(t *testing.T) {
	f := func(tenants, webhooks, timeouts int) {
		t.Run(fmt.Sprintf("%d with %d each", tenants, webhooks), func(t *testing.T) {
			c := newCrowd(t, tenants, webhooks, 0)
			bubble(t, Config{Apps: c.store}, nil, func(t *testing.T, h *Hooks) {
				h.courier.guarded.Transport = c.hosts
				c.shout(h, 1)
				c.wantPrompt(t, h, "before the outage")
				c.takes.Store(int64(time.Hour))
				c.shout(h, 1)
				after(time.Duration(timeouts) * h.cfg.Timeout)
				for range 10 {
					c.wantPrompt(t, h, fmt.Sprint("after ", h.now()))
					after(5 * time.Second)
				}
			})
		})
	}
	f(30, 4, 3)
	f(300, 1, 4)
}

// A new endpoint that hangs does not hold up the same app's others.
func TestNewEndpointsOfOneApp(t *testing.T) {
	good := newLetterbox(nil)
	hosts := byHost{"hangs": hanging{}, "good": good}
	bubble(t, Config{Apps: static(t, hooked("app", "http://hangs", "http://good"))}, nil, func(t *testing.T, h *Hooks) {
		h.courier.guarded.Transport = hosts
		for i := range 64 {
			h.Witness(occupied(fmt.Sprint(i)))
		}
		after(time.Second)
		if n := good.count(); n != 64 {
			t.Errorf("%d of 64 events came in a second", n)
		}
	})
}

// One answer is enough for a new endpoint to have all its lanes, also a slow one.
func TestNewEndpointGetsItsLanes(t *testing.T) {
	f := func(takes time.Duration) {
		t.Run(fmt.Sprint(takes), func(t *testing.T) {
			box := always(takes)
			bubble(t, Config{}, nil, func(t *testing.T, h *Hooks) {
				h.courier.guarded.Transport = box
				for i := range 64 {
					h.Witness(occupied(fmt.Sprint(i)))
				}
				after(takes / 2)
				for _, want := range []int{0, 1, 1 + DefaultParallel} {
					if n := box.count(); n != want {
						t.Errorf("after %v %d events came, want %d", h.now(), n, want)
					}
					after(takes)
				}
			})
		})
	}
	f(time.Second)
	f(3 * time.Second)
}

// A lane whose events were dropped while it waited for its turn proves nothing.
func TestTurnWithoutRequest(t *testing.T) {
	off := &switched{status: 500}
	box := newLetterbox(off.answer)
	bubble(t, Config{}, box, func(t *testing.T, h *Hooks) {
		h.Witness(occupied("a"))
		after(500 * time.Millisecond)
		ep := h.allEndpoints()[0]
		ep.alone <- struct{}{}
		after(5 * time.Second)
		ep.shed(1<<62, DropQueue)
		<-ep.alone
		after(time.Minute)
		if s := h.Stats(); ep.stands() != failing || s.Delivered != 0 || s.FailedAttempts != 1 || len(box.all()) != 1 {
			t.Errorf("the standing is %d after %d requests: %+v", ep.stands(), len(box.all()), s)
		}
	})
}

// An endpoint that is slow has all its lanes, also beside others that hang.
func TestSlowEndpointHasItsLanes(t *testing.T) {
	c := newCrowd(t, 30, apps.MaxWebhooks, time.Hour)
	c.hosts["good"] = always(3 * time.Second)
	bubble(t, Config{Apps: c.store}, nil, func(t *testing.T, h *Hooks) {
		h.courier.guarded.Transport = c.hosts
		c.shout(h, 1)
		after(time.Minute)
		const n = 160 // 20 for a lane, at 3 s each
		for i := range n {
			h.Witness(occupied(fmt.Sprint("room-", i)))
		}
		after(100 * time.Second)
		if got := c.hosts["good"].(answers).count(); got != n {
			t.Errorf("%d of %d events came", got, n)
		}
	})
}

func TestStandings(t *testing.T) {
	box := always(0)
	bubble(t, Config{}, nil, func(t *testing.T, h *Hooks) {
		h.courier.guarded.Transport = box
		f := func(d time.Duration, want standing) {
			t.Helper()
			box.takes.Store(int64(d))
			h.Witness(occupied("a"))
			h.Witness(vacated("a"))
			after(time.Minute)
			if got := h.allEndpoints()[0].stands(); got != want {
				t.Errorf("after a request of %v the standing is %d, want %d", d, got, want)
			}
		}
		h.mu.Lock()
		h.endpoints[address{app: "app", url: "http://box"}] = newEndpoint(h, address{app: "app", url: "http://box"})
		h.mu.Unlock()
		if got := h.allEndpoints()[0].stands(); got != unproven {
			t.Errorf("the first standing is %d", got)
		}
		f(slowAfter+time.Second, slow)
		f(slowAfter, quick)
		f(time.Hour, failing)
		if s := h.Stats().Endpoints[0]; !s.Failing {
			t.Errorf("%+v", s)
		}
		f(0, quick)
		if s := h.Stats().Endpoints[0]; s.Failing || s.Queued != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// An answer whose status comes at once and whose rest drips is a success, and
// takes neither the time-out nor a connection for long.
func TestDrippingAnswer(t *testing.T) {
	gone := make(chan time.Duration, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for late := began.Add(20 * time.Second); r.Context().Err() == nil && time.Now().Before(late); <-tick.C {
			_, _ = io.WriteString(w, ".")
			_ = http.NewResponseController(w).Flush()
		}
		gone <- time.Since(began)
	}))
	defer s.Close()
	began := time.Now()
	if err := tryPost(t, Config{AllowPrivate: true, Timeout: 15 * time.Second}, apps.Webhook{URL: s.URL}); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > maxDrain+3*time.Second {
		t.Errorf("it took %v", took)
	}
	if took := <-gone; took > maxDrain+5*time.Second {
		t.Errorf("the connection was there for %v", took)
	}
}

// Short answers, as receivers give them, do not cost the connection.
func TestConnectionIsUsedAgain(t *testing.T) {
	remotes := map[string]bool{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		remotes[r.RemoteAddr] = true // one request at a time
		_, _ = io.WriteString(w, strings.Repeat("ok ", 2000))
	}))
	defer s.Close()
	cfg := Config{AllowPrivate: true, Apps: static(t)}
	if err := cfg.fill(); err != nil {
		t.Fatal(err)
	}
	c := newCourier(&cfg)
	defer c.close()
	for range 10 {
		if err := c.post(t.Context(), hooked("app"), &apps.Webhook{URL: s.URL}, []byte("{}")); err != nil {
			t.Fatal(err)
		}
	}
	if len(remotes) != 1 {
		t.Errorf("%d connections for 10 requests", len(remotes))
	}
}
