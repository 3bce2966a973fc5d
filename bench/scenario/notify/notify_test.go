//go:build linux

package notify

import (
	"strings"
	"testing"

	"fanfare/bench/loadgen/pushertest"
	"fanfare/bench/scenario/scenariotest"
)

func TestNotify(t *testing.T) {
	f := func(c Scenario) {
		t.Helper()
		s := pushertest.Start(t)
		r, err := c.Run(scenariotest.Context(t), scenariotest.Local(s))
		count := s.Count()
		if err != nil || r.Done == 0 || count.Deliveries != int(r.Counts.Delivered) || count.Requests != count.Deliveries || len(count.Subscribed) != 20 {
			t.Errorf("got %+v, %v; server counted %+v", r, err, count)
		}
	}
	f(Scenario{Connections: 20, Outstanding: 3, Duration: scenariotest.Short})
	f(Scenario{Connections: 20, Outstanding: 3, Duration: scenariotest.Short, Rate: 300})
}

func TestNotices(t *testing.T) {
	scenariotest.Notices(t, Scenario{Connections: 4, Rate: 400, Duration: scenariotest.Short})
}

// A message that comes to somebody else is told, too.
func TestNoticesStrays(t *testing.T) {
	server := pushertest.StartTampering(t, func(subscriber int, frame string) []string {
		if subscriber != 3 {
			return []string{frame}
		}
		before, after, _ := strings.Cut(frame, "seq=000000")
		return []string{before + "seq=000000" + string('0'+(after[0]-'0'+1)%4) + after[1:]}
	})
	r, err := Scenario{Connections: 4, Rate: 400, Duration: scenariotest.Short}.Run(scenariotest.Context(t), scenariotest.Local(server))
	if err == nil || r.Counts.Stray == 0 {
		t.Errorf("got %v and %+v", err, r.Counts)
	}
}

func TestRefusals(t *testing.T) {
	scenariotest.Refuses(t, "--frame-bytes is 99: use 100 to", Scenario{FrameBytes: 99})
	scenariotest.Refuses(t, "--outstanding is 6: use 1 to 5", Scenario{Connections: 5, Outstanding: 6})
	scenariotest.NeedsChannels(t, Scenario{})
	if err := (Scenario{}).Validate(); err != nil {
		t.Errorf("without parameters: %v", err)
	}
}
