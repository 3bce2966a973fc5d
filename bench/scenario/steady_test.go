//go:build linux

package scenario

import (
	"context"
	"strings"
	"testing"
	"time"

	"fanfare/bench/loadgen/pushertest"
)

func TestAPI(t *testing.T) {
	f := func(batch int) {
		t.Helper()
		s := pushertest.Start(t)
		r, err := API{Connections: 4, Batch: batch, Duration: short}.Run(limited(t), local(s))
		if err != nil {
			t.Fatal(err)
		}
		requests := uint64(r.Latency.TotalCount())
		if sent := uint64(s.Count().Requests * batch); r.Done == 0 || r.Done >= sent || r.Done != requests*uint64(batch) {
			t.Errorf("server got %d events, warm-up included, scenario counted %d in %d requests", sent, r.Done, requests)
		}
	}
	f(1)
	f(10)
}

func TestConnect(t *testing.T) {
	s := pushertest.Start(t)
	r, err := Connect{Connections: 300}.Run(limited(t), local(s))
	if err != nil || r.Done != 300 || s.Count().Subscribed[channel] != 300 || r.Latency.TotalCount() != 300 {
		t.Errorf("got %+v, %v; server counted %+v", r, err, s.Count())
	}
}

// Those that stand get every message while others come.
func TestConnectBesidesOthers(t *testing.T) {
	s := pushertest.Start(t)
	r, err := Connect{Connections: 100, InFlight: 4, Background: 10, Rate: 500}.Run(limited(t), local(s))
	count := s.Count()
	if err != nil || r.Done != 100 || r.Counts.Delivered != uint64(10*count.Requests) || count.Requests == 0 || count.Deliveries != 10*count.Requests {
		t.Errorf("got %+v, %v; server counted %+v", r, err, count)
	}
}

func TestIdle(t *testing.T) {
	f := func(join Join, channels int) {
		t.Helper()
		s := pushertest.Start(t)
		c := Idle{Connections: 50, Join: join, Settle: time.Millisecond, Hold: short, Broadcast: join == Shared, Leave: true}
		r, err := c.Run(limited(t), local(s))
		if err != nil {
			t.Fatal(err)
		}
		u := r.Servers[0]
		if r.Done != 50 || u.Before <= 0 || u.Held <= 0 || u.After <= 0 || r.Wall < short {
			t.Errorf("got %+v", r)
		}
		if got := len(s.Count().Subscribed); got != channels {
			t.Errorf("%d channels, want %d", got, channels)
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
	c := Idle{Connections: 5, Settle: time.Millisecond, Hold: time.Millisecond, Broadcast: true}
	r, err := c.Run(limited(t), local(s))
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

func TestNotify(t *testing.T) {
	f := func(c Notify) {
		t.Helper()
		s := pushertest.Start(t)
		r, err := c.Run(limited(t), local(s))
		count := s.Count()
		if err != nil || r.Done == 0 || count.Deliveries != int(r.Counts.Delivered) || count.Requests != count.Deliveries || len(count.Subscribed) != 20 {
			t.Errorf("got %+v, %v; server counted %+v", r, err, count)
		}
	}
	f(Notify{Connections: 20, Outstanding: 3, Duration: short})
	f(Notify{Connections: 20, Outstanding: 3, Duration: short, Rate: 300})
}

// What Run can't do it says before it opens anything, and the flag's name is
// in it.
func TestValidate(t *testing.T) {
	f := func(want string, s Scenario) {
		t.Helper()
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", s, err, want)
		}
		if _, err := s.Run(context.Background(), Server{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("run %+v: %v, want %q", s, err, want)
		}
	}
	f("--connections is -1", Fanout{Connections: -1})
	f("--in-flight is -1", Connect{InFlight: -1})
	f("--background is -1", Connect{Background: -1})
	f("--rate is -1", Fanout{Rate: -1})
	f("--frame-bytes is 99: use 100 to", Notify{FrameBytes: 99})
	f("--duration is -1s", API{Duration: -time.Second})
	f("--batch is 5000", API{Batch: 5000})
	f("--outstanding is 6: use 1 to 5", Notify{Connections: 5, Outstanding: 6})
	f("--each is 11: use 1 to 10", Market{Channels: 10, Each: 11})
	f("--skew is -1", Market{Skew: -1})
	f(`--join is "other"`, Idle{Join: "other"})
	f("use --join shared", Idle{Join: Private, Broadcast: true})
	for _, s := range []Scenario{API{}, Connect{}, Fanout{}, Idle{}, Market{}, Notify{}} {
		if err := s.Validate(); err != nil {
			t.Errorf("%s without parameters: %v", s.Name(), err)
		}
	}
}

// The limit program has no channels.
func TestBareTargetIsRefused(t *testing.T) {
	_, bare := targets(t)
	for _, s := range []Scenario{Market{}, Notify{}, Idle{Join: Private}, Fanout{Probes: 1}, Fanout{Channels: 2}, API{Batch: 2}} {
		if _, err := s.Run(t.Context(), Server{Target: bare}); err == nil || !strings.Contains(err.Error(), "has no channels") {
			t.Errorf("%+v: %v", s, err)
		}
	}
}
