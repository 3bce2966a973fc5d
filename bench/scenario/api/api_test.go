//go:build linux

package api

import (
	"testing"
	"time"

	"fanfare/bench/loadgen/pushertest"
	"fanfare/bench/scenario/scenariotest"
)

func TestAPI(t *testing.T) {
	f := func(batch int) {
		t.Helper()
		s := pushertest.Start(t)
		r, err := Scenario{Connections: 4, Batch: batch, Duration: scenariotest.Short}.Run(scenariotest.Context(t), scenariotest.Local(s))
		if err != nil {
			t.Fatal(err)
		}
		requests := uint64(r.Latency.TotalCount())
		if sent := uint64(s.Count().Requests * batch); r.Done == 0 || r.Done >= sent || r.Done != requests*uint64(batch) {
			t.Errorf("server got %d events, warm-up included, scenario counted %d in %d requests", sent, r.Done, requests)
		}
	}
	f(1)
	f(10)
}

func TestRefusals(t *testing.T) {
	scenariotest.Refuses(t, "--duration is -1s", Scenario{Duration: -time.Second})
	scenariotest.Refuses(t, "--batch is 5000", Scenario{Batch: 5000})
	scenariotest.NeedsChannels(t, Scenario{Batch: 2})
	if err := (Scenario{}).Validate(); err != nil {
		t.Errorf("without parameters: %v", err)
	}
}
