package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"fanfare/cmd/fanfare/config"
	"fanfare/cmd/fanfare/handover"
	"fanfare/engine"
)

// receiver is an application's server, which keeps the names of the events that it is told.
type receiver struct {
	*httptest.Server
	mu  sync.Mutex
	all []string // guarded by mu
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		var told struct {
			Events []struct{ Name, Channel string }
		}
		body, err := io.ReadAll(q.Body)
		if err := errors.Join(err, json.Unmarshal(body, &told)); err != nil {
			t.Error(err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, e := range told.Events {
			r.all = append(r.all, e.Name+" "+e.Channel)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

// heard waits for so many events.
func (r *receiver) heard(t *testing.T, want ...string) {
	t.Helper()
	err := eventually(func() error {
		r.mu.Lock()
		defer r.mu.Unlock()
		if slices.Sort(r.all); !slices.Equal(r.all, want) {
			return fmt.Errorf("webhooks told %q, want %q", r.all, want)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// succession is two nodes in one process that play the old and the new one.
type succession struct {
	t         *testing.T
	old, heir *Main
	handles   map[uint64]engine.Handle
	written   engine.FrameWriter
	read      engine.FrameReader
}

func startSuccession(t *testing.T, change func(*config.Config)) *succession {
	s := &succession{t: t, handles: map[uint64]engine.Handle{}}
	s.old = newNode(t, change)
	s.run(s.old)
	s.heir = newNode(t, change)
	s.heir.Late = true
	list, err := s.old.engine.Listeners()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range list {
		s.heir.Listeners = append(s.heir.Listeners, os.NewFile(uintptr(l.Descriptor), l.Addr))
	}
	s.run(s.heir)
	return s
}

func (s *succession) run(m *Main) {
	s.t.Helper()
	m.Log = slog.New(slog.NewTextHandler(s.t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	if err := m.Run(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := m.Close(); err != nil {
			s.t.Errorf("close: %v", err)
		}
	})
}

func (s *succession) enrol(loans []engine.Loan) error {
	handles, err := s.heir.engine.Enrol(s.t.Context(), loans)
	for i := range handles {
		s.handles[loans[i].Handle] = handles[i]
	}
	return err
}

// freeze has the old node at rest, with all connections lent.
func (s *succession) freeze() *rest {
	s.t.Helper()
	ctx := s.t.Context()
	if err := s.old.engine.Lend(ctx, handover.Most, s.enrol); err != nil {
		s.t.Fatal(err)
	}
	r := &rest{main: s.old}
	if err := errors.Join(r.suspendHooks(ctx), r.shut()); err != nil {
		s.t.Fatal(err)
	}
	if err := r.freeze(ctx); err != nil {
		s.t.Fatal(err)
	}
	return r
}

// handOver gives the heir all that the old node has.
func (s *succession) handOver(r *rest) *inheritance {
	s.t.Helper()
	e, err := r.writeDown(s.t.Context(), &s.written, true)
	if err != nil {
		s.t.Fatal(err)
	}
	defer e.close()
	i, err := s.heir.takeUp(s.t.Context(), s.readers(e), s.handles, &s.read)
	if err != nil {
		s.t.Fatal(err)
	}
	if i.conns != e.conns || e.left != 0 || i.lost != 0 {
		s.t.Errorf("%d connections were taken up and %d lost, of %d that were written down and %d that were not", i.conns, i.lost, e.conns, e.left)
	}
	return i
}

// readers are of the streams of an estate.
func (s *succession) readers(e *estate) map[string]*handover.Reader {
	s.t.Helper()
	fds, err := e.descriptors()
	if err != nil {
		s.t.Fatal(err)
	}
	streams := map[string]*handover.Reader{}
	for i, fd := range fds {
		if fd, err = unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0); err != nil {
			s.t.Fatal(err)
		}
		streams[e.names[i]] = handover.NewReader(fd, e.names[i])
	}
	return streams
}

// client is a member of a presence room, on a private channel and on a cache channel.
type client struct {
	*churner
	t *testing.T
}

func (s *succession) connect(user string) *client {
	s.t.Helper()
	p, err := (&churn{node: s.old}).connect()
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { p.Close() })
	c := &client{p, s.t}
	c.say(p.subscribe("presence-room", user))
	c.hear("pusher_internal:subscription_succeeded presence-room")
	c.say(p.subscribe("private-desk", ""))
	c.hear("pusher_internal:subscription_succeeded private-desk")
	return c
}

func (c *client) say(text string) {
	c.t.Helper()
	if err := c.text(text); err != nil {
		c.t.Fatal(err)
	}
}

// hear reads the next events, "name channel".
func (c *client) hear(want ...string) {
	c.t.Helper()
	for _, w := range want {
		e, err := c.event()
		if err != nil {
			c.t.Fatalf("instead of %s: %v", w, err)
		}
		if got := strings.TrimSpace(e.Event + " " + e.Channel); got != w {
			c.t.Fatalf("got %s %s, want %s", got, e.Data, w)
		}
	}
}

func hooked(url string) func(*config.Config) {
	return func(c *config.Config) {
		c.Metrics.Enabled = false
		c.Webhooks.AllowPrivate = true
		c.Apps[0].Webhooks = []config.Webhook{{URL: url, Events: []string{"channel_occupied", "channel_vacated", "member_added", "member_removed"}}}
	}
}

// Nobody notices that another node serves: no client, no receiver of webhooks. Afterwards all is as it was.
func TestSuccession(t *testing.T) {
	hooks := newReceiver(t)
	s := startSuccession(t, hooked(hooks.URL))
	caller := &churn{node: s.old, http: &http.Client{Timeout: churnPatience, Transport: &http.Transport{DisableKeepAlives: true}}}
	publish := func(channel string) {
		t.Helper()
		if err := caller.call(http.MethodPost, "/apps/app-id/events", fmt.Appendf(nil, `{"name":"news","channels":[%q],"data":"{}"}`, channel)); err != nil {
			t.Fatal(err)
		}
	}
	a := s.connect("anna")
	b := s.connect("bert")
	a.hear("pusher_internal:member_added presence-room")
	publish("cache-prices")
	told := []string{"channel_occupied presence-room", "channel_occupied private-desk", "member_added presence-room", "member_added presence-room"}
	hooks.heard(t, told...)
	r := s.freeze()
	a.say(`{"event":"client-typing","channel":"private-desk","data":"{}"}`)
	i := s.handOver(r)
	if err := r.leave(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(i.begin(), s.heir.begin(context.WithoutCancel(t.Context()))); err != nil {
		t.Fatal(err)
	}
	b.hear("client-typing private-desk")
	publish("presence-room")
	a.hear("news presence-room")
	b.hear("news presence-room")
	b.say(b.subscribe("cache-prices", ""))
	b.hear("pusher_internal:subscription_succeeded cache-prices", "news cache-prices")
	c := s.connect("anna")
	c.Close()
	b.Close()
	a.hear("pusher_internal:member_removed presence-room")
	told = append(told, "channel_occupied cache-prices", "channel_vacated cache-prices", "member_removed presence-room")
	slices.Sort(told)
	hooks.heard(t, told...)
	if got, want := s.heir.connections(), uint64(1); got != want {
		t.Errorf("%d connections, want %d", got, want)
	}
}

// A succession that is called off at the last moment has not happened.
func TestSuccessionCalledOff(t *testing.T) {
	hooks := newReceiver(t)
	s := startSuccession(t, hooked(hooks.URL))
	a := s.connect("anna")
	b := s.connect("bert")
	a.hear("pusher_internal:member_added presence-room")
	r := s.freeze()
	a.say(`{"event":"client-typing","channel":"private-desk","data":"{}"}`)
	i := s.handOver(r)
	resumeCollection()
	if err := i.hold.Abandon(); err != nil { // as a process that is killed does
		t.Fatal(err)
	}
	if err := errors.Join(r.wake(), s.old.engine.Reclaim(t.Context())); err != nil {
		t.Fatal(err)
	}
	b.hear("client-typing private-desk")
	c := s.connect("carl")
	a.hear("pusher_internal:member_added presence-room")
	c.Close()
	a.hear("pusher_internal:member_removed presence-room")
	hooks.heard(t, "channel_occupied presence-room", "channel_occupied private-desk",
		"member_added presence-room", "member_added presence-room", "member_added presence-room", "member_removed presence-room")
	if took := s.old.engine.Stats().Panics; took != 0 {
		t.Errorf("%d panics", took)
	}
}

// What waits for slow clients goes ahead, while the node serves: what is written down
// once it does not is small, and they get all of it. A version that does not know of
// that finds it in one piece.
func TestBacklogsGoAhead(t *testing.T) {
	const events = 300
	for _, inParts := range []bool{true, false} {
		s := startSuccession(t, func(c *config.Config) {
			c.Metrics.Enabled = false
			c.Server.QueueBytes = 64 << 20
		})
		slow := s.connect("anna")
		caller := &churn{node: s.old, http: &http.Client{Timeout: churnPatience, Transport: &http.Transport{DisableKeepAlives: true}}}
		for i := range events {
			body := fmt.Appendf(nil, `{"name":"news-%d","channels":["private-desk"],"data":%q}`, i, strings.Repeat("x", 30_000))
			if err := caller.call(http.MethodPost, "/apps/app-id/events", body); err != nil {
				t.Fatal(err)
			}
		}
		ahead := int64(0)
		if inParts {
			ahead = s.sendAhead()
		}
		r := s.freeze()
		e, err := r.writeDown(t.Context(), &s.written, inParts)
		if err != nil {
			t.Fatal(err)
		}
		i, err := s.heir.takeUp(t.Context(), s.readers(e), s.handles, &s.read)
		if err != nil {
			t.Fatal(err)
		}
		e.close()
		if waits := int64(events * 30_000 / 3); inParts != (ahead > waits) || inParts == (e.bytes > waits) {
			t.Errorf("in parts %v: %d bytes went ahead, and %d later", inParts, ahead, e.bytes)
		}
		if err := r.leave(); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(i.begin(), s.heir.begin(context.WithoutCancel(t.Context()))); err != nil {
			t.Fatal(err)
		}
		for i := range events {
			slow.hear(fmt.Sprintf("news-%d private-desk", i))
		}
	}
}

// sendAhead gives the heir what can be written down while the old node serves.
func (s *succession) sendAhead() (bytes int64) {
	s.t.Helper()
	e, err := s.old.writeAhead(s.t.Context(), &s.written)
	if err != nil {
		s.t.Fatal(err)
	}
	defer e.close()
	for _, r := range s.readers(e) {
		if err := errors.Join(readFrames(r, &s.read), r.Close()); err != nil {
			s.t.Fatal(err)
		}
	}
	return e.bytes
}
