//go:build linux

package main

import (
	"math"

	"fanfare/bench/results"
	"fanfare/bench/scenario"
	"fanfare/bench/scenario/slow"
)

// slow is what readers that stall do to the others. Both halves are of one run:
// nobody stalls, and then a tenth of them.
func (z sizes) slow() []measurement {
	load := slow.Scenario{Connections: z.part(1000), Stalled: z.part(100), Rate: 50, FrameBytes: 8000, Duration: 2 * z.duration}
	others := some(load.Connections-load.Stalled, "readers")
	stalled := some(load.Stalled, "stall")
	// What waits is shared by all who wait for it, so that the bound of one
	// connection (queue_bytes) is that of all.
	const queueMB, bookkeepingMB = 1.05, 1.0
	const noShare = "the limit program drops whoever does not take a whole frame at once"
	all := results.Bound{Kind: results.AtLeast, Value: float64(load.Stalled)}
	return []measurement{{
		id: "slow", group: "Slow consumers", times: five, picture: others + " while " + stalled, noShare: noShare,
		trials: []trial{{"fanfare", fanfare, load, "Fanfare"}},
		lines: []line{
			{results.Row{
				ID: "slow-p99", Name: "p99 of " + others + " while " + stalled, Unit: "ms", With: "nobody stalling",
				Bound: results.Bound{Kind: results.WithinNoise},
			}, of("fanfare", named("p99 beside slow readers")), of("fanfare", named("p99 without slow readers"))},
			{
				results.Row{ID: "slow-p50", Name: "their p50", Unit: "ms", With: "nobody stalling"},
				of("fanfare", named("p50 beside slow readers")), of("fanfare", named("p50 without slow readers")),
			},
			{results.Row{
				ID: "slow-memory", Name: "memory more than before some stalled, at the end of it", Unit: "MB resident",
				Bound: results.Bound{Kind: results.AtMost, Value: queueMB + bookkeepingMB},
			}, of("fanfare", named("memory more, at the end of the slowness")), nil},
			{results.Row{
				ID: "slow-disconnect", Name: "closed with 4100 and a reason when they read again", Unit: "of the stalled", Bound: all,
			}, fate("fanfare", "closed with 4100"), nil},
		},
	}, {
		id: "slow-dropping", group: "Slow consumers", noShare: noShare,
		trials: []trial{
			{"conflate", program{slow: "conflate"}, load, ""},
			{"drop-oldest", program{slow: "drop-oldest"}, load, ""},
		},
		lines: []line{
			{results.Row{
				ID: "slow-conflate", Name: "with conflate: got the newest message only", Unit: "of the stalled", Bound: all,
			}, fate("conflate", "got the newest message only"), nil},
			{results.Row{
				ID: "slow-drop-oldest", Name: "with drop-oldest: got the newest messages", Unit: "of the stalled", Bound: all,
			}, fate("drop-oldest", "got the newest messages"), nil},
		},
	}}
}

// fate counts the stalled who ended so; none is 0, and no fate at all NaN.
func fate(key, fate string) figure {
	return of(key, func(r *scenario.Result) float64 {
		sum, told := 0.0, false
		for _, f := range r.Figures {
			told = told || f.Unit == "readers"
			if f.Name == "stalled, "+fate {
				sum = f.Value
			}
		}
		if !told {
			return math.NaN()
		}
		return sum
	})
}
