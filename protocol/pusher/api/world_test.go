package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanfare/channels"
	"fanfare/channels/apps"
	"fanfare/channels/users"
	"fanfare/engine"
	"fanfare/engine/enginetest"
	"fanfare/protocol"
	"fanfare/protocol/pusher"
	"fanfare/protocol/pusher/auth"
)

// The credentials and the time of the documentation's vectors.
const (
	testKey    = "278d425bdf160c739803"
	testSecret = "7ad3773142a6692b25b8"
	testTime   = 1353088179
)

// world is the API of one loop that moves only when told to. Jobs for the
// worker pool wait in jobs until work is called.
type world struct {
	testing.TB
	loop     *enginetest.Loop
	server   *Server
	registry *channels.Registry
	ids      *protocol.Directory
	tenants  *apps.Tenants
	app      *apps.App
	signer   *auth.Signer
	now      time.Time
	jobs     []func()
	full     bool // the pool takes no job
	sink     *sink
	peer     *enginetest.Peer
	handles  channels.Handle

	ended []ending // whose connections were to be terminated
}

// ending is a call of Config.Terminate.
type ending struct {
	app, user string
	done      func(error)
}

// setup is what a test may change before the world begins.
type setup struct {
	app    *apps.App
	cfg    Config
	engine engine.Config
	prefix string
	// sockets serves Pusher's clients too, and delivers to them.
	sockets bool
}

// newWorld serves app 3 with the hosted service's limits, and app 4.
func newWorld(t testing.TB, change ...func(*setup)) *world {
	t.Helper()
	s := &setup{app: apps.New("3", testKey, testSecret)}
	s.app.Limits = apps.PusherLimits()
	for _, f := range change {
		f(s)
	}
	if s.cfg.Apps == nil {
		s.cfg.Apps = storeOf(t, s.app, apps.New("4", "other-key", "other-secret"))
	}
	w := &world{
		TB: t, app: s.app, signer: auth.NewSigner(testKey, testSecret), now: time.Unix(testTime, 0),
		ids: protocol.NewDirectory(), tenants: apps.NewTenants(1), sink: &sink{},
	}
	mux := protocol.NewMux(s.prefix)
	w.registry = w.newRegistry(s, mux)
	s.cfg.Loops, s.cfg.Submit, s.cfg.Registry = 1, w.submit, w.registry
	s.cfg.Loop = func(int) *engine.Loop { return w.loop.Loop }
	s.cfg.Tenants, s.cfg.IDs, s.cfg.Now = w.tenants, w.ids, func() time.Time { return w.now }
	if s.cfg.Terminate == nil {
		s.cfg.Terminate = w.end
	}
	s.engine.ErrorFields = PublicFields()
	w.server = New(s.cfg)
	mux.Handle(Prefix, "HTTP API", w.server)
	w.loop = enginetest.New(s.engine, mux)
	w.peer = w.loop.Dial()
	return w
}

func (w *world) newRegistry(s *setup, mux *protocol.Mux) *channels.Registry {
	loop := func(int) *engine.Loop { return w.loop.Loop }
	if !s.sockets {
		return protocol.NewRegistry(1, loop, channels.Config{Sinks: []channels.Sink{w.sink}})
	}
	everybody := users.New(time.Minute)
	w.Cleanup(everybody.Stop)
	ws := pusher.New(pusher.Config{
		Loops: 1, Loop: loop, Submit: w.submit, Apps: s.cfg.Apps, Tenants: w.tenants, IDs: w.ids, Users: everybody,
	})
	protocol.BindUsers(everybody, 1, loop, ws.UserSink())
	r := protocol.NewRegistry(1, loop, channels.Config{Sinks: []channels.Sink{ws}})
	ws.Bind(r, 0)
	mux.Handle(pusher.Prefix, "WebSocket", ws)
	return r
}

func storeOf(t testing.TB, list ...*apps.App) *apps.Static {
	t.Helper()
	store, err := apps.NewStatic(list...)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// end notes whose connections are to be terminated, which is done at once.
func (w *world) end(app, user string, done func(error)) {
	w.ended = append(w.ended, ending{app, user, done})
	done(nil)
}

func (w *world) submit(job func()) error {
	if w.full {
		return engine.ErrPoolFull
	}
	w.jobs = append(w.jobs, job)
	return nil
}

// work lets the pool do all jobs.
func (w *world) work() {
	for len(w.jobs) > 0 {
		job := w.jobs[0]
		w.jobs = w.jobs[1:]
		job()
		w.loop.Settle()
	}
}

// subscribe puts a session on a channel; on a presence channel as that user.
func (w *world) subscribe(channel string, user ...string) channels.Handle {
	w.Helper()
	w.handles++
	return w.subscribeAs(w.app.ID, channel, w.handles, user...)
}

func (w *world) subscribeAs(app, channel string, h channels.Handle, user ...string) channels.Handle {
	w.Helper()
	j := channels.Join{App: app, Channel: channel, Handle: h}
	if len(user) > 0 {
		j.Presence = &channels.Member{UserID: user[0]}
	}
	if _, err := w.registry.Subscribe(j); err != nil {
		w.Fatal(err)
	}
	w.loop.Settle()
	w.sink.got = nil
	return h
}

// got checks what was delivered since the last look, each as "channel event
// data [handles]".
func (w *world) got(want ...string) {
	w.Helper()
	if diff := cmp.Diff(want, w.sink.got); diff != "" {
		w.Errorf("delivered (-want +got):\n%s", diff)
	}
	w.sink.got = nil
}

// sink is a wire format for tests.
type sink struct {
	got  []string
	lent []*channels.Message // as they were delivered, which only a copy of what they are made of outlives
	mute bool                // notes nothing, which costs nothing
}

func (*sink) Encode(m *channels.Message) any { return m }

func (s *sink) Deliver(_ int, m *channels.Message, _ any, to []channels.Handle) {
	if s.mute || m.Kind != channels.Event {
		return
	}
	s.lent = append(s.lent, m)
	var reached []channels.Handle
	for _, h := range to {
		if h != channels.None && h != m.Except {
			reached = append(reached, h)
		}
	}
	s.got = append(s.got, fmt.Sprintf("%s %s %s %d", m.Channel, m.Event, m.Data, reached))
}

func (*sink) EncodeMembers([]*channels.Member) any { return nil }

func (*sink) Joined(int, *channels.Subscription, *channels.Snapshot) {}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// signed makes a whole request. target may have a query, which is signed too.
func (w *world) signed(method, target, body string) []byte {
	w.Helper()
	return w.signedBy(w.signer, method, target, body)
}

func (w *world) signedBy(s *auth.Signer, method, target, body string) []byte {
	w.Helper()
	path, query, _ := strings.Cut(target, "?")
	params, err := auth.AppendQuery(nil, query)
	if err != nil {
		w.Fatal(err)
	}
	return raw(method, path+"?"+s.SignRequest(method, unescaped([]byte(path)), params, []byte(body), w.now), body)
}

// raw makes a request as it is.
func raw(method, target, body string, headers ...string) []byte {
	if body != "" || method == "POST" {
		headers = append(headers, fmt.Sprintf("Content-Length: %d", len(body)))
	}
	return fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n%s", method, target, strings.Join(append(headers, ""), "\r\n"), body)
}

// do sends a request on the one connection and takes its answer.
func (w *world) do(request []byte) answer {
	w.Helper()
	w.peer.Write(request)
	w.work()
	all := w.answers(string(request[:bytes.IndexByte(request, ' ')]))
	if len(all) != 1 {
		w.Fatalf("%d answers to %.200q", len(all), request)
	}
	return all[0]
}

// answers takes all that has come.
func (w *world) answers(method string) []answer {
	w.Helper()
	var all []answer
	r := bufio.NewReader(bytes.NewReader(w.peer.Received()))
	for {
		if _, err := r.Peek(1); err != nil {
			return all
		}
		resp, err := http.ReadResponse(r, &http.Request{Method: method})
		if err != nil {
			w.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			w.Fatal(err)
		}
		resp.Body.Close()
		if resp.Header.Get("Access-Control-Allow-Origin") != "*" {
			w.Errorf("answer without CORS: %v", resp.Header)
		}
		all = append(all, answer{resp.StatusCode, resp.Header, string(body)})
	}
}

// post publishes to an endpoint of the app.
func (w *world) post(endpoint, body string) answer {
	w.Helper()
	return w.do(w.signed("POST", "/apps/3/"+endpoint, body))
}

func (w *world) get(endpoint string) answer {
	w.Helper()
	return w.do(w.signed("GET", "/apps/3/"+endpoint, ""))
}

// is checks an answer of 200.
func (w *world) is(a answer, want string) {
	w.Helper()
	if a.status != 200 || a.body != want || a.header.Get("Content-Type") != "application/json" {
		w.Errorf("got %d %s %q, want 200 application/json %q", a.status, a.header.Get("Content-Type"), a.body, want)
	}
}

// refuses checks a refusal: its status, and a text that is plain and has part
// in it.
func (w *world) refuses(a answer, status int, part string) {
	w.Helper()
	if a.status != status || !strings.Contains(a.body, part) || !strings.HasPrefix(a.header.Get("Content-Type"), "text/plain") {
		w.Errorf("got %d %s %q, want %d with %q", a.status, a.header.Get("Content-Type"), a.body, status, part)
	}
}

// encode is v as JSON.
func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// body is a publish as libraries build it.
func body(name, data string, channels ...string) string {
	return encode(map[string]any{"name": name, "data": data, "channels": channels})
}

// slowStore says Later to everything and then what it is told to.
type slowStore struct {
	apps.Store
	err error
}

func (slowStore) ByID(string) (*apps.App, apps.Answer) { return nil, apps.Later }

func (s slowStore) FetchByID(ctx context.Context, id string) (*apps.App, error) {
	if s.err != nil {
		return nil, s.err
	}
	return s.Store.FetchByID(ctx, id)
}

// serveConnections puts something else in the place of GET connections.
func serveConnections(t *testing.T, serve func(*call) *refusal) {
	was := connections.serve
	t.Cleanup(func() { connections.serve = was })
	connections.serve = serve
}
