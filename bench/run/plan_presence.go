//go:build linux

package main

import (
	"fmt"

	"fanfare/bench/report"
	"fanfare/bench/results"
	"fanfare/bench/scenario"
	"fanfare/bench/scenario/rooms"
)

// presence is what it takes to tell a whole room that one has left and come
// back, and the one who else is there: in one large room, and in many small
// ones with as many members all together.
func (z sizes) presence() []measurement {
	hall := z.part(10_000)
	group := max(hall/100, 2)
	m := measurement{
		id: "presence", group: "Presence", times: once,
		noShare: "the limit program has no channels",
	}
	for _, t := range []struct {
		key, name string
		scenario  rooms.Scenario
	}{
		{"presence", "a room of " + some(hall, "members"), z.room(1, hall, 20)},
		{"presence-small", fmt.Sprintf("%s rooms of %s", report.Whole(uint64(hall/group)), some(group, "members")), z.room(hall/group, group, 500)},
	} {
		m.trials = append(m.trials, trial{t.key, fanfare, t.scenario, ""})
		m.lines = append(m.lines, lively(t.key, t.name, t.scenario.Members)...)
	}
	return []measurement{m}
}

// room has members that stay connected, so that leaving and coming back is
// all that they cost.
func (z sizes) room(number, members int, churn float64) rooms.Scenario {
	return rooms.Scenario{
		Rooms: number, Members: members, Silent: true, Churn: churn, Leave: rooms.ByUnsubscribing, InfoBytes: 20, Duration: z.duration,
	}
}

// lively is the lines of one trial.
func lively(key, name string, members int) []line {
	return []line{
		{results.Row{ID: key, Name: name + ": that one leaves and comes back", Unit: "ms of CPU"}, of(key, named(rooms.EachReturn)), nil},
		{results.Row{ID: key + "-told", Name: "that, for each who is told", Unit: "us of CPU per member event"}, of(key, microseconds), nil},
		{results.Row{
			ID: key + "-events", Name: "events for each that left or came, and each other member", Unit: "events",
			Bound: results.Bound{Kind: results.AtMost, Value: 1},
		}, of(key, func(r *scenario.Result) float64 {
			return named(rooms.MemberEvents)(r) / (2 * named(rooms.Returned)(r) * float64(members-1))
		}), nil},
		{results.Row{ID: key + "-p99", Name: "from asking to the list of all members, p99", Unit: "ms"}, of(key, named(rooms.ConfirmationP99)), nil},
	}
}
