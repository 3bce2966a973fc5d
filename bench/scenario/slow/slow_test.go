//go:build linux

package slow

import (
	"strings"
	"sync/atomic"
	"testing"

	"fanfare/bench/loadgen/pushertest"
	"fanfare/bench/scenario"
	"fanfare/bench/scenario/scenariotest"
)

// A reader's fate is told from the numbers that it got.
func TestFate(t *testing.T) {
	f := func(want fate, sent uint32, numbers ...uint32) {
		t.Helper()
		var p progress
		for _, seq := range numbers {
			p.receive(seq)
		}
		if got := p.fate(sent); got != want || p.disorder != 0 {
			t.Errorf("%v of %d: %q, %d out of order; want %q", numbers, sent, got, p.disorder, want)
		}
	}
	f(gotAll, 0)
	f(gotAll, 3, 0, 1, 2)
	f(gotNewest, 9, 0, 1, 8)
	f(gotNewest, 9, 0, 3, 4, 8)
	f(gotNewest, 9, 8)
	f(gotRing, 9, 0, 1, 7, 8)
	f(gotRing, 9, 0, 3, 6, 7, 8)
	f(stuck, 9, 0, 1, 7)
	f(stuck, 9)
	var p progress
	for _, seq := range []uint32{0, 2, 1, 2} {
		p.receive(seq)
	}
	if p.disorder != 2 || p.skipped != 1 {
		t.Errorf("%+v", p)
	}
}

// laxly runs c against a server whose rule holds for slow readers once they
// are slow, so that a busy machine does not make others slow.
func laxly(t *testing.T, c Scenario, rule func(waiting []string) ([]string, bool)) (scenario.Result, error) {
	t.Helper()
	var slack atomic.Bool
	well := c.Connections - c.slow() // they are opened first
	s := pushertest.StartSlow(t, func(subscriber int, waiting []string) ([]string, bool) {
		if subscriber < well || !slack.Load() {
			return waiting, false
		}
		return rule(waiting)
	})
	server := scenariotest.Local(s)
	server.Progress = func(p scenario.Progress) {
		if strings.HasPrefix(p.Note, "beside") {
			slack.Store(true)
		}
	}
	return c.Run(scenariotest.Context(t), server)
}

// The rules that servers have for slow readers are told apart.
func TestSlow(t *testing.T) {
	const most = 8 // that may wait
	newest := func(n int) func([]string) ([]string, bool) {
		return func(waiting []string) ([]string, bool) { return waiting[max(0, len(waiting)-n):], false }
	}
	f := func(want fate, rule func(waiting []string) ([]string, bool)) {
		t.Helper()
		c := Scenario{Connections: 12, Stalled: 4, Dribbling: 2, Rate: 500, FrameBytes: 2000, ReceiveBuffer: 2048, Duration: 3 * scenariotest.Short}
		r, err := laxly(t, c, rule)
		if err != nil {
			t.Fatalf("%s: %v", want, err)
		}
		if n := scenariotest.Figure(t, &r, "stalled, "+string(want)); n != 4 {
			t.Errorf("%v stalled readers %s, want 4: %+v", n, want, r.Figures)
		}
		if n := scenariotest.Figure(t, &r, "dribbling, "+string(want)); n != 2 {
			t.Errorf("%v dribbling readers %s, want 2: %+v", n, want, r.Figures)
		}
		if n := scenariotest.Figure(t, &r, "stalled, furthest behind when it woke up"); n < most {
			t.Errorf("%s: behind by %v", want, n)
		}
		// 150 to each of the six who read well, beside the warm-up and the first half.
		if r.Done != 6*150 || r.Counts.Delivered <= 2*r.Done || uint64(r.Latency.TotalCount()) != r.Done {
			t.Errorf("%s: %+v", want, r)
		}
		for _, name := range []string{"p50 without slow readers", "p99 beside slow readers", "p99, ratio", "memory, all reading well"} {
			if scenariotest.Figure(t, &r, name) <= 0 {
				t.Errorf("%s: no %s", want, name)
			}
		}
	}
	f(gotAll, func(waiting []string) ([]string, bool) { return waiting, false })
	f(gotNewest, newest(1))
	f(gotRing, newest(most))
	f(closedFate(4100), func(waiting []string) ([]string, bool) { return waiting, len(waiting) > most })
}

// A server that keeps a slow reader's connection and loses the newest message
// on it leaves that one with old data for good.
func TestSlowNoticesThoseWhoAreStuck(t *testing.T) {
	c := Scenario{Connections: 4, Stalled: 2, Rate: 500, FrameBytes: 2000, ReceiveBuffer: 2048, Duration: 2 * scenariotest.Short}
	r, err := laxly(t, c, func(waiting []string) ([]string, bool) { return waiting[:min(len(waiting), 8)], false })
	if err == nil || !strings.Contains(err.Error(), "2 slow readers are open, but never got the newest message") {
		t.Errorf("got %v", err)
	}
	if n := scenariotest.Figure(t, &r, "stalled, "+string(stuck)); n != 2 {
		t.Errorf("%v are stuck, want 2: %+v", n, r.Figures)
	}
}

func TestNotices(t *testing.T) {
	scenariotest.Notices(t, Scenario{Connections: 6, Stalled: 1, Rate: 200, Duration: scenariotest.Short})
}

func TestRefusals(t *testing.T) {
	scenariotest.Refuses(t, "--connections is 10 with 10 slow ones among them: use at least 11", Scenario{Connections: 10, Stalled: 10})
	scenariotest.Refuses(t, "--read-bytes is -1", Scenario{ReadBytes: -1})
	scenariotest.Refuses(t, "--receive-buffer is 1", Scenario{ReceiveBuffer: 1})
	scenariotest.NeedsChannels(t, Scenario{})
	if err := (Scenario{}).Validate(); err != nil {
		t.Errorf("without parameters: %v", err)
	}
}
