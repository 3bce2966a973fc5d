//go:build linux

package main

import (
	"time"

	"fanfare/bench/results"
	"fanfare/bench/scenario/connect"
	"fanfare/bench/scenario/idle"
)

// The ways of agreeing on keys: tls.key_exchange.
const (
	hybrid    = "hybrid"
	classical = "classical"
)

// tls is what connections by TLS cost. The certificate is of ECDSA P-256.
func (z sizes) tls() []measurement {
	return []measurement{
		z.tlsFanout("tls-fanout-1", 1), z.tlsFanout("tls-fanout-16", 16),
		z.handshakes(), z.tlsMemory(hybrid, 10<<10), z.tlsMemory(classical, 7<<10),
	}
}

func (z sizes) tlsFanout(id string, outstanding int) measurement {
	name := "by TLS, one publish at a time, "
	if outstanding > 1 {
		name = "by TLS, 16 publishes outstanding, "
	}
	name += some(z.subscribers, "subscribers")
	load := z.publish(z.subscribers, outstanding)
	return measurement{
		id: id, group: "TLS",
		noShare: "the limit program speaks no TLS",
		trials:  []trial{{"tls", program{tls: hybrid}, load, ""}, {"plain", fanfare, load, ""}},
		lines: []line{{results.Row{
			ID: id, Name: name, Unit: perCPU, With: "the same without TLS", Brief: name,
			Bound: results.Bound{Kind: results.RatioAtLeast, Value: 0.8},
		}, of("tls", perCPUSecond), of("plain", perCPUSecond)}},
	}
}

// handshakes are full ones, with the upgrade and a subscription behind each.
func (z sizes) handshakes() measurement {
	const unit = "connections per CPU-second"
	load := connect.Scenario{Connections: z.part(5000)}
	name := "connect, handshake, upgrade, hello, subscribe"
	return measurement{
		id: "tls-connect", group: "TLS",
		noShare: "the limit program speaks no TLS",
		trials:  []trial{{hybrid, program{tls: hybrid}, load, ""}, {classical, program{tls: classical}, load, ""}},
		lines: []line{
			{results.Row{
				ID: "tls-connect", Name: name + ", key exchange X25519MLKEM768", Unit: unit, Brief: "by TLS: " + name,
				Bound: results.Bound{Kind: results.AtLeast, Value: 1500},
			}, of(hybrid, perCPUSecond), nil},
			{results.Row{ID: "tls-connect-classical", Name: "the same, key exchange X25519", Unit: unit}, of(classical, perCPUSecond), nil},
		},
	}
}

func (z sizes) tlsMemory(exchange string, most float64) measurement {
	load := idle.Scenario{Connections: z.many, Settle: z.settle, Hold: time.Millisecond, Leave: true}
	id, name := "tls-idle-"+exchange, some(z.many, "connections by TLS on one public channel, ")+exchange+" key exchange"
	return measurement{
		id: id, group: "TLS",
		noShare: "the limit program speaks no TLS",
		trials:  []trial{{"fanfare", program{tls: exchange}, load, ""}},
		lines: []line{
			{results.Row{
				ID: id, Name: name, Unit: "resident bytes per connection",
				Bound: results.Bound{Kind: results.AtMost, Value: most},
			}, of("fanfare", bytesEach), nil},
			{results.Row{ID: id + "-left", Name: "the same when all have left", Unit: "resident bytes per connection"}, of("fanfare", bytesLeft), nil},
		},
	}
}
