package gate_test

import (
	"sync/atomic"
	"testing"

	"fanfare/engine"
	"fanfare/engine/http1"
	"fanfare/protocol/gate"
)

func BenchmarkEnterLeave(b *testing.B) {
	limits := gate.Config{ConnectionsPerIP: 100_000_000, ConnectsPerSecond: 100_000_000, ConnectsPerSecondPerIP: 100_000_000}
	f := func(name string, cfg gate.Config, addresses int) {
		b.Run(name, func(b *testing.B) {
			g := gate.New(cfg)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				s, _ := g.Enter(address(i % addresses))
				s.Leave()
			}
		})
	}
	f("no limits", gate.Config{}, 1)
	f("node only", gate.Config{ConnectsPerSecond: 100_000_000}, 1)
	f("one address", limits, 1)
	f("a million addresses", limits, 1_000_000)
	b.Run("refused", func(b *testing.B) {
		g := gate.New(gate.Config{ConnectionsPerIP: 1})
		defer enter(b, g, alice).Leave()
		b.ReportAllocs()
		for b.Loop() {
			if _, err := g.Enter(alice); err == nil {
				b.Fatal("let in")
			}
		}
	})
	b.Run("parallel", func(b *testing.B) {
		g := gate.New(limits)
		var n atomic.Int64
		b.RunParallel(func(pb *testing.PB) {
			for i := int(n.Add(1)) << 16; pb.Next(); i++ {
				s, _ := g.Enter(address(i))
				s.Leave()
			}
		})
	})
}

func BenchmarkCaller(b *testing.B) {
	f := func(name, from string, headers ...string) {
		b.Run(name, func(b *testing.B) {
			a := &asking{gate: gate.New(gate.Config{TrustedProxies: proxies})}
			a.each = func(c *engine.Conn, r *http1.Request) {
				b.ReportAllocs()
				for b.Loop() {
					a.who = a.gate.Caller(c, r)
				}
			}
			a.call(b, engine.Config{}, from, "", headers...)
		})
	}
	f("direct", fromStranger)
	f("behind a proxy", fromProxy, "User-Agent: x", "X-Forwarded-For: 192.0.2.7", "X-Forwarded-Proto: https", "Origin: y")
}
