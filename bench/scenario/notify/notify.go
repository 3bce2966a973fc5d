//go:build linux

package notify

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"fanfare/bench/loadgen"
	"fanfare/bench/scenario"
	"fanfare/bench/scenario/course"
)

// Scenario publishes to private channels of which every connection has one of
// its own, to one after another at random: in a closed loop, or at a rate. Done
// counts deliveries, and the latency is of each of them.
type Scenario struct {
	Connections int           // 1000
	InFlight    int           // at once that are not ready while they are opened; 256
	Outstanding int           // publishers, each with one request outstanding at most; 1
	Rate        float64       // publishes a second, of all publishers together; 0 is a closed loop
	FrameBytes  int           // of what a subscriber gets, WebSocket header included; 200
	Duration    time.Duration // of the measurement; 10 s
	Seed        uint64        // the same seed chooses the same connections; 1
}

// Name is "notify".
func (c Scenario) Name() string { return "notify" }

func (c Scenario) defaults() Scenario {
	c.Connections = cmp.Or(c.Connections, 1000)
	c.InFlight = cmp.Or(c.InFlight, 256)
	c.Outstanding = cmp.Or(c.Outstanding, 1)
	c.FrameBytes = cmp.Or(c.FrameBytes, 200)
	c.Duration = cmp.Or(c.Duration, 10*time.Second)
	c.Seed = cmp.Or(c.Seed, 1)
	return c
}

// Validate tells which parameter can't be.
func (c Scenario) Validate() error {
	c = c.defaults()
	var v course.Check
	v.Fleet(c.Connections, c.InFlight)
	v.Number("outstanding", c.Outstanding, 1, min(c.Connections, 10_000))
	v.Rate("rate", c.Rate)
	v.Frames(c.FrameBytes)
	v.Duration("duration", c.Duration)
	return v.Err()
}

// Run measures s. It fails when a message was lost, came twice, out of order
// or to somebody else.
func (c Scenario) Run(ctx context.Context, s scenario.Server) (scenario.Result, error) {
	c = c.defaults()
	return course.Start(s, c, "deliveries", c.Name(), func(r *course.Run) error {
		f, err := c.open(ctx, r)
		if err != nil {
			return err
		}
		rng := rand.New(rand.NewPCG(c.Seed, 0))
		err = c.publish(ctx, f, rng, scenario.WarmingUp, min(c.Duration, course.WarmUp))
		if err == nil {
			err = r.Measure(func() error { return c.publish(ctx, f, rng, scenario.Measuring, c.Duration) })
		}
		return f.Close(err)
	})
}

// open subscribes the connections. The feed's sources are their channels, by
// the number of the connection.
func (c Scenario) open(ctx context.Context, r *course.Run) (*course.Feed, error) {
	fleet, err := r.Open(ctx, c.Connections, c.InFlight, func(i int) []loadgen.Subscription {
		return []loadgen.Subscription{{Channel: inbox(i)}}
	})
	if err != nil {
		return nil, err
	}
	ledger := loadgen.NewSparseLedger(c.Connections, 1, func(i int) []int { return []int{i} })
	f := r.Feed(fleet, ledger, c.Connections, func(int) int { return 1 })
	w := course.NewEventWriter(r.Target, inbox(0), c.FrameBytes)
	return f, f.AddLanes(c.Outstanding, 1, func(dst []byte, m loadgen.Mark) []byte {
		return w.AppendEvent(dst, inbox(m.Source), m)
	})
}

// inbox names the channel of a connection; the names are of one length.
func inbox(i int) string { return fmt.Sprintf("private-user.%07d", i) }

func (c Scenario) publish(ctx context.Context, f *course.Feed, rng *rand.Rand, p scenario.Phase, d time.Duration) error {
	if c.Rate > 0 {
		return f.OpenLoop(ctx, p, c.Rate, 0, d, func() int { return rng.IntN(c.Connections) })
	}
	return f.ClosedLoop(ctx, p, d, func(lane int) int {
		served := (c.Connections-lane-1)/c.Outstanding + 1 // by this lane
		return lane + c.Outstanding*rng.IntN(served)
	})
}

var _ scenario.Scenario = Scenario{}
