//go:build linux

package idle

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"fanfare/bench/loadgen"
	"fanfare/bench/scenario"
	"fanfare/bench/scenario/course"
)

// Scenario holds subscribed connections that get nothing. Done counts connections;
// CPU and Wall are of the time in which nothing happened.
type Scenario struct {
	Connections int           // 1000
	InFlight    int           // at once that are not ready while they are opened; 256
	Join        Join          // shared
	Settle      time.Duration // from the last subscription, and from the last leave, to the memory's reading; 3 s
	Hold        time.Duration // over which idle CPU is taken; 10 s
	Broadcast   bool          // whether all are sent one message at the end, which must reach every one; needs shared
	Leave       bool          // whether all leave at the end and the memory is read once more
	Again       bool          // whether as many come and leave once more after that: what they leave besides is a leak
}

// Name is "idle".
func (c Scenario) Name() string { return "idle" }

func (c Scenario) defaults() Scenario {
	c.Connections = cmp.Or(c.Connections, 1000)
	c.InFlight = cmp.Or(c.InFlight, 256)
	c.Join = cmp.Or(c.Join, Shared)
	c.Settle = cmp.Or(c.Settle, 3*time.Second)
	c.Hold = cmp.Or(c.Hold, 10*time.Second)
	return c
}

// Validate tells which parameter can't be.
func (c Scenario) Validate() error {
	c = c.defaults()
	var v course.Check
	v.Fleet(c.Connections, c.InFlight)
	c.Join.check(&v, "join")
	v.Duration("settle", c.Settle)
	v.Duration("hold", c.Hold)
	if c.Again && !c.Leave {
		v.Refuse("--again is about what is left: use --leave as well")
	}
	if c.Broadcast && c.Join != Shared {
		v.Refuse("--broadcast goes to one channel, and --join is %s: use --join shared", c.Join)
	}
	return v.Err()
}

// Run measures s, whose process must be fresh for its memory to mean anything.
func (c Scenario) Run(ctx context.Context, s scenario.Server) (scenario.Result, error) {
	c = c.defaults()
	channels := ""
	if c.Join != Shared {
		channels = "idle with --join " + string(c.Join)
	}
	return course.Start(s, c, "connections", channels, func(r *course.Run) error { return c.run(ctx, r) })
}

func (c Scenario) run(ctx context.Context, r *course.Run) error {
	if err := c.base(ctx, r); err != nil {
		return fmt.Errorf("warming up: %w", err)
	}
	fleet, err := r.Open(ctx, c.Connections, c.InFlight, c.Join.subscriptions)
	if err != nil {
		return err
	}
	if err := settle(ctx, r, scenario.Settling, c.Settle, func(u *scenario.Usage) *int64 { return &u.Held }); err != nil {
		return err
	}
	err = r.Measure(func() error { return r.Hold(ctx, scenario.Measuring, c.Hold) })
	r.Result.Done, r.Result.Series = uint64(c.Connections), nil // nothing is done second by second
	c.tell(r)
	if err == nil && c.Broadcast {
		err = c.broadcast(ctx, r, fleet)
	}
	r.Figure("pings answered", float64(fleet.Pings), "pings")
	if err != nil || !c.Leave {
		return err
	}
	r.Leave(fleet)
	if err := settle(ctx, r, scenario.Leaving, c.Settle, func(u *scenario.Usage) *int64 { return &u.After }); err != nil || !c.Again {
		return err
	}
	return c.again(ctx, r)
}

// again has a second crowd of the same size come and leave, and tells what it
// leaves besides what the first has left. That was what a process takes once.
func (c Scenario) again(ctx context.Context, r *course.Run) error {
	fleet, err := r.Open(ctx, c.Connections, c.InFlight, c.Join.subscriptions)
	if err != nil {
		return err
	}
	r.Leave(fleet)
	first := slices.Clone(r.Result.Servers)
	if err := settle(ctx, r, scenario.Leaving, c.Settle, func(u *scenario.Usage) *int64 { return &u.After }); err != nil {
		return err
	}
	if len(first) > 0 {
		r.Figure(SecondCrowd, float64(leftBesides(first, r.Result.Servers))/float64(c.Connections), "bytes per connection")
	}
	r.Result.Servers = first
	return nil
}

// leftBesides is how many bytes more are left than were.
func leftBesides(before, now []scenario.Usage) (more int64) {
	for i := range before {
		more += now[i].After - before[i].After
	}
	return more
}

// SecondCrowd is the figure of Scenario.Again.
const SecondCrowd = "left besides by a second crowd"

// base reads the server's memory when it has no connections but has had some:
// its code is paged in and its pools exist, which no connection is to be
// charged with.
func (c Scenario) base(ctx context.Context, r *course.Run) error {
	f, err := r.Open(ctx, min(c.Connections, 20), c.InFlight, c.Join.subscriptions)
	if err != nil {
		return err
	}
	r.Leave(f)
	return r.Memory(func(u *scenario.Usage) *int64 { return &u.Before })
}

// settle reads the memory after a while.
func settle(ctx context.Context, r *course.Run, p scenario.Phase, d time.Duration, into func(*scenario.Usage) *int64) error {
	if err := r.Hold(ctx, p, d); err != nil {
		return err
	}
	return r.Memory(into)
}

func (c Scenario) tell(r *course.Run) {
	if len(r.Processes) > 0 {
		r.Figure("CPU while idle", 100*r.Result.CPU().Seconds()/r.Result.Wall.Seconds(), "%")
	}
}

// broadcast sends all one message.
func (c Scenario) broadcast(ctx context.Context, r *course.Run, fleet *loadgen.Fleet) error {
	const frameBytes = 200
	f, err := r.Broadcast(fleet, course.Channel, 1, frameBytes)
	if err != nil {
		return err
	}
	latency := course.NewHistogram()
	f.Took = func(d time.Duration) { course.Record(latency, d) }
	f.Add(0, r.Loop.Now())
	f.Pump()
	err = f.Close(f.Drain(ctx, nil))
	r.Figure("reached by the broadcast", float64(r.Result.Counts.Delivered), "connections")
	r.Figure("the broadcast reached half of them after", course.Milliseconds(latency, 50), "ms")
	r.Figure("and the last one after", course.Milliseconds(latency, 100), "ms")
	return err
}

var _ scenario.Scenario = Scenario{}
