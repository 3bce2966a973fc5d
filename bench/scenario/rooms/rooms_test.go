//go:build linux

package rooms

import (
	"strings"
	"testing"
	"time"

	"fanfare/bench/loadgen/pushertest"
	"fanfare/bench/scenario/scenariotest"
)

// few is a run of a fraction of a second in which much happens.
func few(leave Leave) Scenario {
	return Scenario{Rooms: 3, Members: 5, Rate: 100, Churn: 100, Away: 5 * time.Millisecond, Leave: leave, Duration: 2 * scenariotest.Short}
}

func TestRooms(t *testing.T) {
	f := func(leave Leave) {
		t.Helper()
		s := pushertest.Start(t)
		c := few(leave)
		r, err := c.Run(scenariotest.Context(t), scenariotest.Local(s))
		if err != nil {
			t.Fatalf("%s: %v", leave, err)
		}
		count := s.Count()
		// Those who leave may not have read what was sent to them.
		if count.Deliveries < int(r.Counts.Delivered) || count.Whispers < int(scenariotest.Figure(t, &r, "whispers")) {
			t.Errorf("%s: server counted %+v, scenario %+v", leave, count, r)
		}
		joins := 0
		for _, n := range count.Subscribed {
			joins += n
		}
		left := int(scenariotest.Figure(t, &r, "left and came back"))
		if left == 0 || joins < c.Rooms*c.Members+left || len(count.Subscribed) != c.Rooms {
			t.Errorf("%s: %d left, %d came, at first %d", leave, left, joins, c.Rooms*c.Members)
		}
		told := uint64(scenariotest.Figure(t, &r, "member events"))
		if told == 0 || uint64(r.Latency.TotalCount())+told != r.Done || scenariotest.Figure(t, &r, "member event p99") <= 0 {
			t.Errorf("%s: %d events told, %d whispers heard: %+v", leave, told, r.Latency.TotalCount(), r)
		}
	}
	f(ByUnsubscribing)
	f(ByClosing)
	f(ByDropping)
	f(Mixed)
}

// Where nobody whispers rooms may be large, and who has entered when is told.
func TestSilence(t *testing.T) {
	s := pushertest.Start(t)
	c := few(ByUnsubscribing)
	c.Rooms, c.Members, c.Silent = 1, 70, true // more than fit into one word
	r, err := c.Run(scenariotest.Context(t), scenariotest.Local(s))
	if err != nil {
		t.Fatal(err)
	}
	if count := s.Count(); count.Whispers != 0 || r.Counts.Delivered != 0 || scenariotest.Figure(t, &r, "whispers") != 0 {
		t.Errorf("somebody whispered: %+v, %+v", count, r)
	}
	told, moves := scenariotest.Figure(t, &r, MemberEvents), 2*scenariotest.Figure(t, &r, Returned)
	if told == 0 || told > moves*float64(c.Members-1) || told != float64(r.Done) {
		t.Errorf("%v member events of %v moves: %+v", told, moves, r)
	}
	if p99 := scenariotest.Figure(t, &r, ConfirmationP99); p99 <= 0 {
		t.Errorf("confirmations took %v ms", p99)
	}
}

// A server that loses, repeats or misdirects what members say and do is told.
// One member leaves in the warm-up and one in the measurement, so that nobody
// is excused from hearing what is tampered with.
func TestRoomsNotice(t *testing.T) {
	c := few(ByUnsubscribing)
	c.Churn = 0.001
	f := func(event string, n int, want string, tamper func(frame string) []string) {
		t.Helper()
		frames := 0
		s := pushertest.StartTampering(t, func(_ int, frame string) []string {
			if strings.Contains(frame, event) {
				frames++
			}
			if frames != n || !strings.Contains(frame, event) {
				return []string{frame}
			}
			return tamper(frame)
		})
		_, err := c.Run(scenariotest.Context(t), scenariotest.Local(s))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", event, err, want)
		}
	}
	lost := func(string) []string { return nil }
	again := func(frame string) []string { return []string{frame, frame} }
	f("client-whisper", 40, "1 lost, 0 duplicated", lost)
	f("client-whisper", 40, "0 lost, 1 duplicated", again)
	f("client-whisper", 40, "1 came to others", func(frame string) []string {
		return []string{frame, strings.Replace(frame, "seq=000", "seq=009", 1)}
	})
	const opening = 3 * (1 + 2 + 3 + 4) // member_added while all enter
	f("member_added", 4, "1 never came, 0 were no news", lost)
	f("member_added", 4, "0 never came, 1 were no news", again)
	f("member_added", opening+2, "1 never came, 0 were no news", lost)
	f("member_added", opening+2, "0 never came, 1 were no news", again)
	f("member_removed", 2, "1 never came, 0 were no news", lost)
	f("member_removed", 6, "0 never came, 1 were no news", again)
	f("member_added", opening+2, "may send fewer client events", func(string) []string {
		return []string{`{"event":"pusher:error","data":{"code":4301,"message":"too many"}}`}
	})
}

func TestRefusals(t *testing.T) {
	scenariotest.Refuses(t, "--members is 1: use 2 to 1000", Scenario{Members: 1})
	scenariotest.Refuses(t, "--members is 1001: use 2 to 1000", Scenario{Members: 1001})
	scenariotest.Refuses(t, "--members is 10001: use 2 to 10000", Scenario{Members: 10_001, Silent: true})
	scenariotest.Refuses(t, "--rooms is 10000000", Scenario{Rooms: 10_000_000})
	scenariotest.Refuses(t, `--leave is "slam": use unsubscribe, close, drop or mixed`, Scenario{Leave: "slam"})
	scenariotest.Refuses(t, "--info-bytes is 3", Scenario{InfoBytes: 3})
	scenariotest.Refuses(t, "--away is -1ns", Scenario{Away: -1})
	scenariotest.NeedsChannels(t, Scenario{})
	if err := (Scenario{}).Validate(); err != nil {
		t.Errorf("without parameters: %v", err)
	}
}
