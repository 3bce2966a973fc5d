//go:build linux

package course

import (
	"testing"
	"time"

	"fanfare/bench/loadgen"
	"fanfare/bench/scenario"
)

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
	var r scenario.Result
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
