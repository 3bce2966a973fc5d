//go:build linux

package scenario

import (
	"cmp"
	"context"
	"time"

	"fanfare/bench/loadgen"
)

// API publishes signed events to a channel without subscribers over kept-alive
// connections, each with one request outstanding. Done counts events, and the
// latency is of each request.
type API struct {
	Connections int           // 64
	Batch       int           // events in one request: 1 posts to events, more to batch_events; 1
	FrameBytes  int           // of what a subscriber would get, WebSocket header included; 200
	Duration    time.Duration // of the measurement; 10 s
}

// Name is "api".
func (c API) Name() string { return "api" }

func (c API) defaults() API {
	c.Connections = cmp.Or(c.Connections, 64)
	c.Batch = cmp.Or(c.Batch, 1)
	c.FrameBytes = cmp.Or(c.FrameBytes, 200)
	c.Duration = cmp.Or(c.Duration, 10*time.Second)
	return c
}

// Validate tells which parameter can't be.
func (c API) Validate() error {
	c = c.defaults()
	var v check
	v.number("connections", c.Connections, 1, mostConnections)
	v.number("batch", c.Batch, 1, 1000)
	v.frames(c.FrameBytes)
	v.duration("duration", c.Duration)
	return v.err()
}

// Run measures s. It fails when a request is refused.
func (c API) Run(ctx context.Context, s Server) (Result, error) {
	c = c.defaults()
	channels := ""
	if c.Batch > 1 {
		channels = "api with --batch"
	}
	return start(s, c, "events", channels, func(r *run) error {
		a := &api{API: c, run: r}
		if err := a.open(); err != nil {
			return err
		}
		if err := a.publishFor(ctx, WarmingUp, min(c.Duration, warmUp)); err != nil {
			return err
		}
		return r.measure(func() error { return a.publishFor(ctx, Measuring, c.Duration) })
	})
}

// api is one run.
type api struct {
	API
	run        *run
	lanes      []*lane
	posted     []time.Duration // by lane: when its request left; 0 when none has
	seqs       []uint32        // by lane
	answers    uint64
	publishing bool
}

func (a *api) open() error {
	w := newEventWriter(a.run.Target, channel, a.FrameBytes)
	for i := range a.Connections {
		l, err := a.run.lane(a.Batch, func(dst []byte, m loadgen.Mark) []byte { return w.appendEvent(dst, channel, m) })
		if err != nil {
			return err
		}
		l.free = func() { a.answered(i) }
		a.lanes = append(a.lanes, l)
	}
	a.posted, a.seqs = make([]time.Duration, a.Connections), make([]uint32, a.Connections)
	return nil
}

func (a *api) publishFor(ctx context.Context, p Phase, d time.Duration) error {
	a.run.phase(p, d)
	a.publishing = true
	end := a.run.loop.Now() + d
	for i := range a.lanes {
		a.post(i)
	}
	return a.run.await(ctx, func() bool {
		a.publishing = a.run.loop.Now() < end
		return !a.publishing && a.quiet()
	}, func() uint64 { return a.answers })
}

func (a *api) quiet() bool {
	for _, l := range a.lanes {
		if !l.idle() {
			return false
		}
	}
	return true
}

func (a *api) post(i int) {
	a.posted[i] = a.run.loop.Now()
	for range a.Batch {
		a.lanes[i].push(loadgen.Mark{Source: i, Seq: a.seqs[i]})
		a.seqs[i]++
	}
	a.lanes[i].pump()
}

func (a *api) answered(i int) {
	a.answers++
	a.run.meter.record(a.run.loop.Now() - a.posted[i])
	a.run.meter.count(uint64(a.Batch - 1))
	if a.publishing {
		a.post(i)
	}
}

var _ Scenario = API{}
