//go:build linux

package upgrade

import (
	"context"
	"errors"
	"strings"
	"testing"

	"fanfare/bench/loadgen/pushertest"
	"fanfare/bench/scenario"
	"fanfare/bench/scenario/rooms"
	"fanfare/bench/scenario/scenariotest"
)

// few is a run of a second in which much happens.
func few() Scenario {
	return Scenario{
		Connections: 80, Members: 5, Rate: 200, Talk: 20, Churn: 30, Away: scenariotest.Short / 10,
		Slow: 4, SlowBytes: 200_000, Upgrades: 2, Pause: 2 * scenariotest.Short,
	}
}

func honest(_ int, frame string) []string { return []string{frame} }

// local is a server that says it was upgraded whenever it is asked to be.
func local(s *pushertest.Server) scenario.Server {
	to := scenariotest.Local(s)
	pid := 0
	to.Upgrade = func(context.Context) (scenario.Handed, error) {
		pid++
		return scenario.Handed{PID: pid, Connections: 80}, nil
	}
	return to
}

func TestUpgrade(t *testing.T) {
	c := few()
	r, err := c.Run(scenariotest.Context(t), local(pushertest.StartPatient(t, honest)))
	if err != nil {
		t.Fatal(err)
	}
	if !r.Counts.Clean() || r.Done == 0 || r.Latency == nil || r.Counts.Delivered <= r.Done {
		t.Errorf("done %d, latency %v, %+v", r.Done, r.Latency, r.Counts)
	}
	if len(r.Upgrades) != c.Upgrades {
		t.Fatalf("%d upgrades, want %d", len(r.Upgrades), c.Upgrades)
	}
	for i, u := range r.Upgrades {
		if u.PID != i+1 || u.Connections != 80 || u.From < c.Pause || u.To < u.From || u.Worst <= 0 || u.Silence <= 0 {
			t.Errorf("upgrade %d: %+v", i, u)
		}
	}
	course, last := 0, r.Course[0]
	for _, m := range r.Course {
		course += m.Count
		if m.P50 > m.P99 || m.P99 > m.Max || m.Count == 0 || m.At%moment != 0 || m.At < last.At {
			t.Errorf("a moment: %+v", m)
		}
		last = m
	}
	if course != int(r.Done) {
		t.Errorf("the course has %d deliveries of %d", course, r.Done)
	}
	if torn, held := scenariotest.Figure(t, &r, "torn frames"), scenariotest.Figure(t, &r, Torn); torn < held || held < float64(c.Upgrades) {
		t.Errorf("of %v torn frames an upgrade came between %v, want %d at least", torn, held, c.Upgrades)
	}
	if all, early := scenariotest.Figure(t, &r, Unsent), scenariotest.Figure(t, &r, Early); all < 800_000 || early > all/2 {
		t.Errorf("slow readers had %v bytes of %v before they read again", early, all)
	}
	if scenariotest.Figure(t, &r, rooms.Returned) == 0 || scenariotest.Figure(t, &r, rooms.Whispers) == 0 {
		t.Errorf("nobody left or whispered: %+v", r.Figures)
	}
}

// What a server does wrong is told, whomever it does it to.
func TestUpgradeNotices(t *testing.T) {
	f := func(want, to string, n int, tamper func(frame string) []string) {
		t.Helper()
		frames := 0
		s := pushertest.StartPatient(t, func(_ int, frame string) []string {
			if strings.Contains(frame, to) {
				if frames++; frames == n {
					return tamper(frame)
				}
			}
			return []string{frame}
		})
		c := few()
		c.Upgrades = 1
		if _, err := c.Run(scenariotest.Context(t), local(s)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", to, err, want)
		}
	}
	lost := func(string) []string { return nil }
	again := func(frame string) []string { return []string{frame, frame} }
	f("1 lost, 0 duplicated", "private-hall-", 20, lost)
	f("0 lost, 1 duplicated", "presence-hall-000003\",\"data\":\"seq", 20, again)
	f("1 lost, 0 duplicated", "private-slow-000001\",\"data\":\"seq", 5, lost)
	f("0 lost, 1 duplicated", "private-slow-000001\",\"data\":\"seq", 5, again)
	f("0 lost, 1 duplicated", "client-whisper", 5, again)
	flicker := `{"event":"pusher_internal:member_removed","channel":"presence-hall-000003","data":"{\"user_id\":\"seat-0000016\"}"}`
	f("told 1 times that somebody had come or gone", "private-hall-", 20, func(frame string) []string { return []string{frame, flicker} })
	f("code\":4200", "private-hall-", 20, func(string) []string { return []string{`{"event":"pusher:error","data":{"code":4200}}`} })
}

func TestUpgradeFails(t *testing.T) {
	s := local(pushertest.StartPatient(t, honest))
	broken := errors.New("the new process does not start")
	s.Upgrade = func(context.Context) (scenario.Handed, error) { return scenario.Handed{}, broken }
	r, err := few().Run(scenariotest.Context(t), s)
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "upgrade 1 of 2") {
		t.Errorf("got %v", err)
	}
	if r.Counts.Duplicated+r.Counts.Reordered > 0 {
		t.Errorf("%+v", r.Counts)
	}
	s.Upgrade = nil
	if _, err := few().Run(scenariotest.Context(t), s); !errors.Is(err, errNoWay) {
		t.Errorf("without a way to upgrade: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	scenariotest.Refuses(t, "--connections is 39: use at least 40, for 20 slow readers and two rooms of 10", Scenario{Connections: 39})
	scenariotest.Refuses(t, "--members is 1: use 2 to 1000", Scenario{Members: 1})
	scenariotest.Refuses(t, "--slow-bytes is 5", Scenario{SlowBytes: 5})
	scenariotest.Refuses(t, "--upgrades is -1", Scenario{Upgrades: -1})
	scenariotest.Refuses(t, "--pause is -1ns", Scenario{Pause: -1})
	scenariotest.NeedsChannels(t, Scenario{})
	if err := (Scenario{}).Validate(); err != nil {
		t.Errorf("without parameters: %v", err)
	}
}
