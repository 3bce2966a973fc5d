//go:build linux

package idle

import (
	"slices"
	"strings"
	"testing"
	"time"

	"fanfare/bench/loadgen/pushertest"
	"fanfare/bench/scenario"
	"fanfare/bench/scenario/scenariotest"
)

func TestIdle(t *testing.T) {
	f := func(join Join, channels int) {
		t.Helper()
		s := pushertest.Start(t)
		c := Scenario{Connections: 50, Join: join, Settle: time.Millisecond, Hold: scenariotest.Short, Broadcast: join == Shared, Leave: true, Again: join == Private}
		r, err := c.Run(scenariotest.Context(t), scenariotest.Local(s))
		if err != nil {
			t.Fatal(err)
		}
		u := r.Servers[0]
		if r.Done != 50 || u.Before <= 0 || u.Held <= 0 || u.After <= 0 || r.Wall < scenariotest.Short {
			t.Errorf("got %+v", r)
		}
		if got := len(s.Count().Subscribed); got != channels {
			t.Errorf("%d channels, want %d", got, channels)
		}
		want, came := 20+50, 0 // some warm up
		if c.Again {
			want += 50
		}
		for _, n := range s.Count().Subscribed {
			came += n
		}
		if came != want {
			t.Errorf("%d connections came, want %d", came, want)
		}
		if second := slices.ContainsFunc(r.Figures, func(f scenario.Figure) bool { return f.Name == SecondCrowd }); second != c.Again {
			t.Errorf("a second crowd was told of: %v, want %v", second, c.Again)
		}
		if c.Broadcast && r.Counts.Delivered != 50 {
			t.Errorf("the broadcast reached %+v", r.Counts)
		}
	}
	f(Shared, 1)
	f(Private, 50)
	f(Presence, 5)
}

// A broadcast that does not reach everybody is no success.
func TestIdleBroadcastIsLost(t *testing.T) {
	s := pushertest.StartTampering(t, func(subscriber int, frame string) []string {
		if subscriber == 8 { // the first five were there to warm up
			return nil
		}
		return []string{frame}
	})
	c := Scenario{Connections: 5, Settle: time.Millisecond, Hold: time.Millisecond, Broadcast: true}
	r, err := c.Run(scenariotest.Context(t), scenariotest.Local(s))
	if err == nil || !strings.Contains(err.Error(), "1 deliveries are missing") || r.Counts.Delivered != 4 {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestPresenceInfoSize(t *testing.T) {
	data := Presence.subscriptions(0)[0].ChannelData
	_, info, found := strings.Cut(strings.TrimSuffix(data, "}"), `"user_info":`)
	if !found || len(info) != 100 {
		t.Errorf("user info of %d bytes, want 100: %s", len(info), info)
	}
}

func TestRefusals(t *testing.T) {
	scenariotest.Refuses(t, `--join is "other"`, Scenario{Join: "other"})
	scenariotest.Refuses(t, "use --join shared", Scenario{Join: Private, Broadcast: true})
	scenariotest.Refuses(t, "--again is about what is left", Scenario{Again: true})
	scenariotest.NeedsChannels(t, Scenario{Join: Private})
	if err := (Scenario{}).Validate(); err != nil {
		t.Errorf("without parameters: %v", err)
	}
}

func TestLeftBesides(t *testing.T) {
	u := func(after ...int64) (list []scenario.Usage) {
		for _, n := range after {
			list = append(list, scenario.Usage{Before: 1000, Held: 2000, After: n})
		}
		return list
	}
	f := func(want int64, before, now []scenario.Usage) {
		t.Helper()
		if got := leftBesides(before, now); got != want {
			t.Errorf("%d bytes, want %d", got, want)
		}
	}
	f(0, u(), u())
	f(0, u(1100), u(1100))
	f(50, u(1100), u(1150))
	f(-50, u(1100), u(1050))
	f(30, u(1100, 1200), u(1110, 1220))
}

// Without the server's process nothing is known of its memory.
func TestSecondCrowdUnmeasured(t *testing.T) {
	s := scenariotest.Local(pushertest.Start(t))
	s.Processes = nil
	r, err := Scenario{Connections: 5, Settle: time.Millisecond, Hold: time.Millisecond, Leave: true, Again: true}.Run(scenariotest.Context(t), s)
	if err != nil || slices.ContainsFunc(r.Figures, func(f scenario.Figure) bool { return f.Name == SecondCrowd }) {
		t.Errorf("%v; %+v", err, r.Figures)
	}
}
