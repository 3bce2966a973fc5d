//go:build linux

package scenario

import (
	"errors"
	"testing"
	"time"

	"fanfare/bench/loadgen/pushertest"
)

func TestMarket(t *testing.T) {
	s := pushertest.Start(t)
	r, err := Market{Connections: 20, Channels: 10, Each: 3, Rate: 1000, Duration: 200 * time.Millisecond}.Run(limited(t), local(s))
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
		r, err := Market{Connections: 20, Channels: 10, Each: 3, Rate: 1000, Duration: short, Seed: 5}.Run(limited(t), local(pushertest.Start(t)))
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
	c := Market{Connections: 4, Channels: 1, Each: 1, Rate: 50, Duration: 150 * time.Millisecond, Search: true, Bound: 50 * time.Millisecond}
	r, err := c.Run(limited(t), local(s))
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

// A server that drops connections under load is searched on with new ones.
func TestMarketSearchReopens(t *testing.T) {
	n := 0
	s := pushertest.StartTampering(t, func(_ int, frame string) []string {
		if n++; n == 100 {
			return []string{`{"event":"pusher:error","data":{"code":4100,"message":"over capacity"}}`}
		}
		return []string{frame}
	})
	c := Market{Connections: 4, Channels: 1, Each: 1, Rate: 100, Duration: short, Search: true, Bound: time.Second}
	m := c.defaults()
	_, err := start(local(s), c, "deliveries", "", func(r *run) error {
		market := newMarket(m, r)
		if err := market.open(limited(t)); err != nil {
			return err
		}
		fails, err := market.try(limited(t), 400)
		if fails == nil || err != nil {
			t.Errorf("a rate at which a connection was lost: %v, %v", fails, err)
		}
		fails, err = market.try(limited(t), 200)
		return errors.Join(fails, err, market.feed.close(nil))
	})
	if err != nil {
		t.Error(err)
	}
}

// The search goes up until something fails, then halves what is left.
func TestBracket(t *testing.T) {
	f := func(start, limit float64) {
		t.Helper()
		var b bracket
		rate, steps := start, 0
		for ; rate >= 1 && steps < searchSteps; steps++ {
			rate = b.next(rate, rate <= limit)
		}
		if b.holds > limit || b.fails <= limit || b.fails/b.holds >= searchGap || steps == searchSteps {
			t.Errorf("from %v to %v: %+v in %d steps", start, limit, b, steps)
		}
	}
	f(1000, 3333)
	f(1000, 100)
	f(1000, 1000)
	f(1000, 100_000)
}
