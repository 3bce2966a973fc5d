//go:build linux

package fanout

import (
	"cmp"
	"context"
	"time"

	"fanfare/bench/loadgen"
	"fanfare/bench/scenario"
	"fanfare/bench/scenario/course"
)

// Scenario publishes to one channel that all subscribe to. In a closed loop as
// many publishes are outstanding as there are publishers, and one counts as
// outstanding until every subscriber has it; in an open loop they leave at a
// rate, whether or not the server keeps up. Done counts deliveries, and the
// latency is of each of them.
type Scenario struct {
	Connections int           // subscribers; 1000
	InFlight    int           // at once that are not ready while they are opened; 256
	Outstanding int           // publishers, each with one request outstanding at most; 1
	Rate        float64       // publishes a second, of all publishers together; 0 is a closed loop
	FrameBytes  int           // of what each subscriber gets, WebSocket header included; 200
	Duration    time.Duration // of the measurement; 10 s
	Channels    int           // that exist while one of them is published to; 1
	Probes      int           // more connections that send pings, 10 a second each, and time the answers; none
}

// Name is "fanout".
func (c Scenario) Name() string { return "fanout" }

func (c Scenario) defaults() Scenario {
	c.Connections = cmp.Or(c.Connections, 1000)
	c.InFlight = cmp.Or(c.InFlight, 256)
	c.Outstanding = cmp.Or(c.Outstanding, 1)
	c.FrameBytes = cmp.Or(c.FrameBytes, 200)
	c.Duration = cmp.Or(c.Duration, 10*time.Second)
	c.Channels = cmp.Or(c.Channels, 1)
	return c
}

// Validate tells which parameter can't be.
func (c Scenario) Validate() error {
	c = c.defaults()
	var v course.Check
	v.Fleet(c.Connections, c.InFlight)
	v.Number("outstanding", c.Outstanding, 1, 10_000)
	v.Rate("rate", c.Rate)
	v.Frames(c.FrameBytes)
	v.Duration("duration", c.Duration)
	v.Number("channels", c.Channels, 1, loadgen.MaxSource)
	v.Number("probes", c.Probes, 0, 1000)
	return v.Err()
}

// Run measures s. It fails when a message was lost, came twice or out of
// order.
func (c Scenario) Run(ctx context.Context, s scenario.Server) (scenario.Result, error) {
	c = c.defaults()
	channels := ""
	if c.Channels > 1 || c.Probes > 0 {
		channels = "fanout with --channels or --probes"
	}
	return course.Start(s, c, "deliveries", channels, func(r *course.Run) error {
		if err := fill(ctx, r, c.Channels-1, c.InFlight); err != nil {
			return err
		}
		fleet, err := r.Open(ctx, c.Connections, c.InFlight, course.To(course.Channel))
		if err != nil {
			return err
		}
		f, err := r.Broadcast(fleet, course.Channel, c.Outstanding, c.FrameBytes)
		if err != nil {
			return err
		}
		return f.Close(c.probed(ctx, r, f))
	})
}

// probed measures the fan-out, and the probes before and beside it.
func (c Scenario) probed(ctx context.Context, r *course.Run, f *course.Feed) error {
	if c.Probes == 0 {
		return c.fanout(ctx, r, f)
	}
	p, err := r.Probe(ctx, c.Probes)
	if err != nil {
		return err
	}
	if err := p.Watch(ctx, "idle", func() error { return r.Hold(ctx, scenario.Probing, min(c.Duration, 3*time.Second)) }); err != nil {
		return err
	}
	return p.Watch(ctx, "under load", func() error { return c.fanout(ctx, r, f) })
}

func (c Scenario) fanout(ctx context.Context, r *course.Run, f *course.Feed) error {
	if err := c.publish(ctx, f, scenario.WarmingUp, min(c.Duration, course.WarmUp)); err != nil {
		return err
	}
	return r.Measure(func() error { return c.publish(ctx, f, scenario.Measuring, c.Duration) })
}

func (c Scenario) publish(ctx context.Context, f *course.Feed, p scenario.Phase, d time.Duration) error {
	if c.Rate == 0 {
		return f.ClosedLoop(ctx, p, d, func(lane int) int { return lane })
	}
	turn := 0
	return f.OpenLoop(ctx, p, c.Rate, 0, d, func() int {
		turn++
		return turn % c.Outstanding
	})
}

var _ scenario.Scenario = Scenario{}
