//go:build linux

package scenario

import (
	"strings"
	"testing"

	"fanfare/bench/loadgen/pushertest"
)

// Every viewer gets the frames of its own camera, as large as was asked for.
func TestCamera(t *testing.T) {
	const size, cameras, viewers, rate = 70_000, 3, 4, 40
	s := pushertest.Start(t)
	r, err := Camera{Cameras: cameras, Viewers: viewers, Rate: rate, FrameBytes: size, Duration: short}.Run(limited(t), local(s))
	if err != nil {
		t.Fatal(err)
	}
	count := s.Count()
	const header = 10 // of a frame of 64 KiB or more
	if got := count.Bytes / count.Deliveries; got < size-header || got > size {
		t.Errorf("%d bytes each, want %d with their header", got, size)
	}
	// Both counts are exact: an open loop sends what is due.
	if r.Done != cameras*viewers*rate/10 || count.Deliveries != int(r.Counts.Delivered) || count.Deliveries != count.Requests*viewers {
		t.Errorf("server counted %+v, scenario %+v", count, r)
	}
	if len(s.Count().Subscribed) != cameras || r.Latency.TotalCount() != int64(r.Done) || figure(t, r, "data delivered") <= 0 {
		t.Errorf("got %+v of %+v", r, count)
	}
}

// figure is one of a result's own.
func figure(t *testing.T, r Result, name string) float64 {
	t.Helper()
	for _, f := range r.Figures {
		if f.Name == name {
			return f.Value
		}
	}
	t.Errorf("no figure %q in %+v", name, r.Figures)
	return 0
}

func TestWrongParameters(t *testing.T) {
	f := func(s Scenario, want string) {
		t.Helper()
		err := s.Validate()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", s.Name(), err, want)
		}
		if _, run := s.Run(limited(t), Server{}); run == nil {
			t.Errorf("%s runs with a wrong %q", s.Name(), want)
		}
	}
	f(Camera{Cameras: -1}, "--cameras is -1: use 1 to 10000")
	f(Camera{Viewers: -1}, "--viewers is -1")
	f(Camera{Cameras: 10_000, Viewers: 1000}, "--viewers is 1000: use 1 to 999")
	f(Camera{FrameBytes: 1}, "--frame-bytes is 1")
	f(Camera{Rate: -2}, "--rate is -2")
	f(Rooms{Members: 1}, "--members is 1: use 2 to 1000")
	f(Rooms{Rooms: 10_000_000}, "--rooms is 10000000")
	f(Rooms{Leave: "slam"}, `--leave is "slam": use unsubscribe, close, drop or mixed`)
	f(Rooms{InfoBytes: 3}, "--info-bytes is 3")
	f(Rooms{Away: -1}, "--away is -1ns")
	f(Slow{Connections: 10, Stalled: 10}, "--connections is 10 with 10 slow ones among them: use at least 11")
	f(Slow{ReadBytes: -1}, "--read-bytes is -1")
	f(Slow{ReceiveBuffer: 1}, "--receive-buffer is 1")
}
