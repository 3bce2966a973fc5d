//go:build linux

package main

import (
	"fanfare/bench/results"
	"fanfare/bench/scenario/api"
	"fanfare/bench/scenario/connect"
)

func (z sizes) connections() []measurement {
	return []measurement{z.connect(), z.storm()}
}

func (z sizes) connect() measurement {
	load := connect.Scenario{Connections: z.many}
	return measurement{
		id: "connect", group: "Connecting",
		trials: []trial{{"fanfare", fanfare, load, ""}, {"limit", least, load, ""}},
		lines: []line{{results.Row{
			ID: "connect", Name: "connect, upgrade, hello, subscribe; the limit: connect, upgrade", Unit: "connections per CPU-second", With: with,
			Brief: "connect, upgrade, hello, subscribe (the limit: the first two)",
			Bound: results.Bound{Kind: results.RatioAtLeast, Value: 0.3},
		}, of("fanfare", perCPUSecond), of("limit", perCPUSecond)}},
	}
}

func (z sizes) storm() measurement {
	load := connect.Scenario{Connections: z.part(13_000), Background: z.part(5000), Rate: 20, FrameBytes: frameBytes}
	name := some(load.Connections, "connects while ") + some(load.Background, "others get 20 messages a second")
	return measurement{
		id: "storm", group: "Connecting",
		noShare: "they are about losses; what connecting costs is compared above",
		trials:  []trial{{"fanfare", fanfare, load, ""}},
		lines: []line{
			{results.Row{
				ID: "storm", Name: name + ": lost, twice or out of order", Unit: "messages",
				Bound: results.Bound{Kind: results.AtMost, Value: 0},
			}, of("fanfare", astray), nil},
			{results.Row{
				ID: "storm-messages", Name: "delivered meanwhile", Unit: "messages",
				Bound: results.Bound{Kind: results.AtLeast, Value: float64(load.Background)},
			}, of("fanfare", named("messages to those that stood")), nil},
			{results.Row{ID: "storm-p99", Name: "their p99", Unit: "ms"}, of("fanfare", named("their latency p99")), nil},
			{results.Row{ID: "storm-rate", Name: "connected meanwhile", Unit: "connections/s"}, of("fanfare", perSecond), nil},
		},
	}
}

func (z sizes) publishing() []measurement {
	post := func(batch int) api.Scenario {
		return api.Scenario{Connections: 64, Batch: batch, FrameBytes: frameBytes, Duration: z.duration}
	}
	const unit = "events per CPU-second"
	return []measurement{
		{
			id: "api", group: "Publishing",
			trials: []trial{{"fanfare", fanfare, post(1), ""}, {"limit", least, post(1), ""}},
			lines: []line{{results.Row{
				ID: "api", Name: "signed publishes, one event each", Unit: unit, With: with, Brief: "signed publishes, one event each",
				Bound: results.Bound{Kind: results.AtLeast, Value: 45e3},
			}, of("fanfare", perCPUSecond), of("limit", perCPUSecond)}},
		},
		{
			id: "api-10", group: "Publishing",
			noShare: "the limit program takes one event in a request",
			trials:  []trial{{"fanfare", fanfare, post(10), ""}},
			lines: []line{{results.Row{
				ID: "api-10", Name: "signed publishes, batches of 10", Unit: unit,
				Bound: results.Bound{Kind: results.AtLeast, Value: 150e3},
			}, of("fanfare", perCPUSecond), nil}},
		},
	}
}
