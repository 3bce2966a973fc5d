package pusher

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"fanfare/channels/apps"
	"fanfare/engine"
	"fanfare/protocol"
)

func TestHello_CON01_CON02_CON03_CON04_CON06(t *testing.T) {
	w := newWorld(t, nil)
	sends := w.loop.Sends()
	c := w.dial(upgrade)
	if n := w.loop.Sends() - sends; n != 1 {
		t.Errorf("101 and hello took %d sends, want 1", n)
	}
	head, frame, _ := strings.Cut(string(c.peer.Received()), "\r\n\r\n")
	if !strings.HasPrefix(head, "HTTP/1.1 101 ") || strings.Contains(head, "Sec-WebSocket-Protocol") {
		t.Errorf("answer: %q", head)
	}
	c.rest = []byte(frame)
	got := c.read()
	hello := regexp.MustCompile(`^{"event":"pusher:connection_established","data":"{\\"socket_id\\":\\"(\d+\.\d+)\\",\\"activity_timeout\\":30}"}$`)
	first := hello.FindStringSubmatch(got[0])
	if first == nil || !json.Valid([]byte(got[0])) {
		t.Fatalf("hello: %s", got[0])
	}
	if other := w.connect(); other.id == first[1] {
		t.Errorf("two connections have socket id %s", other.id)
	}
}

func TestUpgradeAccepts(t *testing.T) {
	for name, target := range map[string]string{
		"CON07 unknown parameters": "/app/" + testKey + "?x=%zz&protocol=7&&y&flash=false",
		"CON08 protocol 4":         "/app/" + testKey + "?protocol=4",
		"CON08 protocol 5, Java":   "/app/" + testKey + "?client=java-client&protocol=5&version=2.4.2",
		"CON08 protocol 6":         "/app/" + testKey + "?protocol=6",
		"escaped key":              "/app/%32" + testKey[1:] + "?protocol=7",
		"version with a plus":      "/app/" + testKey + "?protocol=7&version=1.0-rc_1+b.2",
		"version escaped":          "/app/" + testKey + "?protocol=7&version=1.0%2Bb",
		"version empty":            "/app/" + testKey + "?protocol=7&version=",
	} {
		t.Run(name, func(t *testing.T) {
			newWorld(t, nil).dial(target).hello()
		})
	}
}

func TestUpgradeRefusals(t *testing.T) {
	const key = "/app/" + testKey
	for name, test := range map[string]struct {
		target, origin string
		change         func(*apps.App)
		code           int
	}{
		"CON09 protocol 3":               {target: key + "?protocol=3", code: 4007},
		"CON09 protocol 8":               {target: key + "?protocol=8", code: 4007},
		"CON09 protocol 99":              {target: key + "?protocol=99", code: 4007},
		"CON09 protocol x":               {target: key + "?protocol=x", code: 4007},
		"CON09 protocol empty":           {target: key + "?protocol=", code: 4007},
		"CON09 protocol 263":             {target: key + "?protocol=263", code: 4007},
		"CON10 no protocol":              {target: key, code: 4008},
		"CON11 version":                  {target: key + "?protocol=7&version=a%20b", code: 4006},
		"CON11 version too long":         {target: key + "?protocol=7&version=" + strings.Repeat("1", 65), code: 4006},
		"CON11 version badly escaped":    {target: key + "?protocol=7&version=%zz", code: 4006},
		"CON12 unknown key":              {target: "/app/nobody?protocol=7", code: 4001},
		"CON13 disabled":                 {target: key + "?protocol=7", change: func(a *apps.App) { a.Enabled = false }, code: 4003},
		"CON16 path":                     {target: "/nothing", code: 4005},
		"CON16 no key":                   {target: "/app/", code: 4005},
		"CON16 more path":                {target: key + "/x?protocol=7", code: 4005},
		"CON16 health path":              {target: "/up", code: 4005},
		"origin":                         {target: key + "?protocol=7", origin: "https://evil.test", change: allowExample, code: 4009},
		"order: key before protocol":     {target: "/app/nobody?protocol=3", code: 4001},
		"order: enabled before protocol": {target: key + "?protocol=3", change: func(a *apps.App) { a.Enabled = false }, code: 4003},
		"order: protocol before version": {target: key + "?protocol=3&version=%20", code: 4007},
		"order: version before origin":   {target: key + "?protocol=7&version=%20", origin: "https://evil.test", change: allowExample, code: 4006},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, test.change)
			var headers []string
			if test.origin != "" {
				headers = []string{"Origin: " + test.origin}
			}
			w.dial(test.target, headers...).wantRefusal(test.code)
			w.nothingLeft()
		})
	}
}

func allowExample(a *apps.App) { a.AllowedOrigins = []string{"https://example.com"} }

// wantRefusal wants an error event and a close frame with the same code and
// text, and the connection's end (CON-17, CON-18, CON-20, CON-29).
func (c *client) wantRefusal(code int) {
	c.Helper()
	got := c.read()
	var f struct {
		Event string
		Data  struct {
			Code    *int
			Message string
		}
	}
	if len(got) != 2 || json.Unmarshal([]byte(got[0]), &f) != nil || f.Data.Code == nil {
		c.Fatalf("refusal: %q", got)
	}
	if f.Event != "pusher:error" || *f.Data.Code != code || f.Data.Message == "" {
		c.Errorf("error event: %s, want code %d", got[0], code)
	}
	reason := f.Data.Message[:min(len(f.Data.Message), 123)]
	if got[1] != fmt.Sprintf("close %d %s", code, reason) {
		c.Errorf("close frame: %q after %s", got[1], got[0])
	}
	c.peer.Write(appendMasked(nil, 8, "\x0f\xa0"))
	if !c.peer.HalfClosed() {
		c.Error("connection stays open after the close handshake")
	}
	c.peer.Hangup()
}

func TestLenientProtocol(t *testing.T) {
	w := newWorld(t, func(a *apps.App) { a.StrictProtocol = false })
	w.dial("/app/" + testKey).hello()
	w.dial("/app/" + testKey + "?protocol=3").wantRefusal(4007)
}

func TestQuota_CON14(t *testing.T) {
	w := newWorld(t, func(a *apps.App) { a.MaxConnections = 2 })
	first := w.connect()
	w.connect()
	w.dial(upgrade).wantRefusal(4004)
	first.peer.Hangup()
	w.connect()
}

func TestAllowedOrigin(t *testing.T) {
	w := newWorld(t, allowExample)
	w.dial(upgrade, "Origin: https://example.com").hello()
	w.dial(upgrade).hello() // no browser
}

func TestNoUpgrade(t *testing.T) {
	w := newWorld(t, nil)
	f := func(method, rest, status string, parts ...string) {
		t.Helper()
		p := w.loop.Dial()
		p.Write([]byte(method + " /app/" + testKey + " HTTP/1.1\r\nHost: x\r\n" + rest))
		got := string(p.Received())
		if !strings.HasPrefix(got, "HTTP/1.1 "+status+" ") {
			t.Errorf("%s: %q, want status %s", method, got, status)
		}
		for _, part := range parts {
			if !strings.Contains(got, part) {
				t.Errorf("%s: %q lacks %q", method, got, part)
			}
		}
		p.Hangup()
	}
	const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	f("GET", "\r\n", "426", "\r\nUpgrade: websocket\r\n", "connect with a Pusher client")
	f("HEAD", "\r\n", "426")
	f("DELETE", "\r\n", "405", "\r\nAllow: GET\r\n", `method "DELETE" is not for this path`)
	f("POST", "Content-Length: 2\r\n\r\n{}", "405", "\r\nAllow: GET\r\n", "POST /apps/ID/events")
	f("GET", "Content-Length: 2\r\n\r\n{}", "400", "no body is taken here")
	f("GET", upgrade+"Content-Length: 2\r\n\r\n{}", "400", "upgrade to WebSocket has a body")
	f("GET", "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "400", "no body is taken here")
	f("POST", "Content-Length: 16385\r\n\r\n", "413")
	w.nothingLeft()
}

func TestUnknownKeyIsQuoted(t *testing.T) {
	c := newWorld(t, nil).dial("/app/no%20key?protocol=7")
	got, want := c.read(), `close 4001 app key "no key" is not known here; check the key and the host`
	if len(got) != 2 || got[1] != want {
		t.Errorf("got %q, want %q at the end", got, want)
	}
}

func TestBadHandshakeLeavesNothing(t *testing.T) {
	w := newWorld(t, nil)
	p := w.loop.Dial()
	p.Write([]byte(strings.Replace(string(request(upgrade)), "Version: 13", "Version: 12", 1)))
	if got := string(p.Received()); !strings.HasPrefix(got, "HTTP/1.1 426 ") {
		t.Errorf("answer: %q", got)
	}
	p.Hangup()
	w.nothingLeft()
	if n := w.server.Stats().BadHandshakes; n != 1 {
		t.Errorf("%d bad handshakes counted", n)
	}
}

func TestPing_CON21_CON22(t *testing.T) {
	c := newWorld(t, nil).connect()
	c.write(ping, `{"event":"pusher:ping"}`, `{"event":"pusher:ping","data":"{}"}`, ` { "data":{}, "event" : "pusher:ping" } `)
	c.wants(pong, pong, pong, pong)
	c.write(`{"event":"pusher:pong","data":{}}`)
	c.wants()
}

func TestWebSocketPing_CON23(t *testing.T) {
	c := newWorld(t, nil).connect()
	c.peer.Write(appendMasked(nil, 9, "payload"))
	if got := string(c.peer.Received()); got != "\x8a\x07payload" {
		t.Errorf("answer: %q", got)
	}
}

func TestSilentClientIsClosed_CON24_CON25(t *testing.T) {
	w := newWorld(t, nil)
	c := w.connect()
	w.loop.Advance(29 * second)
	c.wants()
	w.loop.Advance(3 * second)
	c.wants("ping")
	w.loop.Advance(29 * second)
	c.wants()
	w.loop.Advance(3 * second)
	c.wants("close 4201 no pong: nothing was received for too long")
	w.loop.Advance(5 * second)
	w.nothingLeft()
	if got := w.server.Stats(); got.Closed[4201] != 1 || got.PingsSent != 1 {
		t.Errorf("counted %+v", got)
	}
}

func TestPongKeepsAlive_CON25(t *testing.T) {
	for _, timeout := range []time.Duration{10 * second, 30 * second, 120 * second} {
		t.Run(timeout.String(), func(t *testing.T) {
			w := newWorld(t, func(a *apps.App) { a.ActivityTimeout = timeout })
			c := w.connect()
			for range 5 {
				w.loop.Advance(timeout + 2*second)
				c.wants("ping")
				c.peer.Write(appendMasked(nil, 10, ""))
			}
		})
	}
}

func TestAnyMessagePostponesPing_CON26(t *testing.T) {
	w := newWorld(t, nil)
	c := w.connect()
	for range 5 {
		w.loop.Advance(25 * second)
		c.write(`{"event":"pusher:pong"}`)
		c.wants()
	}
	w.loop.Advance(32 * second)
	c.wants("ping")
	c.write(ping)
	c.wants(pong)
	w.loop.Advance(29 * second)
	c.wants()
	w.loop.Advance(3 * second)
	c.wants("ping")
}

func TestGoodbye_CON28(t *testing.T) {
	w := newWorld(t, nil)
	a, b := w.connect(), w.connect()
	w.goodbye()
	a.wants("close 4200 the server is shutting down")
	b.wants("close 4200 the server is shutting down")
	w.loop.Advance(5 * second)
	w.nothingLeft()
}

func TestOldClientsAreToldTwice_CON19_CON20(t *testing.T) {
	w := newWorld(t, nil)
	old := w.dial("/app/" + testKey + "?protocol=5")
	old.hello()
	w.goodbye()
	const reason = "the server is shutting down"
	old.wants(pusherError("4200", reason), "close 4200 "+reason)
}

// goodbye does what a shutdown does, on the loop.
func (w *world) goodbye() {
	w.loop.Post(engine.TaskFunc(func(l *engine.Loop) { l.Each(protocol.Goodbye) }))
	w.loop.Settle()
}

// slowStore says Later to every key.
type slowStore struct {
	apps.Store
	fetch func(ctx context.Context, key string) (*apps.App, error)
}

func (s slowStore) ByKey(string) (*apps.App, apps.Answer) { return nil, apps.Later }

func (s slowStore) FetchByKey(ctx context.Context, key string) (*apps.App, error) {
	return s.fetch(ctx, key)
}

func TestAppLookedUpLater(t *testing.T) {
	app := apps.New("3", testKey, testSecret)
	store := slowStore{fetch: func(ctx context.Context, key string) (*apps.App, error) {
		if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > 5*second {
			t.Errorf("deadline: %v", deadline)
		}
		switch key {
		case testKey:
			return app, nil
		case "broken":
			return nil, errStore
		}
		return nil, apps.ErrUnknown
	}}
	w := newWorldWith(t, Config{Apps: store, Lookups: protocol.LookupLimits{Max: 3}}, app)

	c := w.dial(upgrade)
	unknown, broken := w.dial("/app/nobody?protocol=7"), w.dial("/app/broken?protocol=7")
	w.dial(upgrade).wantRefusal(4100) // the fourth that would wait
	c.wants()
	c.write(ping) // behind the upgrade, in its own time
	w.work()
	got := c.read()
	if len(got) != 2 || !strings.Contains(got[0], "connection_established") || got[1] != pong {
		t.Errorf("after the lookup: %q", got)
	}
	unknown.wantRefusal(4001)
	broken.wantRefusal(4100)

	gone := w.dial(upgrade)
	gone.peer.Hangup()
	w.work()

	late := &client{world: w, peer: w.loop.Dial()} // its request's bytes are used again
	borrowed := request(upgrade)
	w.loop.Ingest(late.peer.Conn(), borrowed)
	clear(borrowed)
	w.work()
	late.hello()
	late.peer.Hangup()

	w.full = true
	w.dial(upgrade).wantRefusal(4100)
	c.peer.Hangup()
	w.nothingLeft()
	if n := w.server.Stats().Lookups; n != 0 {
		t.Errorf("%d lookups still counted", n)
	}
}

func TestClosedOnce(t *testing.T) {
	w := newWorld(t, nil)
	c := w.connect()
	ss := c.peer.Conn().Receiver().(*session)
	ss.Closed(c.peer.Conn(), engine.CausePeer)
	c.peer.Hangup()
	w.nothingLeft()
}

func TestSurplus(t *testing.T) {
	w := newWorld(t, nil)
	c := &client{world: w, peer: w.loop.Dial()}
	surplus := w.loop.Open(engine.Newcomer{Socket: c.peer, Surplus: true})
	w.loop.Ingest(surplus, request(upgrade))
	w.loop.Settle()
	c.wantRefusal(4100)
	w.nothingLeft()
}
