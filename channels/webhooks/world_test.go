package webhooks

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"fanfare/channels"
	"fanfare/channels/apps"
)

// hooked returns an app with a webhook for each URL that is told everything.
func hooked(id string, urls ...string) *apps.App {
	app := apps.New(id, id+"-key", id+"-secret")
	for _, u := range urls {
		app.Webhooks = append(app.Webhooks, apps.Webhook{URL: u})
	}
	return app
}

func static(t testing.TB, list ...*apps.App) *apps.Static {
	t.Helper()
	s, err := apps.NewStatic(list...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// shelf is a store whose records can be changed, and which can be made to say
// Later, or to fail.
type shelf struct {
	apps.Store // nil: methods by key are not used

	mu    sync.Mutex
	app   *apps.App // nil: unknown
	later bool
	err   error // what FetchByID returns
	asked int   // calls of FetchByID
}

func (s *shelf) put(app *apps.App) { s.set(func() { s.app = app }) }

func (s *shelf) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func (s *shelf) ByID(id string) (*apps.App, apps.Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.later:
		return nil, apps.Later
	case s.app == nil || s.app.ID != id:
		return nil, apps.Unknown
	}
	return s.app, apps.Found
}

func (s *shelf) FetchByID(_ context.Context, id string) (*apps.App, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	switch {
	case s.err != nil:
		return nil, s.err
	case s.app == nil || s.app.ID != id:
		return nil, apps.ErrUnknown
	}
	return s.app, nil
}

// start starts hooks that may connect to loopback, and closes them at the end.
func start(t testing.TB, cfg Config) *Hooks {
	t.Helper()
	cfg.AllowPrivate = true
	h, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { end(h) })
	return h
}

// end closes hooks, and gives up at once on what is left. Closing again is fine.
func end(h *Hooks) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = h.Close(ctx)
}

// letterbox is an application's endpoint. It is an http.Handler for tests with
// sockets, and an http.RoundTripper for tests in a bubble, where real sockets
// would stop the clock.
type letterbox struct {
	answer func(n int, p post) int // status of the n-th request, from 0; nil: 200

	mu    sync.Mutex
	posts []post
	taken int           // events of requests that were answered with a 2xx
	got   chan struct{} // holds a token when something came
}

// post is a request as it came.
type post struct {
	at     time.Time
	url    string
	header http.Header
	raw    string
	TimeMS int64  `json:"time_ms"`
	Events []wire `json:"events"`
	status int
}

func newLetterbox(answer func(int, post) int) *letterbox {
	return &letterbox{answer: answer, got: make(chan struct{}, 1)}
}

func (b *letterbox) take(r *http.Request) int {
	raw, err := io.ReadAll(r.Body)
	p := post{at: time.Now(), url: r.URL.String(), header: r.Header.Clone(), raw: string(raw)}
	if err = errors.Join(err, json.Unmarshal(raw, &p)); err != nil || r.Method != http.MethodPost {
		p.status = 599 // no test wants this
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.status == 0 {
		p.status = http.StatusOK
		if b.answer != nil {
			p.status = b.answer(len(b.posts), p)
		}
	}
	b.posts = append(b.posts, p)
	if p.status/100 == 2 {
		b.taken += len(p.Events)
	}
	select {
	case b.got <- struct{}{}:
	default:
	}
	return p.status
}

func (b *letterbox) ServeHTTP(w http.ResponseWriter, r *http.Request) { w.WriteHeader(b.take(r)) }

func (b *letterbox) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: b.take(r), Body: http.NoBody, Request: r}, nil
}

// all returns the requests so far.
func (b *letterbox) all() []post {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.posts)
}

// delivered returns the events of the requests that were answered with a 2xx,
// each as its name, channel and what else it has, in the order of arrival.
func (b *letterbox) delivered() (list []string) {
	for _, p := range b.all() {
		if p.status/100 != 2 {
			continue
		}
		for i := range p.Events {
			list = append(list, describe(&p.Events[i]))
		}
	}
	return list
}

func describe(w *wire) string {
	words := []string{w.Name, w.Channel}
	for _, s := range []string{w.Event, w.UserID} {
		if s != "" {
			words = append(words, s)
		}
	}
	if w.Data != nil {
		words = append(words, *w.Data)
	}
	return strings.Join(words, " ")
}

// wait waits until n events were delivered, or fails after a while.
func (b *letterbox) wait(t testing.TB, n int) {
	t.Helper()
	late := time.After(time.Minute)
	for b.count() < n {
		select {
		case <-b.got:
		case <-late:
			t.Fatalf("%d of %d events were delivered", b.count(), n)
		}
	}
}

func (b *letterbox) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.taken
}

// until waits for something that comes true soon.
func until(t testing.TB, true func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for late := time.Now().Add(time.Minute); !true(); <-tick.C {
		if time.Now().After(late) {
			t.Fatal("it does not come true")
		}
	}
}

func (b *letterbox) serve(t testing.TB) string {
	t.Helper()
	s := httptest.NewServer(b)
	t.Cleanup(s.Close)
	return s.URL
}

// bubble runs a test in a synctest bubble with hooks whose requests end in the
// letterbox instead of a socket.
func bubble(t *testing.T, cfg Config, b *letterbox, test func(*testing.T, *Hooks)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		if cfg.Apps == nil {
			cfg.Apps = static(t, hooked("app", "http://box"))
		}
		h := start(t, cfg)
		h.courier.guarded.Transport, h.courier.open.Transport = b, b
		test(t, h)
	})
}

// after lets the bubble's time pass. It must be some time: a channel timer that
// is due at once is run by whoever reads it, and two that do it together end the
// race detector (Go issue 78156).
func after(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func occupied(ch string) channels.Occasion {
	return channels.Occasion{Kind: channels.Occupied, App: "app", Channel: ch}
}

func vacated(ch string) channels.Occasion {
	return channels.Occasion{Kind: channels.Vacated, App: "app", Channel: ch}
}

func came(user string) channels.Occasion {
	return channels.Occasion{Kind: channels.MemberCame, App: "app", Channel: "presence-a", UserID: user}
}

func went(user string) channels.Occasion {
	return channels.Occasion{Kind: channels.MemberWent, App: "app", Channel: "presence-a", UserID: user}
}

// book is a log that tests read.
type book struct {
	mu sync.Mutex
	b  strings.Builder
}

func (b *book) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *book) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func (b *book) log() *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }

// switched answers as long as it is off with a status, then with 200.
type switched struct {
	on     atomic.Bool
	status int
}

func (s *switched) answer(int, post) int {
	if s.on.Load() {
		return http.StatusOK
	}
	return s.status
}

// nowhere is a transport whose requests all fail.
type nowhere struct{}

func (nowhere) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("nowhere")
}
