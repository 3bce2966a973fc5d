//go:build linux

package main

import (
	"time"

	"fanfare/bench/results"
	"fanfare/bench/scenario/fanout"
	"fanfare/bench/scenario/market"
)

const perCPU = "deliveries per CPU-second"

// publish is the fan-out of most trials.
func (z sizes) publish(subscribers, outstanding int) fanout.Scenario {
	return fanout.Scenario{Connections: subscribers, Outstanding: outstanding, FrameBytes: frameBytes, Duration: z.duration}
}

func (z sizes) fanout() []measurement {
	return []measurement{z.oneAtATime(), z.sixteen(), z.market()}
}

func (z sizes) oneAtATime() measurement {
	name := "one publish at a time, " + some(z.subscribers, "subscribers")
	return measurement{
		id: "fanout-1", group: "Fan-out", times: five, picture: name,
		trials: []trial{
			{"fanfare", fanfare, z.publish(z.subscribers, 1), "Fanfare"},
			{"limit", least, z.publish(z.subscribers, 1), "the limit"},
			{"no-ring", program{noRing: true}, z.publish(z.subscribers, 1), "Fanfare without io_uring"},
		},
		lines: []line{
			{results.Row{
				ID: "fanout-1", Name: name, Unit: perCPU, With: with, Brief: name,
				Bound: results.Bound{Kind: results.RatioAtLeast, Value: 0.90, Aim: 0.95},
			}, of("fanfare", perCPUSecond), of("limit", perCPUSecond)},
			{results.Row{
				ID: "fanout-1-no-ring", Name: "the same without io_uring", Unit: perCPU, With: with, Brief: "the same without io_uring",
				Bound: results.Bound{Kind: results.RatioAtLeast, Value: 0.90, Aim: 0.95},
			}, of("no-ring", perCPUSecond), of("limit", perCPUSecond)},
		},
	}
}

func (z sizes) sixteen() measurement {
	name := "16 publishes outstanding, " + some(z.subscribers, "subscribers")
	return measurement{
		id: "fanout-16", group: "Fan-out", times: five, picture: name,
		trials: []trial{
			{"fanfare", fanfare, z.publish(z.subscribers, 16), "Fanfare"},
			{"limit", program{limit: 16}, z.publish(z.subscribers, 16), "the limit, 16 frames in a send"},
		},
		lines: []line{{results.Row{
			ID: "fanout-16", Name: name, Unit: perCPU, With: with, Brief: name,
			Bound: results.Bound{Kind: results.RatioAtLeast, Value: 1},
		}, of("fanfare", perCPUSecond), of("limit", perCPUSecond)}},
	}
}

// market is a search for the highest rate. It begins at 2,000 ticks a second,
// a million deliveries.
func (z sizes) market() measurement {
	n := z.part(5000)
	name := some(n, "connections on 10 of 100 channels each, highest rate with p99 <= 150 ms")
	search := market.Scenario{
		Connections: n, Channels: 100, Each: 10, Rate: 2000, FrameBytes: frameBytes,
		Duration: min(z.duration, 2*time.Second), Search: true, Bound: 150 * time.Millisecond,
	}
	return measurement{
		id: "market", group: "Market", picture: name,
		noShare: "the limit program has no channels, only connections that get everything",
		trials:  []trial{{"fanfare", fanfare, search, "Fanfare"}},
		lines: []line{
			{results.Row{
				ID: "market", Name: name, Unit: perCPU, Brief: "market: " + name,
				Bound: results.Bound{Kind: results.AtLeast, Value: 1.5e6},
			}, of("fanfare", perCPUSecond), nil},
			{results.Row{ID: "market-rate", Name: "at that rate", Unit: "deliveries/s"}, of("fanfare", perSecond), nil},
			{results.Row{
				ID: "market-p99", Name: "at that rate, p99", Unit: "ms",
				Bound: results.Bound{Kind: results.AtMost, Value: 150},
			}, of("fanfare", latency(99)), nil},
			{results.Row{
				ID: "market-order", Name: "at that rate, lost, twice or out of order", Unit: "messages",
				Bound: results.Bound{Kind: results.AtMost, Value: 0},
			}, of("fanfare", astray), nil},
		},
	}
}
