//go:build linux

package main

import (
	"fmt"
	"math"

	"fanfare/bench/results"
	"fanfare/bench/scenario/api"
)

const perDelivery = "us of CPU per delivery"

// scale is whether a delivery costs the same with many as with few.
func (z sizes) scale() []measurement {
	million := z.channels("scale-million-channels", z.part(1_000_000))
	million.times = once
	return []measurement{z.crowds(), z.channels("scale-channels", z.part(100_000)), million, z.loops()}
}

// audiences are the numbers of subscribers that are compared.
func (z sizes) audiences() []int {
	return []int{z.part(100), z.part(1000), z.part(8000), z.part(15_000)}
}

// crowds sets the cost of a delivery to few beside that to many. With one
// publish at a time there is one frame to send to each subscriber, but with
// few of them the request itself weighs: it is measured by itself, one request
// at a time to a channel without subscribers, and taken off.
func (z sizes) crowds() measurement {
	m := measurement{id: "scale-subscribers", group: "Scale"}
	request := api.Scenario{Connections: 1, FrameBytes: frameBytes, Duration: z.duration}
	m.trials = []trial{{"fanfare, request", fanfare, request, ""}, {"limit, request", least, request, ""}}
	for _, n := range z.audiences() {
		m.trials = append(m.trials,
			trial{crowd("fanfare", n), fanfare, z.publish(n, 1), ""},
			trial{crowd("limit", n), least, z.publish(n, 1), ""})
		m.lines = append(m.lines, line{results.Row{
			ID: fmt.Sprintf("cost-%d", n), Name: some(n, "subscribers"), Unit: perDelivery, With: with,
		}, z.delivery("fanfare", n), z.delivery("limit", n)})
	}
	few := m.lines[0].Name
	m.lines = append(m.lines,
		line{results.Row{
			ID: "scale-subscribers", Name: "from " + few + " to " + m.lines[len(m.lines)-1].Name, Unit: "times, dearest to cheapest", With: with,
			Bound: results.Bound{Kind: results.AtMost, Value: 1.15},
		}, z.unevenness("fanfare"), z.unevenness("limit")},
		line{results.Row{
			ID: "scale-beyond-limit", Name: "that, beside what the kernel alone makes of it", Unit: "times, dearest to cheapest", With: with,
			Bound: results.Bound{Kind: results.RatioAtMost, Value: 1.15},
		}, z.unevenness("fanfare"), z.unevenness("limit")},
		line{
			results.Row{ID: "cost-request", Name: "the request by itself, which is not in these", Unit: "us of CPU", With: with},
			of("fanfare, request", microseconds), of("limit, request", microseconds),
		})
	return m
}

func crowd(who string, n int) string { return fmt.Sprintf("%s, %d", who, n) }

// delivery is what one costs in microseconds, without its share of a request.
func (z sizes) delivery(who string, n int) figure {
	all, request := of(crowd(who, n), microseconds), of(who+", request", microseconds)
	return func(r round) float64 { return all(r) - request(r)/float64(n) }
}

func (z sizes) unevenness(who string) figure {
	return func(r round) float64 {
		cheapest, dearest := math.Inf(1), 0.0
		for _, n := range z.audiences() {
			cost := z.delivery(who, n)(r)
			cheapest, dearest = min(cheapest, cost), max(dearest, cost) // both keep NaN
		}
		return dearest / cheapest
	}
}

// channels sets the cost with many channels beside that with one.
func (z sizes) channels(id string, n int) measurement {
	crowded := z.publish(z.subscribers, 1)
	crowded.Channels = n
	name := "with " + some(crowded.Channels, "channels")
	return measurement{
		id: id, group: "Scale",
		noShare: "the limit program has no channels",
		trials: []trial{
			{"one", fanfare, z.publish(z.subscribers, 1), ""},
			{"many", fanfare, crowded, ""},
		},
		lines: []line{{results.Row{
			ID: id, Name: name + " in existence", Unit: perDelivery, With: "one channel",
			Bound: results.Bound{Kind: results.RatioAtMost, Value: 1.15},
		}, of("many", microseconds), of("one", microseconds)}},
	}
}

// loops sets two loops beside one. On a core of their own they take turns,
// which nobody would have them do, but undisturbed; on both cores one of them
// shares its core with the load.
func (z sizes) loops() measurement {
	load := z.publish(z.subscribers, 1)
	row := func(id, name string) results.Row {
		return results.Row{
			ID: id, Name: name, Unit: perDelivery, With: "one loop",
			Bound: results.Bound{Kind: results.RatioAtMost, Value: 1.1},
		}
	}
	return measurement{
		id: "scale-loops", group: "Scale", times: five,
		noShare: "the limit program has one loop",
		trials: []trial{
			{"one", fanfare, load, ""},
			{"two, both cores", program{loops: 2, spread: true}, load, ""},
			{"two, one core", program{loops: 2}, load, ""},
		},
		lines: []line{
			{
				row("scale-loops", "two loops on both cores, the load on one of them"),
				of("two, both cores", microseconds), of("one", microseconds),
			},
			{row("scale-loops-one-core", "two loops on one core"), of("two, one core", microseconds), of("one", microseconds)},
		},
	}
}
