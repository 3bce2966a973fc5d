//go:build linux

package main

import (
	"time"

	"fanfare/bench/results"
	"fanfare/bench/scenario/fanout"
)

// probes ping ten times a second each.
const probes = 20

func (z sizes) latency() []measurement {
	return []measurement{z.openLoop(), z.starvation()}
}

// openLoop publishes at an even rate that is no load. A few hundred publishes
// are what a p99 needs, hence the longer time.
func (z sizes) openLoop() measurement {
	n := z.part(1000)
	load := fanout.Scenario{Connections: n, Rate: 20, FrameBytes: frameBytes, Duration: 5 * z.duration}
	name := some(n, "subscribers, 20 publishes a second")
	row := func(id, quantile, brief string) results.Row {
		return results.Row{
			ID: id, Name: name + ", " + quantile, Unit: "ms", With: with, Brief: brief,
			Bound: results.Bound{Kind: results.RatioAtMost, Value: 1.15},
		}
	}
	return measurement{
		id: "latency", group: "Latency", times: five, picture: "latency, " + name, brief: true,
		trials: []trial{{"fanfare", fanfare, load, "Fanfare"}, {"limit", least, load, "the limit"}},
		lines: []line{
			{row("latency-p50", "p50", ""), of("fanfare", latency(50)), of("limit", latency(50))},
			{row("latency-p99", "p99", "latency p99, "+name), of("fanfare", latency(99)), of("limit", latency(99))},
		},
	}
}

// starvation is what others on the same loop feel of a large fan-out.
func (z sizes) starvation() measurement {
	load := z.publish(z.many, 1)
	load.Probes = probes
	load.Duration = max(load.Duration, min(5*time.Second, 2*load.Duration))
	idle, busy := of("fanfare", named("ping p99, idle")), of("fanfare", named("ping p99, under load"))
	name := "a ping's p99 beside " + some(z.many, "subscribers who are published to without a pause")
	return measurement{
		id: "starvation", group: "Latency",
		noShare: "the limit program answers no pings",
		trials:  []trial{{"fanfare", fanfare, load, ""}},
		lines: []line{
			{results.Row{ID: "ping-idle", Name: "a ping's p99 on the idle server", Unit: "ms"}, idle, nil},
			{results.Row{ID: "ping-load", Name: name, Unit: "ms"}, busy, nil},
			{results.Row{
				ID: "starvation", Name: "what the load adds", Unit: "ms", Brief: name + ", more than on the idle server",
				Bound: results.Bound{Kind: results.AtMost, Value: 5},
			}, func(r round) float64 { return busy(r) - idle(r) }, nil},
		},
	}
}
