//go:build linux

package course

import (
	"context"
	"slices"
	"testing"
	"time"

	"fanfare/bench/scenario"
)

// nothing is a scenario whose run is all in the test.
type nothing struct{}

func (nothing) Name() string    { return "nothing" }
func (nothing) Validate() error { return nil }
func (nothing) Run(context.Context, scenario.Server) (scenario.Result, error) {
	return scenario.Result{}, nil
}

// paced collects when things were due, and when they were told.
func paced(t *testing.T, rate float64, grid, d time.Duration, busy func()) (due, told []time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	_, err := Start(scenario.Server{}, nothing{}, "things", "", func(r *Run) error {
		p := r.Pace(rate, d, grid, func(at time.Duration) {
			busy()
			due, told = append(due, at), append(told, r.Loop.Now())
		}, func() {})
		return r.Loop.Run(ctx, func() bool { return p.over })
	})
	if err != nil {
		t.Fatal(err)
	}
	return due, told
}

func checkPace(t *testing.T, due, told []time.Duration, n int, gap time.Duration) {
	t.Helper()
	if len(due) != n {
		t.Fatalf("%d were due, want %d", len(due), n)
	}
	for i := range due {
		if want := due[0] + time.Duration(i)*gap; due[i] != want || told[i] < due[i] {
			t.Fatalf("number %d was due at %s, want %s, and told at %s", i, due[i], want, told[i])
		}
	}
}

func TestPacer(t *testing.T) {
	due, told := paced(t, 500, 0, 40*time.Millisecond, func() {})
	checkPace(t, due, told, 20, 2*time.Millisecond)
}

// A pacer that is held up tells everything that it has missed, with the time
// at which it was due.
func TestPacerCatchesUp(t *testing.T) {
	first := true
	due, told := paced(t, 1000, 0, 30*time.Millisecond, func() {
		if first {
			<-time.After(20 * time.Millisecond)
		}
		first = false
	})
	checkPace(t, due, told, 30, time.Millisecond)
	if !slices.ContainsFunc(due, func(d time.Duration) bool { return told[slices.Index(due, d)]-d > 10*time.Millisecond }) {
		t.Errorf("nothing was late: due %v, told %v", due, told)
	}
}

// With a grid, what falls due within it is told together.
func TestPacerGrid(t *testing.T) {
	due, told := paced(t, 1000, 10*time.Millisecond, 50*time.Millisecond, func() {})
	checkPace(t, due, told, 50, time.Millisecond)
	if times := len(slices.Compact(slices.Clone(told))); times > 7 {
		t.Errorf("told at %d times: %v", times, told)
	}
}
