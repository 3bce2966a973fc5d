//go:build linux

package market

import (
	"errors"
	"testing"
	"time"

	"fanfare/bench/loadgen/pushertest"
	"fanfare/bench/scenario/course"
	"fanfare/bench/scenario/scenariotest"
)

func TestMarket(t *testing.T) {
	s := pushertest.Start(t)
	r, err := Scenario{Connections: 20, Channels: 10, Each: 3, Rate: 1000, Duration: 200 * time.Millisecond}.Run(scenariotest.Context(t), scenariotest.Local(s))
	if err != nil {
		t.Fatal(err)
	}
	count, subscriptions := s.Count(), 0
	for _, n := range count.Subscribed {
		subscriptions += n
	}
	if subscriptions != 60 || count.Deliveries != int(r.Counts.Delivered) || r.Done == 0 || r.Done >= r.Counts.Delivered {
		t.Errorf("server counted %+v, scenario %+v", count, r)
	}
	// Ticks of 5 ms leave together: 300 ticks need far fewer requests.
	if count.Requests > 250 || uint64(r.Latency.TotalCount()) != r.Done {
		t.Errorf("%d requests, %d latencies for %d", count.Requests, r.Latency.TotalCount(), r.Done)
	}
}

// The same seed sends the same ticks.
func TestMarketIsDetermined(t *testing.T) {
	f := func() uint64 {
		r, err := Scenario{Connections: 20, Channels: 10, Each: 3, Rate: 1000, Duration: scenariotest.Short, Seed: 5}.Run(scenariotest.Context(t), scenariotest.Local(pushertest.Start(t)))
		if err != nil {
			t.Fatal(err)
		}
		return r.Done
	}
	if a, b := f(), f(); a != b {
		t.Errorf("%d deliveries, and then %d", a, b)
	}
}

// A server that takes a millisecond for a delivery can't do more than 1000 of
// them a second, and the search must find that out.
func TestMarketSearch(t *testing.T) {
	s := pushertest.StartTampering(t, func(_ int, frame string) []string {
		<-time.After(time.Millisecond)
		return []string{frame}
	})
	c := Scenario{Connections: 4, Channels: 1, Each: 1, Rate: 50, Duration: 150 * time.Millisecond, Search: true, Bound: 50 * time.Millisecond}
	r, err := c.Run(scenariotest.Context(t), scenariotest.Local(s))
	if err != nil {
		t.Fatal(err)
	}
	// 4 deliveries for each tick: 250 ticks a second at most, less what else a
	// tick costs. Timers of this kind are late rather than early.
	highest, lowest := r.Figures[0], r.Figures[1]
	if highest.Name != "highest rate that holds" || highest.Value < 50 || highest.Value > 400 || lowest.Value > highest.Value*searchGap*1.001 {
		t.Errorf("got %+v", r.Figures)
	}
	if p99 := time.Duration(r.Latency.ValueAtQuantile(99)); p99 > c.Bound || !r.Counts.Clean() {
		t.Errorf("p99 %s, %+v", p99, r.Counts)
	}
}

// A server that leaves a message out at one rate is no good at a lower one.
func TestMarketSearchTellsOfLosses(t *testing.T) {
	n := 0
	s := pushertest.StartTampering(t, func(_ int, frame string) []string {
		if n++; n == 20 {
			return nil
		}
		return []string{frame}
	})
	c := Scenario{Connections: 4, Channels: 1, Each: 1, Rate: 400, Duration: scenariotest.Short, Search: true, Bound: time.Second}
	if r, err := c.Run(scenariotest.Context(t), scenariotest.Local(s)); err == nil || r.Counts.Lost != 1 {
		t.Errorf("%v; %+v", err, r.Counts)
	}
}

// A server that drops connections under load is searched on with new ones.
func TestMarketSearchReopens(t *testing.T) {
	n := 0
	s := pushertest.StartTampering(t, func(_ int, frame string) []string {
		if n++; n == 100 {
			return []string{`{"event":"pusher:error","data":{"code":4100,"message":"over capacity"}}`}
		}
		return []string{frame}
	})
	c := Scenario{Connections: 4, Channels: 1, Each: 1, Rate: 100, Duration: scenariotest.Short, Search: true, Bound: time.Second}
	m := c.defaults()
	_, err := course.Start(scenariotest.Local(s), c, "deliveries", "", func(r *course.Run) error {
		market := newMarket(m, r)
		if err := market.open(scenariotest.Context(t)); err != nil {
			return err
		}
		fails, err := market.try(scenariotest.Context(t), 400)
		if fails == nil || err != nil {
			t.Errorf("a rate at which a connection was lost: %v, %v", fails, err)
		}
		fails, err = market.try(scenariotest.Context(t), 200)
		return errors.Join(fails, err, market.feed.Close(nil))
	})
	if err != nil {
		t.Error(err)
	}
}

func TestNotices(t *testing.T) {
	scenariotest.Notices(t, Scenario{Connections: 5, Channels: 4, Each: 2, Rate: 400, Duration: scenariotest.Short})
	scenariotest.NoticesSwap(t, Scenario{Connections: 5, Channels: 1, Each: 1, Rate: 400, Duration: scenariotest.Short})
}

func TestRefusals(t *testing.T) {
	scenariotest.Refuses(t, "--each is 11: use 1 to 10", Scenario{Channels: 10, Each: 11})
	scenariotest.Refuses(t, "--skew is -1", Scenario{Skew: -1})
	scenariotest.NeedsChannels(t, Scenario{})
	if err := (Scenario{}).Validate(); err != nil {
		t.Errorf("without parameters: %v", err)
	}
}
