//go:build linux

package main

import (
	"context"
	"fmt"
	"time"

	"fanfare/bench/scenario"
)

// sizes are how much a run does.
type sizes struct {
	subscribers int
	idle        int
	duration    time.Duration
	settle      time.Duration
}

// standard takes about four minutes in three rounds. 15,000 connections fit
// under a descriptor limit of 20,000.
var standard = sizes{subscribers: 8000, idle: 15000, duration: 3 * time.Second, settle: 3 * time.Second}

// runner is a scenario with its parameters.
type runner interface {
	Run(ctx context.Context, s scenario.Server) (scenario.Result, error)
}

// measurement is one line of the table.
type measurement struct {
	id     string // what -scenario is matched with
	name   string
	unit   string
	runner runner
	figure func(scenario.Result) float64
	// limit is how many frames the yardstick may put into one send; 0 when
	// there is nothing to compare with.
	limit int
	hold  hold
}

// plan lists what is measured, with the numbers to hold.
func (z sizes) plan() []measurement {
	const frameBytes = 200
	fanout := func(outstanding int) runner {
		return scenario.Fanout{Subscribers: z.subscribers, Outstanding: outstanding, FrameBytes: frameBytes, Duration: z.duration}
	}
	api := func(batch int) runner {
		return scenario.API{Connections: 64, Batch: batch, FrameBytes: frameBytes, Duration: z.duration}
	}
	subs := fmt.Sprintf(", %d subscribers", z.subscribers)
	held := fmt.Sprintf(", %d connections", z.idle)
	list := []measurement{
		{"fanout-1", "one publish at a time" + subs, "deliveries per CPU-second", fanout(1), perCPUSecond, 1, hold{share: 0.90}},
		{"fanout-16", "16 outstanding" + subs, "deliveries per CPU-second", fanout(16), perCPUSecond, 16, hold{share: 1.0}},
		{"connect", "upgrade, hello, subscribe" + held, "connections per CPU-second", scenario.Connect{Connections: z.idle}, perCPUSecond, 1, hold{share: 0.3}},
		{"api", "signed publishes", "events per CPU-second", api(1), perCPUSecond, 1, hold{least: 45e3}},
		{"api-10", "signed batches of 10", "events per CPU-second", api(10), perCPUSecond, 0, hold{least: 150e3}},
	}
	return append(list, z.memory()...)
}

func (z sizes) memory() []measurement {
	idle := func(join func(int) subscription) runner {
		return scenario.Idle{Connections: z.idle, Join: join, Settle: z.settle, Hold: z.settle}
	}
	const unit = "resident bytes per connection"
	held := fmt.Sprintf(", %d connections", z.idle)
	return []measurement{
		{"idle-shared", "one public channel" + held, unit, idle(scenario.Shared), scenario.Result.BytesEach, 0, hold{most: 800}},
		{"idle-private", "a private channel each" + held, unit, idle(scenario.Private), scenario.Result.BytesEach, 0, hold{most: 1300}},
		{"idle-presence", "rooms of 10, 100 B of user info" + held, unit, idle(scenario.Presence), scenario.Result.BytesEach, 0, hold{most: 1600}},
	}
}

func perCPUSecond(r scenario.Result) float64 { return r.PerCPUSecond() }
