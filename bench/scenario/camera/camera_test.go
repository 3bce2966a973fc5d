//go:build linux

package camera

import (
	"testing"

	"fanfare/bench/loadgen/pushertest"
	"fanfare/bench/scenario/scenariotest"
)

// Every viewer gets the frames of its own camera, as large as was asked for.
func TestCamera(t *testing.T) {
	const size, cameras, viewers, rate = 70_000, 3, 4, 40
	s := pushertest.Start(t)
	r, err := Scenario{Cameras: cameras, Viewers: viewers, Rate: rate, FrameBytes: size, Duration: scenariotest.Short}.Run(scenariotest.Context(t), scenariotest.Local(s))
	if err != nil {
		t.Fatal(err)
	}
	count := s.Count()
	const header = 10 // of a frame of 64 KiB or more
	if got := count.Bytes / count.Deliveries; got != size-header {
		t.Errorf("%d bytes each, want %d without their header", got, size-header)
	}
	// Both counts are exact: an open loop sends what is due.
	if r.Done != cameras*viewers*rate/10 || count.Deliveries != int(r.Counts.Delivered) || count.Deliveries != count.Requests*viewers {
		t.Errorf("server counted %+v, scenario %+v", count, r)
	}
	if len(s.Count().Subscribed) != cameras || r.Latency.TotalCount() != int64(r.Done) || scenariotest.Figure(t, &r, "data delivered") <= 0 {
		t.Errorf("got %+v of %+v", r, count)
	}
}

func TestNotices(t *testing.T) {
	scenariotest.Notices(t, Scenario{Cameras: 2, Viewers: 3, Rate: 200, FrameBytes: 30_000, Duration: scenariotest.Short})
}

func TestRefusals(t *testing.T) {
	scenariotest.Refuses(t, "--cameras is -1: use 1 to 10000", Scenario{Cameras: -1})
	scenariotest.Refuses(t, "--viewers is -1", Scenario{Viewers: -1})
	scenariotest.Refuses(t, "--viewers is 1000: use 1 to 999", Scenario{Cameras: 10_000, Viewers: 1000})
	scenariotest.Refuses(t, "--frame-bytes is 1", Scenario{FrameBytes: 1})
	scenariotest.Refuses(t, "--rate is -2", Scenario{Rate: -2})
	scenariotest.NeedsChannels(t, Scenario{})
	if err := (Scenario{}).Validate(); err != nil {
		t.Errorf("without parameters: %v", err)
	}
}
