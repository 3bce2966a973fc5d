//go:build linux

package fanout

import (
	"strings"
	"testing"
	"time"

	"fanfare/bench/loadgen/pushertest"
	"fanfare/bench/scenario/course"
	"fanfare/bench/scenario/scenariotest"
)

func TestFanout(t *testing.T) {
	f := func(c Scenario) {
		t.Helper()
		s := pushertest.Start(t)
		r, err := c.Run(scenariotest.Context(t), scenariotest.Local(s))
		if err != nil {
			t.Fatal(err)
		}
		count := s.Count()
		if count.Deliveries != int(r.Counts.Delivered) || count.Bytes != count.Deliveries*196 || count.Subscribed[course.Channel] != c.Connections {
			t.Errorf("server counted %+v, scenario %+v", count, r)
		}
		// What was delivered while warming up is not part of the figure.
		if r.Done == 0 || r.Done >= r.Counts.Delivered || r.Done%uint64(c.Connections) != 0 || r.CPU() <= 0 || r.Wall < c.Duration {
			t.Errorf("got %+v", r)
		}
		sum := uint64(0)
		for _, p := range r.Series {
			sum += p.Done
		}
		if uint64(r.Latency.TotalCount()) != r.Done || sum != r.Done || r.Latency.Max() <= 0 {
			t.Errorf("%d done, %d latencies, %d in the series %+v", r.Done, r.Latency.TotalCount(), sum, r.Series)
		}
	}
	f(Scenario{Connections: 30, Outstanding: 1, Duration: scenariotest.Short})
	f(Scenario{Connections: 30, Outstanding: 8, Duration: scenariotest.Short})
	f(Scenario{Connections: 30, Rate: 200, Duration: scenariotest.Short})
	f(Scenario{Connections: 30, Outstanding: 3, Rate: 200, Duration: scenariotest.Short})
}

// An open loop publishes what was due, neither more nor less.
func TestRate(t *testing.T) {
	s := pushertest.Start(t)
	r, err := Scenario{Connections: 2, Rate: 250, Duration: 200 * time.Millisecond}.Run(scenariotest.Context(t), scenariotest.Local(s))
	if err != nil || r.Done != 2*50 {
		t.Errorf("%d done, want 100: %v", r.Done, err)
	}
}

// A server that stops for a while makes every message late that was due
// meanwhile, and not only the one that it stopped at.
func TestCoordinatedOmissionIsAccountedFor(t *testing.T) {
	const stop = 200 * time.Millisecond
	n := 0
	s := pushertest.StartTampering(t, func(_ int, frame string) []string {
		if n++; n == 100 { // after the warm-up, of which there are 60
			<-time.After(stop)
		}
		return []string{frame}
	})
	r, err := Scenario{Connections: 1, Rate: 200, Duration: 500 * time.Millisecond}.Run(scenariotest.Context(t), scenariotest.Local(s))
	if err != nil {
		t.Fatal(err)
	}
	// 40 are due while it stands, and 30 of them wait for 50 ms or longer.
	late := 0
	for _, b := range r.Latency.Distribution() {
		if b.From >= int64(stop/4) {
			late += int(b.Count)
		}
	}
	if late < 30 || r.Latency.Max() < int64(stop*9/10) {
		t.Errorf("%d of %d were late by 50 ms; the latest by %s", late, r.Done, time.Duration(r.Latency.Max()))
	}
}

// Other channels exist, and probes are answered, beside the fan-out.
func TestAmongChannelsWithProbes(t *testing.T) {
	s := pushertest.Start(t)
	r, err := Scenario{Connections: 5, Channels: 251, Probes: 3, Duration: 300 * time.Millisecond}.Run(scenariotest.Context(t), scenariotest.Local(s))
	if err != nil {
		t.Fatal(err)
	}
	count := s.Count()
	if len(count.Subscribed) != 251 || count.Pings < 12 {
		t.Errorf("%d channels, %d pings", len(count.Subscribed), count.Pings)
	}
	if len(r.Figures) != 4 {
		t.Fatalf("figures %+v", r.Figures)
	}
	for i, name := range []string{"ping p50, idle", "ping p99, idle", "ping p50, under load", "ping p99, under load"} {
		if f := r.Figures[i]; f.Name != name || f.Value <= 0 || f.Unit != "ms" {
			t.Errorf("figure %+v, want %s", f, name)
		}
	}
}

// A server that closes a connection ends the run with its words.
func TestLostConnection(t *testing.T) {
	s := pushertest.StartTampering(t, scenariotest.Once(5, func([]string) []string {
		return []string{`{"event":"pusher:error","data":{"code":4100,"message":"over capacity"}}`}
	}))
	_, err := Scenario{Connections: 5, Duration: 10 * time.Second}.Run(scenariotest.Context(t), scenariotest.Local(s))
	if err == nil || !strings.Contains(err.Error(), "over capacity") || !strings.Contains(err.Error(), "deliveries are missing") {
		t.Errorf("got %v", err)
	}
}

func TestNotices(t *testing.T) {
	scenariotest.Notices(t, Scenario{Connections: 5, Duration: scenariotest.Short})
	scenariotest.Notices(t, Scenario{Connections: 5, Duration: scenariotest.Short, Rate: 200, Outstanding: 2})
	scenariotest.NoticesSwap(t, Scenario{Connections: 5, Rate: 200, Duration: scenariotest.Short})
}

func TestRefusals(t *testing.T) {
	scenariotest.Refuses(t, "--connections is -1", Scenario{Connections: -1})
	scenariotest.Refuses(t, "--rate is -1", Scenario{Rate: -1})
	scenariotest.NeedsChannels(t, Scenario{Probes: 1})
	scenariotest.NeedsChannels(t, Scenario{Channels: 2})
	if err := (Scenario{}).Validate(); err != nil {
		t.Errorf("without parameters: %v", err)
	}
}
