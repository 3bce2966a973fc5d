package pusher

import (
	"bytes"
	"context"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fanfare/channels/apps"
	"fanfare/engine"
	"fanfare/protocol/gate"
)

const (
	fromProxy    = "10.0.0.1:1234"
	fromStranger = "198.51.100.9:1234"
	fromAlice    = "X-Forwarded-For: 192.0.2.7"
	fromBob      = "X-Forwarded-For: 192.0.2.8"
	byTLS        = "X-Forwarded-Proto: https"
)

// gated is a world with a gate that trusts 10.0.0.0/8.
func gated(t *testing.T, limits gate.Config, change func(*apps.App)) (*world, *gate.Gate) {
	t.Helper()
	app := apps.New("3", testKey, testSecret)
	if change != nil {
		change(app)
	}
	store, err := apps.NewStatic(app)
	if err != nil {
		t.Fatal(err)
	}
	limits.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	g := gate.New(limits)
	return newWorldWith(t, Config{Apps: store, Gate: g}, app), g
}

// dialFrom is dial from an address of one's own.
func (w *world) dialFrom(from, target string, headers ...string) *client {
	w.Helper()
	c := &client{world: w, peer: w.loop.DialFrom(netip.MustParseAddrPort(from))}
	c.peer.Write(request(target, headers...))
	return c
}

// known wants so many addresses to be known to the gate, and so many of its
// refusals to be counted.
func known(t *testing.T, g *gate.Gate, addresses int, refused uint64) {
	t.Helper()
	st, n := g.Stats(), uint64(0)
	st.EachRefused(func(_ gate.Reason, of uint64) { n += of })
	if st.Addresses != addresses || n != refused {
		t.Errorf("%d addresses known and %d refused, want %d and %d", st.Addresses, n, addresses, refused)
	}
}

func (w *world) refusals(why apps.Refusal) uint64 {
	for r, n := range w.tenants.Of(w.app).Refused() {
		if r == why {
			return n
		}
	}
	return 0
}

func tlsOnly(a *apps.App) { a.TLSOnly = true }

func TestTLSOnly_CON15(t *testing.T) {
	w, _ := gated(t, gate.Config{}, tlsOnly)
	refused := uint64(0)
	f := func(from string, headers ...string) {
		t.Helper()
		c := w.dialFrom(from, upgrade, headers...)
		c.wantRefusal(4000)
		refused++
		if n := w.refusals(apps.RefusedTLS); n != refused || w.server.Stats().Refused[4000] != refused {
			t.Errorf("%d refusals are counted, want %d", n, refused)
		}
	}
	f(fromProxy)
	f(fromProxy, fromAlice)
	f(fromProxy, fromAlice, "X-Forwarded-Proto: http")
	f(fromStranger, fromAlice, byTLS)

	for _, scheme := range []string{"https", "wss"} {
		c := w.dialFrom(fromProxy, upgrade, fromAlice, "X-Forwarded-Proto: "+scheme)
		c.hello()
		c.peer.Hangup()
	}
	w.nothingLeft()
}

// Enabled comes before TLS, TLS before protocol, version and origin.
func TestTLSOnlyIsJudgedInItsTurn(t *testing.T) {
	w, _ := gated(t, gate.Config{}, func(a *apps.App) {
		a.TLSOnly = true
		allowExample(a)
	})
	w.dialFrom(fromProxy, "/app/"+testKey+"?protocol=3&version=%20", "Origin: https://evil.test").wantRefusal(4000)
	w, _ = gated(t, gate.Config{}, func(a *apps.App) { a.TLSOnly, a.Enabled = true, false })
	w.dialFrom(fromProxy, upgrade).wantRefusal(4003)
}

func TestConnectionsPerAddress(t *testing.T) {
	w, g := gated(t, gate.Config{ConnectionsPerIP: 1}, nil)
	alice, bob := w.dialFrom(fromProxy, upgrade, fromAlice), w.dialFrom(fromProxy, upgrade, fromBob)
	alice.hello()
	bob.hello()
	w.dialFrom(fromProxy, upgrade, fromAlice).wantRefusal(4100)
	w.dialFrom(fromProxy, upgrade, "X-Forwarded-For: 203.0.113.66, 192.0.2.7").wantRefusal(4100)
	stranger := w.dialFrom(fromStranger, upgrade, fromAlice)
	stranger.hello()
	w.dialFrom(fromStranger, upgrade, "X-Forwarded-For: 203.0.113.66").wantRefusal(4100)
	known(t, g, 3, 3)
	if n := w.refusals(apps.RefusedCapacity); n != 3 {
		t.Errorf("the app counts %d refusals, want 3", n)
	}

	alice.peer.Hangup()
	again := w.dialFrom(fromProxy, upgrade, fromAlice)
	again.hello()
	for _, c := range []*client{again, bob, stranger} {
		c.peer.Hangup()
	}
	w.nothingLeft()
	known(t, g, 0, 3)
}

func TestConnectRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, g := gated(t, gate.Config{ConnectsPerSecond: 3, ConnectsPerSecondPerIP: 2}, nil)
		f := func(headers ...string) {
			t.Helper()
			c := w.dialFrom(fromProxy, upgrade, headers...)
			c.hello()
			c.peer.Hangup()
		}
		f(fromAlice)
		f(fromAlice)
		w.dialFrom(fromProxy, upgrade, fromAlice).wantRefusal(4100)
		f(fromBob)
		w.dialFrom(fromProxy, upgrade, fromBob).wantRefusal(4100)
		if n := w.refusals(apps.RefusedRate); n != 2 {
			t.Errorf("the app counts %d refusals for their rate, want 2", n)
		}
		<-time.After(second)
		f(fromAlice)
		<-time.After(second)
		w.nothingLeft()
		known(t, g, 0, 2)
	})
}

// However an upgrade or a connection ends, its seat is free again, once.
func TestSeatIsGivenBack(t *testing.T) {
	f := func(name string, change func(*apps.App), end func(t *testing.T, w *world)) {
		t.Run(name, func(t *testing.T) {
			w, g := gated(t, gate.Config{ConnectionsPerIP: 1}, change)
			end(t, w)
			known(t, g, 0, 0)
			w.nothingLeft()
		})
	}
	connect := func(w *world) *client {
		c := w.dialFrom(fromProxy, upgrade, fromAlice)
		c.hello()
		return c
	}
	f("hang-up", nil, func(_ *testing.T, w *world) { connect(w).peer.Hangup() })
	f("aborted", nil, func(_ *testing.T, w *world) {
		connect(w).peer.Conn().Abort(engine.CauseLocal)
		w.loop.Settle()
	})
	f("closed, and then gone", nil, func(_ *testing.T, w *world) {
		c := connect(w)
		w.goodbye()
		c.peer.Hangup()
	})
	f("bad handshake", nil, func(t *testing.T, w *world) {
		p := w.loop.DialFrom(netip.MustParseAddrPort(fromProxy))
		p.Write(bytes.Replace(request(upgrade, fromAlice), []byte("Version: 13"), []byte("Version: 8"), 1))
		if got := string(p.Received()); !strings.HasPrefix(got, "HTTP/1.1 4") || w.server.Stats().BadHandshakes != 1 {
			t.Fatalf("got %q, want a refusal", got)
		}
	})
	f("over the app's quota", func(a *apps.App) { a.MaxConnections = 1 }, func(_ *testing.T, w *world) {
		first := w.dialFrom(fromProxy, upgrade, fromBob)
		first.hello()
		w.dialFrom(fromProxy, upgrade, fromAlice).wantRefusal(4004)
		first.peer.Hangup()
	})
	f("refused before", func(a *apps.App) { a.Enabled = false }, func(_ *testing.T, w *world) {
		w.dialFrom(fromProxy, upgrade, fromAlice).wantRefusal(4003)
	})
}

// An upgrade that waits for its app's record is judged by what its request
// said.
func TestCallerOfAParkedUpgrade(t *testing.T) {
	app := apps.New("3", testKey, testSecret)
	app.TLSOnly = true
	store := slowStore{fetch: func(context.Context, string) (*apps.App, error) { return app, nil }}
	g := gate.New(gate.Config{ConnectionsPerIP: 1, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	w := newWorldWith(t, Config{Apps: store, Gate: g}, app)
	alice := w.dialFrom(fromProxy, upgrade, fromAlice, byTLS)
	again := w.dialFrom(fromProxy, upgrade, fromAlice, byTLS)
	bob := w.dialFrom(fromProxy, upgrade, fromBob, byTLS)
	plain := w.dialFrom(fromProxy, upgrade, "X-Forwarded-For: 192.0.2.9")
	gone := w.dialFrom(fromProxy, upgrade, "X-Forwarded-For: 192.0.2.10", byTLS)
	known(t, g, 0, 0)
	gone.peer.Hangup()
	w.work()
	alice.hello()
	bob.hello()
	again.wantRefusal(4100)
	plain.wantRefusal(4000)
	known(t, g, 2, 1)
	alice.peer.Hangup()
	bob.peer.Hangup()
	known(t, g, 0, 1)
	w.nothingLeft()
}

// A session that comes from another process counts here for its address.
func TestSeatIsHandedOver(t *testing.T) {
	a, _ := gated(t, gate.Config{ConnectionsPerIP: 1}, nil)
	b, after := gated(t, gate.Config{ConnectionsPerIP: 1}, nil)
	c := a.dialFrom(fromProxy, upgrade, fromAlice)
	c.hello()
	r := c.record()
	b.mustTake(c)
	b.begin(c)
	b.dialFrom(fromProxy, upgrade, fromAlice).wantRefusal(4100)
	known(t, after, 1, 1)
	c.peer.Hangup()
	known(t, after, 0, 1)

	// What can't be taken up leaves no seat behind.
	r.Conn.Client = "nonsense"
	if err := b.server.Attach(b.loop.Dial().Conn(), r, b.app, nil); err == nil || !strings.Contains(err.Error(), `"nonsense"`) {
		t.Errorf("got %v, want an error about the client", err)
	}
	known(t, after, 0, 1)
	b.nothingLeft()
}

// Who has no limit has no seat: the record and its size class stay the same.
func TestNoGateNoSeat(t *testing.T) {
	w := newWorld(t, nil)
	c := w.connect()
	if ss := c.peer.Conn().Receiver().(*session); ss.seat != nil {
		t.Errorf("seat %v", ss.seat)
	}
	c.peer.Hangup()
	w.nothingLeft()
}
