//go:build linux

package scenario

import (
	"cmp"
	"context"
	"time"

	"fanfare/bench/loadgen"
)

// Fanout publishes to one channel that all subscribe to. In a closed loop as
// many publishes are outstanding as there are publishers, and one counts as
// outstanding until every subscriber has it; in an open loop they leave at a
// rate, whether or not the server keeps up. Done counts deliveries, and the
// latency is of each of them.
type Fanout struct {
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
func (c Fanout) Name() string { return "fanout" }

func (c Fanout) defaults() Fanout {
	c.Connections = cmp.Or(c.Connections, 1000)
	c.InFlight = cmp.Or(c.InFlight, 256)
	c.Outstanding = cmp.Or(c.Outstanding, 1)
	c.FrameBytes = cmp.Or(c.FrameBytes, 200)
	c.Duration = cmp.Or(c.Duration, 10*time.Second)
	c.Channels = cmp.Or(c.Channels, 1)
	return c
}

// Validate tells which parameter can't be.
func (c Fanout) Validate() error {
	c = c.defaults()
	var v check
	v.fleet(c.Connections, c.InFlight)
	v.number("outstanding", c.Outstanding, 1, 10_000)
	v.rate("rate", c.Rate)
	v.frames(c.FrameBytes)
	v.duration("duration", c.Duration)
	v.number("channels", c.Channels, 1, loadgen.MaxSource)
	v.number("probes", c.Probes, 0, 1000)
	return v.err()
}

// Run measures s. It fails when a message was lost, came twice or out of
// order.
func (c Fanout) Run(ctx context.Context, s Server) (Result, error) {
	c = c.defaults()
	channels := ""
	if c.Channels > 1 || c.Probes > 0 {
		channels = "fanout with --channels or --probes"
	}
	return start(s, c, "deliveries", channels, func(r *run) error {
		if err := r.fill(ctx, c.Channels-1, c.InFlight); err != nil {
			return err
		}
		fleet, err := r.open(ctx, c.Connections, c.InFlight, to(channel))
		if err != nil {
			return err
		}
		f, err := r.broadcast(fleet, channel, c.Outstanding, c.FrameBytes)
		if err != nil {
			return err
		}
		return f.close(c.probed(ctx, r, f))
	})
}

// probed measures the fan-out, and the probes before and beside it.
func (c Fanout) probed(ctx context.Context, r *run, f *feed) error {
	if c.Probes == 0 {
		return c.fanout(ctx, r, f)
	}
	p, err := r.probe(ctx, c.Probes)
	if err != nil {
		return err
	}
	if err := p.watch(ctx, "idle", func() error { return r.hold(ctx, Probing, min(c.Duration, 3*time.Second)) }); err != nil {
		return err
	}
	return p.watch(ctx, "under load", func() error { return c.fanout(ctx, r, f) })
}

func (c Fanout) fanout(ctx context.Context, r *run, f *feed) error {
	if err := c.publish(ctx, f, WarmingUp, min(c.Duration, warmUp)); err != nil {
		return err
	}
	return r.measure(func() error { return c.publish(ctx, f, Measuring, c.Duration) })
}

func (c Fanout) publish(ctx context.Context, f *feed, p Phase, d time.Duration) error {
	if c.Rate == 0 {
		return f.closedLoop(ctx, p, d, func(lane int) int { return lane })
	}
	turn := 0
	return f.openLoop(ctx, p, c.Rate, 0, d, func() int {
		turn++
		return turn % c.Outstanding
	})
}

// broadcast is a feed of one channel, which all of a fleet are on. Every
// publisher numbers its own messages.
func (r *run) broadcast(fleet *loadgen.Fleet, channel string, publishers, frameBytes int) (*feed, error) {
	n := fleet.Size()
	f := r.feed(fleet, loadgen.NewLedger(n, publishers), publishers, func(int) int { return n })
	w := newEventWriter(r.Target, channel, frameBytes)
	return f, f.addLanes(publishers, 1, func(dst []byte, m loadgen.Mark) []byte { return w.appendEvent(dst, channel, m) })
}

var _ Scenario = Fanout{}
