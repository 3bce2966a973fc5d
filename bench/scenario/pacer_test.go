//go:build linux

package scenario

import (
	"slices"
	"testing"
	"time"

	"fanfare/bench/loadgen"
)

// paced collects when things were due, and when they were told.
func paced(t *testing.T, rate float64, grid, d time.Duration, busy func()) (due, told []time.Duration) {
	t.Helper()
	_, err := start(Server{}, API{}, "things", "", func(r *run) error {
		p := r.pace(rate, d, grid, func(at time.Duration) {
			busy()
			due, told = append(due, at), append(told, r.loop.Now())
		}, func() {})
		return r.loop.Run(limited(t), func() bool { return p.over })
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

func TestMeter(t *testing.T) {
	l, err := loadgen.NewLoop()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	m := newMeter(l)
	m.record(time.Second) // before the measurement
	m.start()
	for range 99 {
		m.record(time.Millisecond)
	}
	m.record(time.Hour) // more than is kept
	m.count(5)
	m.cut()
	m.record(2 * time.Millisecond)
	var r Result
	m.stop(&r)
	m.record(time.Second)
	if r.Done != 106 || len(r.Series) != 2 || r.Series[0].Done != 105 || r.Series[1].Done != 1 || r.Latency.TotalCount() != 101 {
		t.Errorf("got %+v with %d latencies", r, r.Latency.TotalCount())
	}
	near := func(got, want time.Duration) bool { return got > want*998/1000 && got < want*1002/1000 }
	if p := r.Series[0]; !near(p.P50, time.Millisecond) || !near(time.Duration(r.Latency.Max()), mostLatency) {
		t.Errorf("got %+v, at most %s", p, time.Duration(r.Latency.Max()))
	}
}
