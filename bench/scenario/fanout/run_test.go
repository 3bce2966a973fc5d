//go:build linux

package fanout

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"fanfare/bench/loadgen/pushertest"
	"fanfare/bench/scenario"
	"fanfare/bench/scenario/scenariotest"
)

// Progress is told at the beginning of each phase and once a second, and its
// last word is near the result.
func TestProgress(t *testing.T) {
	s := scenariotest.Local(pushertest.Start(t))
	var phases []scenario.Phase
	var last scenario.Progress
	s.Progress = func(p scenario.Progress) {
		if len(phases) == 0 || phases[len(phases)-1] != p.Phase {
			phases = append(phases, p.Phase)
		}
		last = p
	}
	r, err := Scenario{Connections: 5, Rate: 100, Duration: 1200 * time.Millisecond}.Run(scenariotest.Context(t), s)
	if err != nil {
		t.Fatal(err)
	}
	want := []scenario.Phase{scenario.Connecting, scenario.WarmingUp, scenario.Draining, scenario.Measuring, scenario.Draining}
	if !slices.Equal(phases, want) {
		t.Errorf("phases %q, want %q", phases, want)
	}
	if last.Scenario != "fanout" || last.Ready != 5 || last.Wanted != 5 || last.Done > r.Done || last.Done < r.Done/2 || last.Rate <= 0 || last.P99 <= 0 {
		t.Errorf("last progress %+v, result %+v", last, r)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), scenariotest.Short)
	defer cancel()
	if _, err := (Scenario{Connections: 5, Duration: time.Hour}).Run(ctx, scenariotest.Local(pushertest.Start(t))); err == nil || !strings.Contains(err.Error(), "deadline") {
		t.Errorf("got %v", err)
	}
}
