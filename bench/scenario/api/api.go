//go:build linux

package api

import (
	"cmp"
	"context"
	"slices"
	"time"

	"fanfare/bench/loadgen"
	"fanfare/bench/scenario"
	"fanfare/bench/scenario/course"
)

// Scenario publishes signed events to a channel without subscribers over
// kept-alive connections, each with one request outstanding. Done counts
// events, and the latency is of each request.
type Scenario struct {
	Connections int           // 64
	Batch       int           // events in one request: 1 posts to events, more to batch_events; 1
	FrameBytes  int           // of what a subscriber would get, WebSocket header included; 200
	Duration    time.Duration // of the measurement; 10 s
}

// Name is "api".
func (c Scenario) Name() string { return "api" }

func (c Scenario) defaults() Scenario {
	c.Connections = cmp.Or(c.Connections, 64)
	c.Batch = cmp.Or(c.Batch, 1)
	c.FrameBytes = cmp.Or(c.FrameBytes, 200)
	c.Duration = cmp.Or(c.Duration, 10*time.Second)
	return c
}

// Validate tells which parameter can't be.
func (c Scenario) Validate() error {
	c = c.defaults()
	var v course.Check
	v.Number("connections", c.Connections, 1, course.MostConnections)
	v.Number("batch", c.Batch, 1, 1000)
	v.Frames(c.FrameBytes)
	v.Duration("duration", c.Duration)
	return v.Err()
}

// Run measures s. It fails when a request is refused.
func (c Scenario) Run(ctx context.Context, s scenario.Server) (scenario.Result, error) {
	c = c.defaults()
	channels := ""
	if c.Batch > 1 {
		channels = "api with --batch"
	}
	return course.Start(s, c, "events", channels, func(r *course.Run) error {
		a := &api{Scenario: c, run: r}
		if err := a.open(); err != nil {
			return err
		}
		if err := a.publishFor(ctx, scenario.WarmingUp, min(c.Duration, course.WarmUp)); err != nil {
			return err
		}
		return r.Measure(func() error { return a.publishFor(ctx, scenario.Measuring, c.Duration) })
	})
}

// api is one run.
type api struct {
	Scenario
	run        *course.Run
	lanes      []*course.Lane
	posted     []time.Duration // by lane: when its request left; 0 when none has
	seqs       []uint32        // by lane
	answers    uint64
	publishing bool
}

func (a *api) open() error {
	w := course.NewEventWriter(a.run.Target, course.Channel, a.FrameBytes)
	write := func(dst []byte, m loadgen.Mark) []byte { return w.AppendEvent(dst, course.Channel, m) }
	for i := range a.Connections {
		l, err := a.run.Lane(a.Batch, write, func() { a.answered(i) })
		if err != nil {
			return err
		}
		a.lanes = append(a.lanes, l)
	}
	a.posted, a.seqs = make([]time.Duration, a.Connections), make([]uint32, a.Connections)
	return nil
}

func (a *api) publishFor(ctx context.Context, p scenario.Phase, d time.Duration) error {
	a.run.Phase(p, d)
	a.publishing = true
	end := a.run.Loop.Now() + d
	for i := range a.lanes {
		a.post(i)
	}
	return a.run.Await(ctx, func() bool {
		a.publishing = a.run.Loop.Now() < end
		return !a.publishing && a.quiet()
	}, func() uint64 { return a.answers })
}

func (a *api) quiet() bool { return !slices.ContainsFunc(a.lanes, (*course.Lane).Busy) }

func (a *api) post(i int) {
	a.posted[i] = a.run.Loop.Now()
	for range a.Batch {
		a.lanes[i].Push(loadgen.Mark{Source: i, Seq: a.seqs[i]})
		a.seqs[i]++
	}
	a.lanes[i].Pump()
}

func (a *api) answered(i int) {
	a.answers++
	a.run.Record(a.run.Loop.Now() - a.posted[i])
	a.run.Count(uint64(a.Batch - 1))
	if a.publishing {
		a.post(i)
	}
}

var _ scenario.Scenario = Scenario{}
