//go:build linux

package connect

import (
	"testing"

	"fanfare/bench/loadgen/pushertest"
	"fanfare/bench/scenario/course"
	"fanfare/bench/scenario/scenariotest"
)

func TestConnect(t *testing.T) {
	s := pushertest.Start(t)
	r, err := Scenario{Connections: 300}.Run(scenariotest.Context(t), scenariotest.Local(s))
	if err != nil || r.Done != 300 || s.Count().Subscribed[course.Channel] != 300 || r.Latency.TotalCount() != 300 {
		t.Errorf("got %+v, %v; server counted %+v", r, err, s.Count())
	}
}

// Those that stand get every message while others come.
func TestConnectBesidesOthers(t *testing.T) {
	s := pushertest.Start(t)
	r, err := Scenario{Connections: 100, InFlight: 4, Background: 10, Rate: 500}.Run(scenariotest.Context(t), scenariotest.Local(s))
	count := s.Count()
	if err != nil || r.Done != 100 || r.Counts.Delivered != uint64(10*count.Requests) || count.Requests == 0 || count.Deliveries != 10*count.Requests {
		t.Errorf("got %+v, %v; server counted %+v", r, err, count)
	}
}

func TestNotices(t *testing.T) {
	scenariotest.Notices(t, Scenario{Connections: 60, InFlight: 2, Background: 5, Rate: 1000})
}

func TestRefusals(t *testing.T) {
	scenariotest.Refuses(t, "--in-flight is -1", Scenario{InFlight: -1})
	scenariotest.Refuses(t, "--background is -1", Scenario{Background: -1})
	if err := (Scenario{}).Validate(); err != nil {
		t.Errorf("without parameters: %v", err)
	}
}
