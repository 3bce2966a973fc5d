package pusher

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
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
	"fanfare/protocol/pusher/auth"
	"fanfare/protocol/pusher/names"
)

const (
	testKey    = "278d425bdf160c739803"
	testSecret = "7ad3773142a6692b25b8"
	upgrade    = "/app/" + testKey + "?protocol=7&client=js&version=8.6.0&flash=false"
)

// world is a server on one loop that moves only when told to. Jobs for the
// worker pool wait in jobs until work is called.
type world struct {
	testing.TB
	loop     *enginetest.Loop
	server   *Server
	registry *channels.Registry
	tenants  *apps.Tenants
	mux      *protocol.Mux
	app      *apps.App
	jobs     []func()
	full     bool     // the pool takes no job
	told     []string // what the witness was told
}

// offlineDelay is how long a user counts as online after it has gone.
const offlineDelay = 3 * time.Second

// newWorld serves one app, as change leaves it.
func newWorld(t testing.TB, change func(*apps.App)) *world {
	t.Helper()
	app := apps.New("3", testKey, testSecret)
	if change != nil {
		change(app)
	}
	store, err := apps.NewStatic(app)
	if err != nil {
		t.Fatal(err)
	}
	return newWorldWith(t, Config{Apps: store}, app)
}

func newWorldWith(t testing.TB, cfg Config, app *apps.App) *world {
	t.Helper()
	w := &world{TB: t, tenants: apps.NewTenants(1), mux: protocol.NewMux(""), app: app}
	cfg.Loops, cfg.Loop, cfg.Submit = 1, func(int) *engine.Loop { return w.loop.Loop }, w.submit
	cfg.Tenants, cfg.IDs = w.tenants, protocol.NewDirectory()
	cfg.Users = users.New(offlineDelay)
	w.server = New(cfg)
	w.registry = protocol.NewRegistry(1, cfg.Loop, channels.Config{Sinks: []channels.Sink{w.server}, Witness: w.witness})
	w.server.Bind(w.registry, 0)
	protocol.BindUsers(cfg.Users, 1, cfg.Loop, w.server.UserSink())
	t.Cleanup(cfg.Users.Stop)
	w.mux.Handle(Prefix, "WebSocket", w.server)
	w.mux.RefuseUpgrades(w.server.RefusePath)
	w.loop = enginetest.New(engine.Config{}, w.mux)
	return w
}

func (w *world) witness(o channels.Occasion) {
	w.told = append(w.told, strings.TrimSpace(fmt.Sprint(o.Kind, " ", o.Channel, " ", o.UserID)))
}

func (w *world) submit(job func()) error {
	if w.full {
		return engine.ErrPoolFull
	}
	w.jobs = append(w.jobs, job)
	return nil
}

// work lets the pool do all jobs, and those that they lead to.
func (w *world) work() {
	for len(w.jobs) > 0 {
		job := w.jobs[0]
		w.jobs = w.jobs[1:]
		job()
		w.loop.Settle()
	}
}

func (w *world) publish(m *channels.Message) {
	w.Helper()
	m.App = w.app.ID
	w.registry.Publish(m, func(err error) {
		if err != nil {
			w.Fatalf("publish on %s: %v", m.Channel, err)
		}
	})
	w.loop.Settle()
}

// nothingLeft checks that all sessions have gone without a trace.
func (w *world) nothingLeft() {
	w.Helper()
	if got := w.registry.Stats(); got != (channels.Stats{}) {
		w.Errorf("left in the registry: %+v", got)
	}
	if n := w.server.cfg.IDs.Len(); n != 0 {
		w.Errorf("%d socket ids left", n)
	}
	if n := w.tenants.Of(w.app).Connections(); n != 0 {
		w.Errorf("%d connections left on the app's account", n)
	}
	if n := w.server.Stats().Sessions; n != 0 {
		w.Errorf("%d sessions left", n)
	}
}

// client is the far end of a connection.
type client struct {
	*world
	peer *enginetest.Peer
	rest []byte
	id   string // socket id
}

// dial sends an upgrade and reads no further than its answer's head.
func (w *world) dial(target string, headers ...string) *client {
	w.Helper()
	c := &client{world: w, peer: w.loop.Dial()}
	c.peer.Write(request(target, headers...))
	return c
}

func request(target string, headers ...string) []byte {
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n", target, strings.Join(append(headers, ""), "\r\n"))
}

// connect dials and takes the hello.
func (w *world) connect() *client {
	w.Helper()
	c := w.dial(upgrade)
	c.hello()
	return c
}

func (c *client) hello() {
	c.Helper()
	got := c.read()
	if len(got) != 1 {
		c.Fatalf("after the upgrade: %q", got)
	}
	var f struct {
		Event string
		Data  string
	}
	if err := json.Unmarshal([]byte(got[0]), &f); err != nil || f.Event != "pusher:connection_established" {
		c.Fatalf("hello: %s (%v)", got[0], err)
	}
	var hello struct {
		SocketID string `json:"socket_id"`
	}
	if err := json.Unmarshal([]byte(f.Data), &hello); err != nil {
		c.Fatal(err)
	}
	c.id = hello.SocketID
}

// write sends messages in one piece.
func (c *client) write(messages ...string) {
	var b []byte
	for _, m := range messages {
		b = appendMasked(b, 1, m)
	}
	c.peer.Write(b)
}

// do sends messages in one piece and lets the pool do what they need.
func (c *client) do(messages ...string) {
	c.write(messages...)
	c.work()
}

// wants checks what has come since the last look.
func (c *client) wants(want ...string) {
	c.Helper()
	if diff := cmp.Diff(want, c.read()); diff != "" {
		c.Errorf("received (-want +got):\n%s", diff)
	}
}

// read takes what has come: messages as they are, close frames as "close CODE
// REASON", pings as "ping".
func (c *client) read() []string {
	c.Helper()
	c.rest = append(c.rest, c.peer.Received()...)
	if strings.HasPrefix(string(c.rest), "HTTP/1.1 101") {
		_, after, _ := strings.Cut(string(c.rest), "\r\n\r\n")
		c.rest = []byte(after)
	}
	var got []string
	for {
		text, n := c.frame(c.rest)
		if n == 0 {
			return got
		}
		c.rest = c.rest[n:]
		got = append(got, text)
	}
}

func (c *client) frame(b []byte) (string, int) {
	c.Helper()
	if len(b) < 2 {
		return "", 0
	}
	size, at := int(b[1]), 2
	switch size {
	case 126:
		size, at = int(binary.BigEndian.Uint16(b[2:])), 4
	case 127:
		size, at = int(binary.BigEndian.Uint64(b[2:])), 10
	}
	payload := string(b[at : at+size])
	switch b[0] & 15 {
	case 1:
		return payload, at + size
	case 8:
		return fmt.Sprintf("close %d %s", binary.BigEndian.Uint16([]byte(payload)), payload[2:]), at + size
	case 9:
		return "ping", at + size
	}
	c.Fatalf("unexpected frame %x", b)
	return "", 0
}

func appendMasked(b []byte, op byte, payload string) []byte {
	b = append(b, 0x80|op)
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	b = append(b, 1, 2, 3, 4)
	for i := range len(payload) {
		b = append(b, payload[i]^byte(i%4+1))
	}
	return b
}

var signer = auth.NewSigner(testKey, testSecret)

// subscribe is the message that subscribes the client, signed when needed.
// user is the channel_data on presence channels.
func (c *client) subscribe(channel, user string) string {
	data := map[string]string{"channel": channel, "auth": ""}
	switch {
	case strings.HasPrefix(channel, "presence-"):
		data["channel_data"] = user
		data["auth"] = signer.Token(c.id, channel, user)
	case strings.HasPrefix(channel, "private-"):
		data["auth"] = signer.Token(c.id, channel)
	}
	b, _ := json.Marshal(map[string]any{"event": "pusher:subscribe", "data": data})
	return string(b)
}

// join subscribes and takes the confirmation.
func (c *client) join(channel, user string) {
	c.Helper()
	c.do(c.subscribe(channel, user))
	got := c.read()
	if len(got) == 2 && names.KindOf(channel).Cached() {
		got = got[:1]
	}
	if len(got) != 1 || !strings.HasPrefix(got[0], `{"event":"pusher_internal:subscription_succeeded","channel":`+fmt.Sprintf("%q", channel)) {
		c.Fatalf("subscribing to %s: %q", channel, got)
	}
}

// signin is the message that signs the client in, signed.
func (c *client) signin(userData string) string {
	b, _ := json.Marshal(map[string]any{"event": "pusher:signin", "data": map[string]string{
		"auth": signer.UserToken(c.id, userData), "user_data": userData,
	}})
	return string(b)
}

// become signs in and takes the answer.
func (c *client) become(id string) {
	c.Helper()
	c.do(c.signin(`{"id":"` + id + `"}`))
	c.wants(signedIn(`{"id":"` + id + `"}`))
}

func signedIn(userData string) string {
	b, _ := json.Marshal(userData)
	return `{"event":"pusher:signin_success","data":{"user_data":` + string(b) + `}}`
}

func watched(events string) string {
	return `{"event":"pusher_internal:watchlist_events","data":{"events":[` + events + `]}}`
}

func succeeded(channel string) string {
	return `{"event":"pusher_internal:subscription_succeeded","channel":"` + channel + `","data":"{}"}`
}

func pusherError(code, text string) string {
	b, _ := json.Marshal(text)
	return `{"event":"pusher:error","data":{"code":` + code + `,"message":` + string(b) + `}}`
}

const (
	pong = `{"event":"pusher:pong","data":{}}`
	ping = `{"event":"pusher:ping","data":{}}`
)

func unsubscribe(channel string) string {
	return `{"event":"pusher:unsubscribe","data":{"channel":"` + channel + `"}}`
}

var errStore = errors.New("database is down")

const second = time.Second
