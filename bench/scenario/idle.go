//go:build linux

package scenario

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"fanfare/bench/loadgen"
)

// Idle holds subscribed connections that get nothing. Done counts connections;
// CPU and Wall are of the time in which nothing happened.
type Idle struct {
	Connections int           // 1000
	InFlight    int           // at once that are not ready while they are opened; 256
	Join        Join          // shared
	Settle      time.Duration // from the last subscription, and from the last leave, to the memory's reading; 3 s
	Hold        time.Duration // over which idle CPU is taken; 10 s
	Broadcast   bool          // whether all are sent one message at the end, which must reach every one; needs shared
	Leave       bool          // whether all leave at the end and the memory is read once more
}

// Name is "idle".
func (c Idle) Name() string { return "idle" }

func (c Idle) defaults() Idle {
	c.Connections = cmp.Or(c.Connections, 1000)
	c.InFlight = cmp.Or(c.InFlight, 256)
	c.Join = cmp.Or(c.Join, Shared)
	c.Settle = cmp.Or(c.Settle, 3*time.Second)
	c.Hold = cmp.Or(c.Hold, 10*time.Second)
	return c
}

// Validate tells which parameter can't be.
func (c Idle) Validate() error {
	c = c.defaults()
	var v check
	v.fleet(c.Connections, c.InFlight)
	v.join("join", c.Join)
	v.duration("settle", c.Settle)
	v.duration("hold", c.Hold)
	if c.Broadcast && c.Join != Shared {
		v.errs = append(v.errs, fmt.Errorf("--broadcast goes to one channel, and --join is %s: use --join shared", c.Join))
	}
	return v.err()
}

// Run measures s, whose process must be fresh for its memory to mean anything.
func (c Idle) Run(ctx context.Context, s Server) (Result, error) {
	c = c.defaults()
	channels := ""
	if c.Join != Shared {
		channels = "idle with --join " + string(c.Join)
	}
	return start(s, c, "connections", channels, func(r *run) error { return c.run(ctx, r) })
}

func (c Idle) run(ctx context.Context, r *run) error {
	if err := c.base(ctx, r); err != nil {
		return fmt.Errorf("warming up: %w", err)
	}
	fleet, err := r.open(ctx, c.Connections, c.InFlight, c.Join.subscriptions)
	if err != nil {
		return err
	}
	if err := r.settle(ctx, Settling, c.Settle, func(u *Usage) *int64 { return &u.Held }); err != nil {
		return err
	}
	err = r.measure(func() error { return r.hold(ctx, Measuring, c.Hold) })
	r.result.Done, r.result.Series = uint64(c.Connections), nil // nothing is done second by second
	c.tell(r)
	if err == nil && c.Broadcast {
		err = c.broadcast(ctx, r, fleet)
	}
	r.figure("pings answered", float64(fleet.Pings), "pings")
	if err != nil || !c.Leave {
		return err
	}
	r.leave(fleet)
	return r.settle(ctx, Leaving, c.Settle, func(u *Usage) *int64 { return &u.After })
}

// base reads the server's memory when it has no connections but has had some:
// its code is paged in and its pools exist, which no connection is to be
// charged with.
func (c Idle) base(ctx context.Context, r *run) error {
	f, err := r.open(ctx, min(c.Connections, 20), c.InFlight, c.Join.subscriptions)
	if err != nil {
		return err
	}
	r.leave(f)
	return r.memory(func(u *Usage) *int64 { return &u.Before })
}

// settle reads the memory after a while.
func (r *run) settle(ctx context.Context, p Phase, d time.Duration, into func(*Usage) *int64) error {
	if err := r.hold(ctx, p, d); err != nil {
		return err
	}
	return r.memory(into)
}

func (c Idle) tell(r *run) {
	if len(r.Processes) > 0 {
		r.figure("CPU while idle", 100*r.result.CPU().Seconds()/r.result.Wall.Seconds(), "%")
	}
}

// broadcast sends all one message.
func (c Idle) broadcast(ctx context.Context, r *run, fleet *loadgen.Fleet) error {
	const frameBytes = 200
	f, err := r.broadcast(fleet, channel, 1, frameBytes)
	if err != nil {
		return err
	}
	latency := newHistogram()
	f.took = func(d time.Duration) { record(latency, d) }
	f.add(0, r.loop.Now())
	f.pump()
	err = f.close(f.drain(ctx, nil))
	r.figure("reached by the broadcast", float64(r.result.Counts.Delivered), "connections")
	r.figure("the broadcast reached half of them after", milliseconds(latency, 50), "ms")
	r.figure("and the last one after", milliseconds(latency, 100), "ms")
	return err
}

var _ Scenario = Idle{}
