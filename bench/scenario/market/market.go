//go:build linux

package market

import (
	"cmp"
	"context"
	"time"

	"fanfare/bench/loadgen"
	"fanfare/bench/scenario"
	"fanfare/bench/scenario/course"
)

// Scenario sends ticks to many channels, some of which are far busier than
// others (Zipf's law), as a feed of quotes does; each connection is on a few
// of them. The ticks come at a rate, whether or not the server keeps up, and
// leave in batches. Done counts deliveries, and the latency is of each from
// when its tick was due.
//
// A search finds the highest rate at which everything is delivered and the
// 99th percentile of the latency keeps within a bound; the result is that of
// the run at this rate.
type Scenario struct {
	Connections int           // 5000
	InFlight    int           // at once that are not ready while they are opened; 256
	Channels    int           // 100
	Each        int           // channels that a connection is on, chosen at random; 10
	Skew        float64       // the k-th channel gets a share of 1/k^skew; 1.05
	Seed        uint64        // of all that is random: the same seed gives the same run; 1
	Rate        float64       // ticks a second, of all channels together; a search begins there; 1000
	FrameBytes  int           // of what a subscriber gets, WebSocket header included; 200
	Interval    time.Duration // ticks that fall due within it leave together; 5 ms
	Batch       int           // ticks in one request at most; 10
	Publishers  int           // kept-alive connections that publish; 4
	Duration    time.Duration // of the measurement, and of each step of a search; 10 s
	Search      bool
	Bound       time.Duration // of the latency's 99th percentile in a search; 150 ms
}

// Name is "market".
func (c Scenario) Name() string { return "market" }

func (c Scenario) defaults() Scenario {
	c.Connections = cmp.Or(c.Connections, 5000)
	c.InFlight = cmp.Or(c.InFlight, 256)
	c.Channels = cmp.Or(c.Channels, 100)
	c.Each = cmp.Or(c.Each, 10)
	c.Skew = cmp.Or(c.Skew, 1.05)
	c.Seed = cmp.Or(c.Seed, 1)
	c.Rate = cmp.Or(c.Rate, 1000)
	c.FrameBytes = cmp.Or(c.FrameBytes, 200)
	c.Interval = cmp.Or(c.Interval, 5*time.Millisecond)
	c.Batch = cmp.Or(c.Batch, 10)
	c.Publishers = cmp.Or(c.Publishers, 4)
	c.Duration = cmp.Or(c.Duration, 10*time.Second)
	c.Bound = cmp.Or(c.Bound, 150*time.Millisecond)
	return c
}

// Validate tells which parameter can't be.
func (c Scenario) Validate() error {
	c = c.defaults()
	var v course.Check
	v.Fleet(c.Connections, c.InFlight)
	v.Number("channels", c.Channels, 1, loadgen.MaxSource)
	v.Number("each", c.Each, 1, min(c.Channels, 1000))
	if !(c.Skew > 0 && c.Skew <= 10) {
		v.Refuse("--skew is %v: use 0.01 (all channels alike) to 10", c.Skew)
	}
	v.Rate("rate", c.Rate)
	v.Frames(c.FrameBytes)
	v.Duration("interval", c.Interval)
	v.Number("batch", c.Batch, 1, 1000)
	v.Number("publishers", c.Publishers, 1, 1000)
	v.Duration("duration", c.Duration)
	v.Duration("bound", c.Bound)
	return v.Err()
}

// Run measures s. It fails when a tick was lost, came twice or out of order.
func (c Scenario) Run(ctx context.Context, s scenario.Server) (scenario.Result, error) {
	c = c.defaults()
	return course.Start(s, c, "deliveries", c.Name(), func(r *course.Run) error {
		m := newMarket(c, r)
		if err := m.open(ctx); err != nil {
			return err
		}
		if c.Search {
			return m.search(ctx)
		}
		err := m.step(ctx, c.Rate)
		m.tell(c.Rate)
		return m.feed.Close(err)
	})
}

// market is one run.
type market struct {
	Scenario
	run   *course.Run
	lists watchlists
	next  *zipf
	feed  *course.Feed
}

func newMarket(c Scenario, r *course.Run) *market {
	rng := newRand(c.Seed)
	return &market{Scenario: c, run: r, lists: newWatchlists(rng, c.Connections, c.Channels, c.Each), next: newZipf(rng, c.Channels, c.Skew)}
}

// open opens the connections and makes the feed.
func (m *market) open(ctx context.Context) error {
	fleet, err := m.run.Open(ctx, m.Connections, m.InFlight, m.lists.subscriptions)
	if err != nil {
		return err
	}
	ledger := loadgen.NewSparseLedger(m.Connections, m.Each, func(i int) []int { return m.lists.lists[i] })
	m.feed = m.run.Feed(fleet, ledger, m.Channels, func(c int) int { return m.lists.audience[c] })
	names := make([]string, m.Channels)
	for i := range names {
		names[i] = marketChannel(i)
	}
	w := course.NewTickWriter(m.run.Target, names[0], m.FrameBytes)
	return m.feed.AddLanes(m.Publishers, m.Batch, func(dst []byte, k loadgen.Mark) []byte {
		return w.AppendEvent(dst, names[k.Source], k)
	})
}

// step measures one rate.
func (m *market) step(ctx context.Context, rate float64) error {
	if err := m.publish(ctx, scenario.WarmingUp, rate, min(m.Duration, course.WarmUp)); err != nil {
		return err
	}
	return m.run.Measure(func() error { return m.publish(ctx, scenario.Measuring, rate, m.Duration) })
}

func (m *market) publish(ctx context.Context, p scenario.Phase, rate float64, d time.Duration) error {
	return m.feed.OpenLoop(ctx, p, rate, m.Interval, d, m.next.draw)
}

func (m *market) tell(rate float64) { m.run.Figure("ticks published", rate, "/s") }

var _ scenario.Scenario = Scenario{}
