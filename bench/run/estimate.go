//go:build linux

package main

import (
	"time"

	"fanfare/bench/scenario/api"
	"fanfare/bench/scenario/connect"
	"fanfare/bench/scenario/fanout"
	"fanfare/bench/scenario/idle"
	"fanfare/bench/scenario/market"
	"fanfare/bench/scenario/rooms"
	"fanfare/bench/scenario/slow"
)

// lasts is about how long a trial takes.
func (t trial) lasts() time.Duration {
	const around = 700 * time.Millisecond // to start, warm up and stop
	switch s := t.scenario.(type) {
	case fanout.Scenario:
		d := around + s.Duration + opening(s.Connections+s.Channels)
		if s.Probes > 0 {
			d += min(s.Duration, 3*time.Second)
		}
		return d
	case market.Scenario:
		const steps = 8
		return around + opening(s.Connections*s.Each) + steps*(s.Duration+time.Second)
	case idle.Scenario:
		d := around + opening(s.Connections) + s.Settle + s.Hold
		if s.Leave {
			d += s.Settle
		}
		if s.Again {
			d += opening(s.Connections) + s.Settle
		}
		return d
	case connect.Scenario:
		return around + opening(s.Connections+s.Background)
	case api.Scenario:
		return around + s.Duration
	case rooms.Scenario:
		telling := time.Duration(s.Rooms*s.Members*s.Members/2) * time.Microsecond // while all enter
		return around + opening(s.Rooms*s.Members) + telling + s.Duration
	case slow.Scenario:
		return around + opening(s.Connections) + 2*s.Duration + 6*time.Second // until nothing more comes
	}
	return around
}

// opening is how long connections or subscriptions take.
func opening(n int) time.Duration { return time.Duration(n) * 50 * time.Microsecond }

// wait is the whole of a list.
func wait(list []measurement) (d time.Duration, trials int) {
	for _, m := range list {
		for _, t := range m.trials {
			d += time.Duration(m.times) * t.lasts()
			trials += int(m.times)
		}
	}
	return d, trials
}
