//go:build linux

package scenario

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"fanfare/bench/loadgen"
)

// Notify publishes to private channels of which every connection has one of
// its own, to one after another at random: in a closed loop, or at a rate. Done
// counts deliveries, and the latency is of each of them.
type Notify struct {
	Connections int           // 1000
	InFlight    int           // at once that are not ready while they are opened; 256
	Outstanding int           // publishers, each with one request outstanding at most; 1
	Rate        float64       // publishes a second, of all publishers together; 0 is a closed loop
	FrameBytes  int           // of what a subscriber gets, WebSocket header included; 200
	Duration    time.Duration // of the measurement; 10 s
	Seed        uint64        // the same seed chooses the same connections; 1
}

// Name is "notify".
func (c Notify) Name() string { return "notify" }

func (c Notify) defaults() Notify {
	c.Connections = cmp.Or(c.Connections, 1000)
	c.InFlight = cmp.Or(c.InFlight, 256)
	c.Outstanding = cmp.Or(c.Outstanding, 1)
	c.FrameBytes = cmp.Or(c.FrameBytes, 200)
	c.Duration = cmp.Or(c.Duration, 10*time.Second)
	c.Seed = cmp.Or(c.Seed, 1)
	return c
}

// Validate tells which parameter can't be.
func (c Notify) Validate() error {
	c = c.defaults()
	var v check
	v.fleet(c.Connections, c.InFlight)
	v.number("outstanding", c.Outstanding, 1, min(c.Connections, 10_000))
	v.rate("rate", c.Rate)
	v.frames(c.FrameBytes)
	v.duration("duration", c.Duration)
	return v.err()
}

// Run measures s. It fails when a message was lost, came twice, out of order
// or to somebody else.
func (c Notify) Run(ctx context.Context, s Server) (Result, error) {
	c = c.defaults()
	return start(s, c, "deliveries", c.Name(), func(r *run) error {
		f, err := c.open(ctx, r)
		if err != nil {
			return err
		}
		rng := newRand(c.Seed)
		err = c.publish(ctx, f, rng, WarmingUp, min(c.Duration, warmUp))
		if err == nil {
			err = r.measure(func() error { return c.publish(ctx, f, rng, Measuring, c.Duration) })
		}
		return f.close(err)
	})
}

// open subscribes the connections. The feed's sources are their channels, by
// the number of the connection.
func (c Notify) open(ctx context.Context, r *run) (*feed, error) {
	fleet, err := r.open(ctx, c.Connections, c.InFlight, func(i int) []loadgen.Subscription {
		return []loadgen.Subscription{{Channel: inbox(i)}}
	})
	if err != nil {
		return nil, err
	}
	ledger := loadgen.NewSparseLedger(c.Connections, 1, func(i int) []int { return []int{i} })
	f := r.feed(fleet, ledger, c.Connections, func(int) int { return 1 })
	w := newEventWriter(r.Target, inbox(0), c.FrameBytes)
	return f, f.addLanes(c.Outstanding, 1, func(dst []byte, m loadgen.Mark) []byte {
		return w.appendEvent(dst, inbox(m.Source), m)
	})
}

// inbox names the channel of a connection; the names are of one length.
func inbox(i int) string { return fmt.Sprintf("private-user.%07d", i) }

func (c Notify) publish(ctx context.Context, f *feed, rng *rand.Rand, p Phase, d time.Duration) error {
	if c.Rate > 0 {
		return f.openLoop(ctx, p, c.Rate, 0, d, func() int { return rng.IntN(c.Connections) })
	}
	return f.closedLoop(ctx, p, d, func(lane int) int {
		served := (c.Connections-lane-1)/c.Outstanding + 1 // by this lane
		return lane + c.Outstanding*rng.IntN(served)
	})
}

var _ Scenario = Notify{}
