//go:build linux

package main

import (
	"fmt"
	"time"

	"fanfare/bench/results"
	"fanfare/bench/scenario"
	"fanfare/bench/scenario/idle"
)

func (z sizes) idle() []measurement {
	return []measurement{
		z.memory(idle.Shared, "one public channel", "memory, one public channel", 800),
		z.memory(idle.Private, "a private channel each", "memory, a private channel each", 1300),
		z.memory(idle.Presence, "presence rooms of 10, 100 B of user info", "", 1600),
		z.again(idle.Private, "a private channel each"),
		z.again(idle.Presence, "presence rooms of 10"),
		z.quiet(120, 1),
		z.quiet(30, 0),
	}
}

// memory is that of connections which stand, and what is left of it.
func (z sizes) memory(join idle.Join, name, brief string, most float64) measurement {
	const left = 100
	load := idle.Scenario{Connections: z.most, Join: join, Settle: z.settle, Hold: time.Millisecond, Leave: true}
	held := fmt.Sprintf("%s, %s", name, some(z.most, "connections"))
	id := "idle-" + string(join)
	return measurement{
		id: id, group: "Memory",
		noShare: "the limit program has no channels, and reserves its table of connections at the start",
		trials:  []trial{{"fanfare", fanfare, load, ""}},
		lines: []line{
			{results.Row{
				ID: id, Name: held, Unit: "resident bytes per connection", Brief: brief,
				Bound: results.Bound{Kind: results.AtMost, Value: most},
			}, of("fanfare", bytesEach), nil},
			{results.Row{
				ID: id + "-left", Name: "the same when all have left", Unit: "resident bytes per connection",
				Bound: results.Bound{Kind: results.AtMost, Value: left},
			}, of("fanfare", bytesLeft), nil},
		},
	}
}

// again is what a second crowd leaves besides the first: what a process takes
// once is no leak.
func (z sizes) again(join idle.Join, name string) measurement {
	load := idle.Scenario{
		Connections: z.most, Join: join, Settle: z.settle, Hold: time.Millisecond, Leave: true, Again: true,
	}
	id := "idle-" + string(join) + "-again"
	return measurement{
		id: id, group: "Memory", times: once,
		noShare: "the limit program has no channels",
		trials:  []trial{{"fanfare", fanfare, load, ""}},
		lines: []line{{results.Row{
			ID: id, Name: name + ": what a second crowd leaves besides the first", Unit: "resident bytes per connection",
			Bound: results.Bound{Kind: results.AtMost, Value: 10},
		}, of("fanfare", named(idle.SecondCrowd)), nil}},
	}
}

// quiet is the CPU that connections take which only answer pings. They are
// held for longer than an activity_timeout, so that each is pinged.
func (z sizes) quiet(activity int, percent float64) measurement {
	hold := z.hold
	if hold == 0 {
		hold = time.Duration(activity+5) * time.Second
	}
	load := idle.Scenario{Connections: z.most, Settle: time.Millisecond, Hold: hold}
	id, name := fmt.Sprintf("idle-cpu-%d", activity), fmt.Sprintf("%s, activity_timeout %d", some(z.most, "connections"), activity)
	m := measurement{
		id: id, group: "Idle", times: once,
		noShare: "the limit program sends no pings",
		trials:  []trial{{"fanfare", program{activity: activity}, load, ""}},
		lines: []line{
			{results.Row{ID: id, Name: name, Unit: "% of a core"}, of("fanfare", named("CPU while idle")), nil},
			{results.Row{
				ID: id + "-pings", Name: "pings answered meanwhile by each", Unit: "pings",
				Bound: results.Bound{Kind: results.AtLeast, Value: 1},
			}, of("fanfare", func(r *scenario.Result) float64 { return named("pings answered")(r) / float64(z.most) }), nil},
		},
	}
	if percent > 0 {
		m.lines[0].Bound = results.Bound{Kind: results.AtMost, Value: percent}
		m.lines[0].Brief = "CPU of idle connections: " + name
	}
	return m
}
