//go:build linux

package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanfare/bench/loadgen"
	"fanfare/bench/results"
	"fanfare/bench/scenario"
	"fanfare/bench/scenario/market"
)

func cost(done uint64, cpu time.Duration) *scenario.Result {
	return &scenario.Result{Done: done, Wall: time.Second, Servers: []scenario.Usage{{CPU: cpu}}}
}

// A round in which one of two is missing has no row's figure, but its reason;
// rows that do not need the missing one keep theirs.
func TestFailedRound(t *testing.T) {
	f := &finding{
		measurement: measurement{group: "G"},
		rounds: []round{
			{"a": cost(100, time.Second), "b": cost(200, time.Second)},
			{"a": cost(300, time.Second)},
		},
		failed: [][]string{nil, {"round 2, b: it fell over"}},
	}
	both := f.row(line{results.Row{ID: "both"}, of("a", perCPUSecond), of("b", perCPUSecond)})
	want := results.Row{ID: "both", Group: "G", Ours: []float64{100}, Against: []float64{200}, Failed: []string{"round 2, b: it fell over"}}
	if diff := cmp.Diff(want, both); diff != "" {
		t.Error(diff)
	}
	alone := f.row(line{results.Row{ID: "alone"}, of("a", perCPUSecond), nil})
	want = results.Row{ID: "alone", Group: "G", Ours: []float64{100, 300}}
	if diff := cmp.Diff(want, alone); diff != "" {
		t.Error(diff)
	}
	if err := (findings{f}).err(); err == nil || !strings.Contains(err.Error(), "1 runs failed") {
		t.Error(err)
	}
}

// What a scenario does not tell is a failure, not a 0; and so is a division
// by nothing.
func TestMissingFigure(t *testing.T) {
	f := &finding{rounds: []round{{"a": cost(1, 0)}}, failed: [][]string{nil}}
	for _, take := range []figure{of("a", named("no such")), of("a", perCPUSecond), of("other", perSecond), of("a", latency(99)), fate("a", "closed with 4100")} {
		if row := f.row(line{results.Row{}, take, nil}); len(row.Failed) != 1 || len(row.Ours) != 0 {
			t.Errorf("%+v", row)
		}
	}
	if row := (&finding{}).row(line{results.Row{}, of("a", perSecond), nil}); len(row.Failed) != 1 {
		t.Errorf("without any round: %+v", row)
	}
}

// The request's cost is taken off each publish, not off each delivery.
func TestDeliveryWithoutRequest(t *testing.T) {
	z := standard
	r := round{
		"fanfare, request":       cost(1000, 20*time.Millisecond),     // 20 us each
		crowd("fanfare", 100):    cost(100_000, 620*time.Millisecond), // 1,000 publishes: 600 ms without
		crowd("fanfare", 1000):   cost(100_000, 602*time.Millisecond),
		crowd("fanfare", 8000):   cost(800_000, 5*time.Second+2*time.Millisecond),
		crowd("fanfare", 15_000): cost(1_500_000, 9*time.Second+2*time.Millisecond),
	}
	f := func(n int, want float64) {
		t.Helper()
		if got := z.delivery("fanfare", n)(r); got < want-0.001 || got > want+0.001 {
			t.Errorf("%d: %v us, want %v", n, got, want)
		}
	}
	f(100, 6)
	f(1000, 6)
	f(8000, 6.25)
	f(15_000, 6)
	if got := z.unevenness("fanfare")(r); got < 6.249/6 || got > 6.251/6 {
		t.Errorf("unevenness %v", got)
	}
	delete(r, crowd("fanfare", 1000))
	if got := z.unevenness("fanfare")(r); isNumber(got) {
		t.Errorf("unevenness %v with one missing", got)
	}
}

// A message that went astray anywhere shows in the last row.
func TestIntegrity(t *testing.T) {
	clean, bad := cost(1, 1), cost(1, 1)
	clean.Counts = loadgen.Counts{Delivered: 1200}
	bad.Counts = loadgen.Counts{Delivered: 34, Lost: 1, Stray: 2}
	row := findings{{rounds: []round{{"a": clean}, {}}, counts: []loadgen.Counts{bad.Counts}}}.integrity()
	if !strings.Contains(row.Name, "of 1,234 deliveries") || row.Ours[0] != 3 || row.Held() {
		t.Errorf("%+v", row)
	}
	fell := findings{{rounds: []round{{"a": clean}}, failed: [][]string{{"round 1, b: it fell over"}}}}.integrity()
	if fell.Held() {
		t.Errorf("it holds although a run failed: %+v", fell)
	}
	if nothing := (findings{}).integrity(); nothing.Held() {
		t.Errorf("it holds although nothing was delivered: %+v", nothing)
	}
	if good := (findings{{rounds: []round{{"a": clean}}}}).integrity(); !good.Held() {
		t.Errorf("%+v", good)
	}
}

func TestFates(t *testing.T) {
	r := &scenario.Result{Figures: []scenario.Figure{
		{Name: "stalled, closed with 4100", Value: 7, Unit: "readers"},
		{Name: "stalled, got the newest messages", Value: 2, Unit: "readers"},
		{Name: "stalled, cut off without a close frame", Value: 1, Unit: "readers"},
	}}
	for end, want := range map[string]float64{"closed with 4100": 7, "got the newest messages": 2, "got the newest message only": 0} {
		if got := fate("slow", end)(round{"slow": r}); got != want {
			t.Errorf("%s: %v, want %v", end, got, want)
		}
	}
}

// The page's command lines are the ones that fanfare bench takes.
func TestFlags(t *testing.T) {
	got := flags(market.Scenario{Connections: 5000, FrameBytes: 200, Search: true, Bound: 150 * time.Millisecond})
	if want := "fanfare bench market --connections=5000 --frame-bytes=200 --search=true --bound=150ms"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// The round that a picture is drawn of is the median one.
func TestMiddle(t *testing.T) {
	f := &finding{measurement: measurement{lines: []line{{ours: of("a", perCPUSecond)}}}}
	for _, n := range []uint64{30, 10, 20} {
		f.rounds = append(f.rounds, round{"a": cost(n, time.Second)})
	}
	f.rounds = append(f.rounds, round{})
	if got := f.middle()["a"].Done; got != 20 {
		t.Errorf("the round with %d", got)
	}
}
