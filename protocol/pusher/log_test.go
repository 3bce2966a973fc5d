package pusher

import (
	"bytes"
	"log/slog"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanfare/channels/apps"
	"fanfare/protocol/gate"
)

// newLoggedWorld serves app 3 and logs from a level on.
func newLoggedWorld(t *testing.T, level slog.Level, change func(*apps.App)) (*world, *bytes.Buffer) {
	t.Helper()
	app := apps.New("3", testKey, testSecret)
	if change != nil {
		change(app)
	}
	store, err := apps.NewStatic(app)
	if err != nil {
		t.Fatal(err)
	}
	out := new(bytes.Buffer)
	w := newWorldWith(t, Config{
		Apps: store,
		Log:  slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: level})),
		Gate: gate.New(gate.Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}),
	}, app)
	return w, out
}

var socketID = regexp.MustCompile(`socket_id=\d+\.\d+`)

// linesOf gives the lines without what differs from run to run.
func linesOf(out *bytes.Buffer) []string {
	var lines []string
	for line := range strings.Lines(out.String()) {
		_, line, _ = strings.Cut(strings.TrimSpace(line), " level=DEBUG msg=")
		lines = append(lines, socketID.ReplaceAllString(line, "socket_id=ID"))
	}
	out.Reset()
	return lines
}

func wantLines(t *testing.T, out *bytes.Buffer, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, linesOf(out)); diff != "" {
		t.Errorf("the log (-want +got):\n%s", diff)
	}
}

func TestLogOfAConversation(t *testing.T) {
	w, out := newLoggedWorld(t, slog.LevelDebug, nil)
	c := w.dial(upgrade, "X-Forwarded-For: 198.51.100.7", "X-Forwarded-Proto: https")
	c.hello()
	if !strings.Contains(out.String(), "socket_id="+c.id+" ") {
		t.Errorf("the log lacks the client's socket id, %s: %s", c.id, out)
	}
	wantLines(t, out, `"connection opened" socket_id=ID app_id=3 remote=192.0.2.1:1234 client=198.51.100.7 tls=true protocol=7`)
	c.do(c.subscribe("presence-room", `{"user_id":"7"}`), c.subscribe("news", ""), `{"event":"client-talk","channel":"presence-room","data":"geheim"}`)
	wantLines(t, out)
	c.do(`{"event":"pusher:subscribe","data":{"channel":"private-x","auth":"` + testKey + `:geheim"}}`)
	c.do(`{"event":"pusher:subscribe","data":{"channel":"presence-x","auth":"` + testKey + `:geheim","channel_data":"{\"user_id\":\"geheim\"}"}}`)
	c.do(`{"event":"pusher:signin","data":{"auth":"` + testKey + `:geheim","user_data":"{\"id\":\"geheim\"}"}}`)
	c.do(`{"event":"client-talk","channel":"geheim","data":"geheim"}`, `{"event":"geheim"`, `{"event":"geheim","data":"geheim"}`)
	wantLines(t, out,
		`"subscription refused" socket_id=ID app_id=3 channel=private-x status=401 why=signature`,
		`"subscription refused" socket_id=ID app_id=3 channel=presence-x status=401 why=signature`,
		`"command refused" socket_id=ID app_id=3 code=0 why=signature`,
		`"command refused" socket_id=ID app_id=3 code=0 why=not_permitted`,
		`"command refused" socket_id=ID app_id=3 code=0 why=malformed`,
		`"command refused" socket_id=ID app_id=3 code=0 why=malformed`)
	c.peer.Hangup()
	wantLines(t, out, `"connection ended" socket_id=ID app_id=3 cause=peer`)
}

func TestLogOfClosedAndRefusedConnections(t *testing.T) {
	w, out := newLoggedWorld(t, slog.LevelDebug, func(a *apps.App) { a.MaxConnections = 1 })
	c := w.connect()
	wantLines(t, out, `"connection opened" socket_id=ID app_id=3 remote=192.0.2.1:1234 client=192.0.2.1 tls=false protocol=7`)
	w.dial(upgrade, "X-Forwarded-For: 198.51.100.7")
	w.dial("/app/other?protocol=7", "X-Forwarded-For: 198.51.100.7")
	w.dial("/other?protocol=7")
	wantLines(t, out,
		`"connection refused" app_id=3 remote=192.0.2.1:1234 client=198.51.100.7 code=4004 reason="`+textQuota(1)+`"`,
		`"connection refused" app_id="" remote=192.0.2.1:1234 client=198.51.100.7 code=4001 reason="app key \"other\" is not known here; check the key and the host"`,
		`"connection refused" app_id="" remote=192.0.2.1:1234 client="" code=4005 reason="path not found: connect to /app/KEY with your app's key"`)
	dismiss(c.peer.Conn(), "app was disabled")
	w.loop.Settle()
	wantLines(t, out,
		`"connection is being closed" socket_id=ID app_id=3 code=4003 reason="app was disabled"`,
		`"connection ended" socket_id=ID app_id=3 cause=local`)
}

// At the usual level clients cause no line.
func TestLogIsQuiet(t *testing.T) {
	w, out := newLoggedWorld(t, slog.LevelInfo, nil)
	c := w.connect()
	c.do(`{"event":"pusher:subscribe","data":{"channel":"private-x","auth":"x"}}`, "nonsense")
	w.dial("/app/other?protocol=7")
	c.peer.Hangup()
	if out.Len() > 0 {
		t.Errorf("logged %s", out)
	}
}
