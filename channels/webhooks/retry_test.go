package webhooks

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanfare/channels/apps"
)

func TestBackoffGrowsAndIsBounded(t *testing.T) {
	for range 1000 {
		last := time.Duration(0)
		for n := 1; n <= 5; n++ {
			d := backoff(n)
			if d <= last {
				t.Fatalf("after %d failures %v, before it %v", n, d, last)
			}
			last = d
		}
		for _, n := range []int{6, 7, 63, 64, 1 << 30} {
			if d := backoff(n); d < 3*longestDelay/4 || d > 5*longestDelay/4 {
				t.Fatalf("after %d failures %v", n, d)
			}
		}
	}
}

func testRetries(t *testing.T, status int) {
	t.Helper()
	box := newLetterbox(func(int, post) int { return status })
	bubble(t, Config{}, box, func(t *testing.T, h *Hooks) {
		begin := time.Now()
		h.Witness(occupied("a"))
		after(time.Hour)
		posts := box.all()
		for i := 2; i < min(len(posts), 6); i++ {
			if was, is := posts[i-1].at.Sub(posts[i-2].at), posts[i].at.Sub(posts[i-1].at); is <= was {
				t.Errorf("delay %d is %v, the one before %v", i, is, was)
			}
		}
		last := posts[len(posts)-1].at.Sub(begin)
		if last < 4*time.Minute || last > 6*time.Minute || len(posts) > 20 {
			t.Errorf("%d attempts, the last after %v", len(posts), last)
		}
		s := h.Stats()
		if s.FailedAttempts != uint64(len(posts)) || s.Dropped[DropExpired] != 1 || s.Delivered != 0 || s.Queued != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestWHK06ServerErrorsAreRetriedForFiveMinutes(t *testing.T) { testRetries(t, 500) }

func TestWHK07ClientErrorsAreRetriedToo(t *testing.T) {
	for _, status := range []int{400, 401, 404, 410, 422, 301, 304, 199} {
		t.Run(fmt.Sprint(status), func(t *testing.T) { testRetries(t, status) })
	}
}

func TestWHK06AnySuccessStopsRetries(t *testing.T) {
	for _, status := range []int{200, 201, 202, 204, 299} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			box := newLetterbox(func(n int, _ post) int {
				if n == 0 {
					return 500
				}
				return status
			})
			bubble(t, Config{}, box, func(t *testing.T, h *Hooks) {
				h.Witness(occupied("a"))
				after(time.Hour)
				if s := h.Stats(); len(box.all()) != 2 || s.Delivered != 1 || s.FailedAttempts != 1 || s.Endpoints[0].Failing {
					t.Errorf("%d attempts, %+v", len(box.all()), s)
				}
			})
		})
	}
}

func TestWHK04WithoutBatchingOneEventEach(t *testing.T) {
	box := newLetterbox(nil)
	bubble(t, Config{}, box, func(t *testing.T, h *Hooks) {
		for i := range 50 {
			h.ClientEvent("app", fmt.Sprint("private-", i%7), "client-x", "", "1.2", "")
		}
		after(time.Second)
		for _, p := range box.all() {
			if len(p.Events) != 1 {
				t.Errorf("%d events in a request", len(p.Events))
			}
		}
		if n := len(box.delivered()); n != 50 {
			t.Errorf("%d delivered", n)
		}
	})
}

func TestWHK05BatchesNeverMixApps(t *testing.T) {
	box := newLetterbox(nil)
	one, two := hooked("one", "http://box"), hooked("two", "http://box")
	one.WebhookBatching, two.WebhookBatching = true, true
	bubble(t, Config{Apps: static(t, one, two)}, box, func(t *testing.T, h *Hooks) {
		for i := range 150 {
			for _, app := range []string{"one", "two"} {
				h.ClientEvent(app, "private-"+app, "client-x", fmt.Sprint(i), "1.2", "")
			}
		}
		after(2 * time.Second)
		sizes := map[string][]int{}
		for _, p := range box.all() {
			app := strings.TrimSuffix(p.header.Get("X-Pusher-Key"), "-key")
			sizes[app] = append(sizes[app], len(p.Events))
			for i := range p.Events {
				if p.Events[i].Channel != "private-"+app {
					t.Errorf("%s was sent to %s", p.Events[i].Channel, app)
				}
			}
		}
		if diff := cmp.Diff(map[string][]int{"one": {100, 50}, "two": {100, 50}}, sizes); diff != "" {
			t.Errorf("sizes of batches (-want +got):\n%s", diff)
		}
	})
}

// A batch waits a second for company, not longer; and no body gets too large.
func TestBatchWindowAndSize(t *testing.T) {
	box := newLetterbox(nil)
	app := hooked("app", "http://box")
	app.WebhookBatching = true
	bubble(t, Config{Apps: static(t, app)}, box, func(t *testing.T, h *Hooks) {
		h.Witness(occupied("a"))
		after(900 * time.Millisecond)
		h.Witness(occupied("b"))
		after(99 * time.Millisecond)
		told(t, box)
		after(time.Millisecond)
		told(t, box, "channel_occupied a", "channel_occupied b")
		large := strings.Repeat("x", maxBatchBytes/3)
		for range 5 {
			h.ClientEvent("app", "a", "client-x", large, "1.2", "")
		}
		after(time.Minute)
		h.ClientEvent("app", "a", "client-x", large+large+large+large, "1.2", "") // alone too large: sent alone
		after(time.Minute)
		var sizes []int
		for _, p := range box.all() {
			sizes = append(sizes, len(p.Events))
		}
		if diff := cmp.Diff([]int{2, 2, 2, 1, 1}, sizes); diff != "" {
			t.Errorf("sizes of batches (-want +got):\n%s", diff)
		}
	})
}

// A batch that is tried again is the same one, so that a receiver that knows it
// can tell.
func TestBatchStaysTheSameOnRetry(t *testing.T) {
	off := &switched{status: 500}
	box := newLetterbox(off.answer)
	app := hooked("app", "http://box")
	app.WebhookBatching = true
	bubble(t, Config{Apps: static(t, app)}, box, func(t *testing.T, h *Hooks) {
		h.Witness(occupied("a"))
		h.Witness(occupied("b"))
		after(2 * time.Second)
		h.Witness(occupied("c"))
		off.on.Store(true)
		after(time.Minute)
		posts := box.all()
		if len(posts) < 3 {
			t.Fatalf("%d requests", len(posts))
		}
		for i, p := range posts[:len(posts)-1] {
			if p.raw != posts[0].raw {
				t.Errorf("attempt %d: %s, first %s", i, p.raw, posts[0].raw)
			}
		}
		told(t, box, "channel_occupied a", "channel_occupied b", "channel_occupied c")
	})
}

// What is pushed out of a failed batch is not made up for by newer events.
func TestFailedBatchThatLosesItsHead(t *testing.T) {
	off := &switched{status: 500}
	box := newLetterbox(off.answer)
	app := hooked("app", "http://box")
	app.WebhookBatching = true
	bubble(t, Config{Apps: static(t, app), QueueEvents: 3}, box, func(t *testing.T, h *Hooks) {
		for _, ch := range []string{"a", "b", "c"} {
			h.Witness(occupied(ch))
		}
		after(1500 * time.Millisecond) // one attempt
		h.Witness(occupied("d"))
		off.on.Store(true)
		after(time.Minute)
		told(t, box, "channel_occupied b", "channel_occupied c", "channel_occupied d")
		if posts := box.all(); len(posts) != 3 || len(posts[1].Events) != 2 {
			t.Errorf("%+v", posts)
		}
	})
}

// An app switches batching, and so the number of lanes, while events wait: none
// overtakes another of its channel.
func TestOrderWhenBatchingIsSwitched(t *testing.T) {
	t.Run("on", func(t *testing.T) { testSwitch(t, false, 1) })
	t.Run("off", func(t *testing.T) { testSwitch(t, true, DefaultParallel) })
}

func testSwitch(t *testing.T, batching bool, lanesThen int) {
	t.Helper()
	off := &switched{status: 500}
	box := newLetterbox(off.answer)
	was, is := hooked("app", "http://box"), hooked("app", "http://box")
	was.WebhookBatching, is.WebhookBatching = batching, !batching
	store := &shelf{app: was}
	bubble(t, Config{Apps: store}, box, func(t *testing.T, h *Hooks) {
		const rooms, each = 20, 30
		send := func(from, to int) {
			for i := range rooms * (to - from) {
				h.ClientEvent("app", fmt.Sprint("private-", i%rooms), "client-x", fmt.Sprint(from+i/rooms), "1.2", "")
			}
		}
		send(0, each/2)
		after(10 * time.Second)
		store.put(is)
		off.on.Store(true)
		send(each/2, each)
		after(5 * time.Minute)
		if n := len(box.delivered()); n != rooms*each {
			t.Errorf("%d delivered", n)
		}
		wantOrder(t, box, each)
		h.Witness(occupied("a")) // all is quiet: now there are as many lanes as there should be
		after(2 * time.Second)
		if lanes := len(h.allEndpoints()[0].lanes); lanes != lanesThen {
			t.Errorf("%d lanes", lanes)
		}
	})
}

// However many endpoints hang, those that work have places of their own.
func TestHangingEndpointsTakeNoPlaceFromOthers(t *testing.T) {
	var urls []string
	transport := byHost{"works": newLetterbox(nil)}
	for i := range apps.MaxWebhooks {
		host := fmt.Sprint("hangs-", i)
		urls, transport[host] = append(urls, "http://"+host), hanging{}
	}
	store := static(t, hooked("app", urls...), hooked("other", "http://works"))
	bubble(t, Config{Apps: store, Requests: 4}, nil, func(t *testing.T, h *Hooks) {
		h.courier.guarded.Transport = transport
		h.Witness(occupied("a"))
		after(2 * time.Minute) // by now all have failed
		for i := range 100 {
			h.ClientEvent("other", "private-a", "client-x", fmt.Sprint(i), "1.2", "")
			after(time.Second)
			if n := transport["works"].(*letterbox).count(); n != i+1 {
				t.Fatalf("%d of %d events were delivered at once", n, i+1)
			}
		}
	})
}

// hanging is a transport that never answers.
type hanging struct{}

func (hanging) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// wantOrder checks that events of each channel, whose data are numbers, came in
// order and all, without a repetition.
func wantOrder(t *testing.T, box *letterbox, each int) {
	t.Helper()
	next := map[string]int{}
	for _, p := range box.all() {
		if p.status != http.StatusOK {
			continue
		}
		for i := range p.Events {
			ch := p.Events[i].Channel
			if want := fmt.Sprint(next[ch]); *p.Events[i].Data != want {
				t.Fatalf("%s: event %s came when %s was due", ch, *p.Events[i].Data, want)
			}
			next[ch]++
		}
	}
	for ch, n := range next {
		if n != each {
			t.Errorf("%s: %d of %d events came", ch, n, each)
		}
	}
}

func TestOrderPerChannelAcrossRetries(t *testing.T) {
	for name, batching := range map[string]bool{"one by one": false, "batches": true} {
		t.Run(name, func(t *testing.T) {
			box := newLetterbox(func(int, post) int { return []int{200, 200, 500}[rand.IntN(3)] })
			app := hooked("app", "http://box")
			app.WebhookBatching = batching
			bubble(t, Config{Apps: static(t, app), RetryFor: 1000 * time.Hour}, box, func(t *testing.T, h *Hooks) {
				const rooms, each = 20, 100
				for i := range each {
					for room := range rooms {
						h.ClientEvent("app", fmt.Sprint("private-", room), "client-x", fmt.Sprint(i), "1.2", "")
					}
					after(10 * time.Millisecond)
				}
				after(10 * time.Hour)
				if n := len(box.delivered()); n != rooms*each {
					t.Errorf("%d delivered", n)
				}
				wantOrder(t, box, each)
			})
		})
	}
}

// The endpoint is down for two minutes under 1,000 events a second: nothing is
// lost and order holds, one by one and in batches. One that works meanwhile
// notices nothing.
func TestTwoMinutesDown(t *testing.T) {
	for name, batching := range map[string]bool{"one by one": false, "batches": true} {
		t.Run(name, func(t *testing.T) {
			app, other := hooked("app", "http://box"), hooked("other", "http://other")
			app.WebhookBatching = batching
			box, works := newTally(), newTally()
			box.down.Store(true)
			bubble(t, Config{Apps: static(t, app, other)}, nil, func(t *testing.T, h *Hooks) {
				h.courier.guarded.Transport = byHost{"box": box, "other": works}
				const second, rooms = 1000, 50
				numbered(h, rooms, 120*second)
				if n := works.count(); n != 120*second/rooms/rooms {
					t.Errorf("the endpoint that works got %d events", n)
				}
				if s := h.Stats(); s.Queued != 120*second {
					t.Errorf("%d events wait", s.Queued)
				}
				box.down.Store(false)
				after(5 * time.Minute)
				if n := box.count(); n != 120*second {
					t.Errorf("%d events were delivered", n)
				}
				if s := h.Stats(); s.Dropped != (Drops{}) || s.Queued != 0 {
					t.Errorf("%+v", s)
				}
			})
			box.check(t)
			works.check(t)
		})
	}
}

// numbered sends that many events, spread over the rooms of app, at 1,000 a
// second, and one of other in each room's turn.
func numbered(h *Hooks, rooms, n int) {
	for i := range n / rooms {
		for room := range rooms {
			h.ClientEvent("app", fmt.Sprint("private-", room), "client-x", fmt.Sprint(i), "1.2", "")
		}
		if i%rooms == 0 {
			h.ClientEvent("other", "private-0", "client-x", fmt.Sprint(i/rooms), "1.2", "")
		}
		after(time.Duration(rooms) * time.Millisecond)
	}
}

// tally is an endpoint for very many events, whose data are numbers. It checks
// their order as they come and keeps nothing. It takes 4 ms for a request.
type tally struct {
	down atomic.Bool // answers 502

	mu    sync.Mutex
	next  map[string]int // by channel
	total int
	wrong string
}

func newTally() *tally { return &tally{next: map[string]int{}} }

func (y *tally) RoundTrip(r *http.Request) (*http.Response, error) {
	<-time.After(4 * time.Millisecond)
	w := &http.Response{StatusCode: http.StatusBadGateway, Body: http.NoBody, Request: r}
	if !y.down.Load() {
		y.take(r.Body)
		w.StatusCode = http.StatusOK
	}
	return w, nil
}

func (y *tally) ServeHTTP(_ http.ResponseWriter, r *http.Request) { y.take(r.Body) }

func (y *tally) take(body io.Reader) {
	b, _ := io.ReadAll(body)
	y.mu.Lock()
	defer y.mu.Unlock()
	for _, e := range strings.Split(string(b), `{"name":"client_event","channel":"`)[1:] {
		ch, e, _ := strings.Cut(e, `","event":"client-x","data":"`)
		n := e[:strings.IndexFunc(e, func(r rune) bool { return r < '0' || r > '9' })]
		if n != strconv.Itoa(y.next[ch]) && y.wrong == "" {
			y.wrong = fmt.Sprintf("%s: event %q came when %d was due", ch, n, y.next[ch])
		}
		y.next[ch]++
		y.total++
	}
}

func (y *tally) count() int {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.total
}

func (y *tally) check(t *testing.T) {
	t.Helper()
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.wrong != "" {
		t.Error(y.wrong)
	}
}

// byHost is a transport for several endpoints.
type byHost map[string]http.RoundTripper

func (b byHost) RoundTrip(r *http.Request) (*http.Response, error) { return b[r.URL.Host].RoundTrip(r) }

// What a receiver chokes on holds up its own channel's lane only.
func TestPoisonousEvent(t *testing.T) {
	box := newLetterbox(func(_ int, p post) int {
		if p.Events[0].Event == "client-poison" {
			return 500
		}
		return 200
	})
	bubble(t, Config{}, box, func(t *testing.T, h *Hooks) {
		h.ClientEvent("app", "private-0", "client-poison", "", "1.2", "")
		after(10 * time.Second)
		const rooms = 80
		for room := range rooms {
			h.ClientEvent("app", fmt.Sprint("private-", room), "client-x", "", "1.2", "")
		}
		after(10 * time.Second)
		if n := len(box.delivered()); n < rooms/2 || n >= rooms {
			t.Errorf("%d of %d were delivered beside the poison", n, rooms)
		}
		after(10 * time.Minute)
		if s := h.Stats(); s.Delivered+s.Dropped[DropExpired] != rooms+1 || s.Dropped[DropExpired] == 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestLogTellsFailingAndDrops(t *testing.T) {
	off := &switched{status: 500}
	var log book
	cfg := Config{Apps: static(t, hooked("app", "http://box/p?token=sesame")), Log: log.log(), QueueEvents: 10}
	bubble(t, cfg, newLetterbox(off.answer), func(_ *testing.T, h *Hooks) {
		for range 30 {
			h.ClientEvent("app", "private-a", "client-x", "sesame", "1.2", "")
		}
		after(20 * time.Second)
		off.on.Store(true)
		after(time.Hour)
	})
	text := log.String()
	for _, want := range []string{
		"a webhook's endpoint fails; its events wait\" app=app url=http://box/p error=\"it answered with status 500",
		"a webhook's endpoint works again",
		"queue_full=",
	} {
		if strings.Count(text, want) < 1 {
			t.Errorf("the log has no line with %s:\n%s", want, text)
		}
	}
	if n := strings.Count(text, "\n"); n > 4 || strings.Contains(text, "sesame") {
		t.Errorf("%d lines:\n%s", n, text)
	}
}
