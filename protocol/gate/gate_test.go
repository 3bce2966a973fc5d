package gate_test

import (
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"fanfare/protocol/gate"
)

var (
	alice = netip.MustParseAddr("192.0.2.7")
	bob   = netip.MustParseAddr("2001:db8:0:1::7")
	proxy = netip.MustParseAddr("10.0.0.1")

	proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
)

// enter lets addr in.
func enter(t testing.TB, g *gate.Gate, addr netip.Addr) *gate.Seat {
	t.Helper()
	s, err := g.Enter(addr)
	if err != nil {
		t.Fatalf("%v: %v", addr, err)
	}
	return s
}

// refused wants addr to be refused.
func refused(t testing.TB, g *gate.Gate, addr netip.Addr, why gate.Reason) {
	t.Helper()
	s, err := g.Enter(addr)
	if r, ok := errors.AsType[*gate.Refusal](err); !ok || r.Reason != why || s != nil {
		t.Fatalf("%v: got %v, %v, want to be refused for %v", addr, s, err, why)
	}
}

func TestConnectionsPerAddress(t *testing.T) {
	g := gate.New(gate.Config{ConnectionsPerIP: 2})
	first, second := enter(t, g, alice), enter(t, g, alice)
	refused(t, g, alice, gate.TooManyOfAddress)
	refused(t, g, netip.MustParseAddr("::ffff:192.0.2.7"), gate.TooManyOfAddress)
	others := []*gate.Seat{enter(t, g, netip.MustParseAddr("192.0.2.8")), enter(t, g, netip.MustParseAddr("::c000:207"))}
	first.Leave()
	first = enter(t, g, alice)
	refused(t, g, alice, gate.TooManyOfAddress)
	if got := g.Stats(); got.Addresses != 3 || got.Refused != [3]uint64{3, 0, 0} {
		t.Errorf("got %+v, want 3 addresses and 3 refused", got)
	}
	for _, s := range append(others, first, second) {
		s.Leave()
	}
	if n := g.Known(); n != 0 {
		t.Errorf("%d addresses are known when all have left", n)
	}
}

// An IPv6 customer has a whole network to come from.
func TestIPv6CountsByNetwork(t *testing.T) {
	g := gate.New(gate.Config{ConnectionsPerIP: 2})
	seats := []*gate.Seat{enter(t, g, bob), enter(t, g, netip.MustParseAddr("2001:db8:0:1:ffff:ffff:ffff:ffff"))}
	refused(t, g, netip.MustParseAddr("2001:db8:0:1:8::%eth0"), gate.TooManyOfAddress)
	seats = append(seats, enter(t, g, netip.MustParseAddr("2001:db8:0:2::7")), enter(t, g, netip.MustParseAddr("2001:db8::7")))
	for _, s := range seats {
		s.Leave()
	}
}

func TestConnectsPerSecondOfAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := gate.New(gate.Config{ConnectsPerSecondPerIP: 2})
		enter(t, g, alice).Leave()
		enter(t, g, alice).Leave()
		refused(t, g, alice, gate.TooManyConnectsOfAddress)
		enter(t, g, bob).Leave()
		wait(500 * time.Millisecond)
		enter(t, g, alice).Leave()
		refused(t, g, alice, gate.TooManyConnectsOfAddress)
		wait(time.Minute) // no more than a second's worth is saved up
		enter(t, g, alice).Leave()
		enter(t, g, alice).Leave()
		refused(t, g, alice, gate.TooManyConnectsOfAddress)
		if n := g.Stats().Addresses; n != 1 {
			t.Errorf("%d addresses are known, want 1", n)
		}
		wait(time.Second)
		if n := g.Stats().Addresses; n != 0 {
			t.Errorf("%d addresses are known a second after the last, want 0", n)
		}
	})
}

// wait lets time pass in a bubble.
func wait(d time.Duration) { <-time.After(d) }

// Who is refused leaves the node's connects to others, and keeps its own.
func TestConnectsPerSecondOfNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := gate.New(gate.Config{ConnectsPerSecond: 4, ConnectsPerSecondPerIP: 2, ConnectionsPerIP: 3, TrustedProxies: proxies})
		enter(t, g, alice).Leave()
		enter(t, g, alice).Leave()
		for range 10 {
			refused(t, g, alice, gate.TooManyConnectsOfAddress)
		}
		enter(t, g, bob).Leave()
		if s := enter(t, g, proxy); s != nil {
			t.Error("a trusted proxy has a seat")
		}
		refused(t, g, bob, gate.TooManyConnects)
		refused(t, g, proxy, gate.TooManyConnects)
		wait(250 * time.Millisecond)
		enter(t, g, bob).Leave()
		refused(t, g, netip.MustParseAddr("203.0.113.1"), gate.TooManyConnects)
		if n := g.Known(); n != 2 {
			t.Errorf("%d addresses are known, want 2: who was refused has no seat", n)
		}
		if got := g.Stats(); got.Refused != [3]uint64{0, 10, 3} || got.Exempt != 2 {
			t.Errorf("got %+v, want 10 and 3 refused and 2 exempt", got)
		}
	})
}

// Where there is no limit, nothing is kept.
func TestNoLimits(t *testing.T) {
	f := func(g *gate.Gate, addr netip.Addr) {
		t.Helper()
		if n := testing.AllocsPerRun(100, func() {
			s, err := g.Enter(addr)
			if s != nil || err != nil {
				t.Fatalf("got %v, %v, want neither a seat nor an error", s, err)
			}
			s.Leave()
		}); n != 0 {
			t.Errorf("%v allocations", n)
		}
		if s := g.Adopt(addr.String()); s != nil || s.String() != "" {
			t.Errorf("adopted as %v", s)
		}
		if got := g.Stats(); got.Addresses != 0 {
			t.Errorf("got %+v, want nothing", got)
		}
	}
	f(nil, alice)
	f(gate.New(gate.Config{}), alice)
	f(gate.New(gate.Config{ConnectsPerSecond: 100_000_000}), alice)
	f(gate.New(gate.Config{ConnectionsPerIP: 1, TrustedProxies: proxies}), proxy)
	f(gate.New(gate.Config{ConnectionsPerIP: 1}), netip.Addr{})
}

// A connection that is taken over counts, but is not refused.
func TestAdopt(t *testing.T) {
	g, next := gate.New(gate.Config{ConnectionsPerIP: 2}), gate.New(gate.Config{ConnectionsPerIP: 1})
	for _, addr := range []netip.Addr{alice, bob} {
		first, second := enter(t, g, addr), enter(t, g, addr)
		a, b := next.Adopt(first.String()), next.Adopt(second.String())
		refused(t, next, addr, gate.TooManyOfAddress)
		a.Leave()
		refused(t, next, addr, gate.TooManyOfAddress)
		b.Leave()
		enter(t, next, addr).Leave()
	}
	if s := next.Adopt("nonsense"); s != nil {
		t.Errorf("nonsense has seat %v", s)
	}
}

func TestLeaveTwicePanics(t *testing.T) {
	g := gate.New(gate.Config{ConnectionsPerIP: 2})
	s := enter(t, g, alice)
	s.Leave()
	defer func() {
		if recover() == nil {
			t.Error("a seat was left twice")
		}
		enter(t, g, alice).Leave() // no lock is held
	}()
	s.Leave()
}

// However they come and go, an address never has more than its limit, and all
// that is left in the end is nothing.
func TestManyAtOnce(t *testing.T) {
	const most, addresses, rounds = 3, 5, 2000
	g := gate.New(gate.Config{ConnectionsPerIP: most, ConnectsPerSecond: 1 << 20})
	var open [addresses]atomic.Int64
	var in, out atomic.Int64
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range rounds {
				n := (i*7 + w*3) % addresses
				s, err := g.Enter(netip.AddrFrom4([4]byte{192, 0, 2, byte(n)}))
				if err != nil {
					out.Add(1)
					continue
				}
				in.Add(1)
				if have := open[n].Add(1); have > most {
					t.Errorf("%d connections of one address", have)
				}
				open[n].Add(-1)
				s.Leave()
			}
		})
	}
	wg.Wait()
	if in.Load()+out.Load() != 8*rounds || g.Known() != 0 || g.Stats().Refused[gate.TooManyOfAddress] != uint64(out.Load()) {
		t.Errorf("%d in, %d out, %+v", in.Load(), out.Load(), g.Stats())
	}
}

func TestReasonNames(t *testing.T) {
	var st gate.Stats
	seen := map[string]bool{}
	st.EachRefused(func(why gate.Reason, n uint64) { seen[why.String()] = n == 0 })
	if len(seen) != 3 || seen[""] || gate.Reason(99).String() != "invalid reason" {
		t.Errorf("got %v", seen)
	}
}
