//go:build linux

package connect

import (
	"cmp"
	"context"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"fanfare/bench/scenario"
	"fanfare/bench/scenario/course"
)

// Scenario opens connections as fast as the server takes them: TCP, upgrade,
// hello and one subscription each, of a channel shared by all. Others can hold
// theirs meanwhile and be sent messages, of which none may be lost. Done counts
// connections, and the latency is from the first SYN to the confirmed
// subscription.
type Scenario struct {
	Connections int     // to open; 1000
	InFlight    int     // at once that are not ready; 256
	Background  int     // connections that stand meanwhile; none
	Rate        float64 // messages a second to each of them; 20
	FrameBytes  int     // of such a message, WebSocket header included; 200
}

// Name is "connect".
func (c Scenario) Name() string { return "connect" }

func (c Scenario) defaults() Scenario {
	c.Connections = cmp.Or(c.Connections, 1000)
	c.InFlight = cmp.Or(c.InFlight, 256)
	c.Rate = cmp.Or(c.Rate, 20)
	c.FrameBytes = cmp.Or(c.FrameBytes, 200)
	return c
}

// Validate tells which parameter can't be.
func (c Scenario) Validate() error {
	c = c.defaults()
	var v course.Check
	v.Fleet(c.Connections, c.InFlight)
	v.Number("background", c.Background, 0, course.MostConnections)
	v.Rate("rate", c.Rate)
	v.Frames(c.FrameBytes)
	return v.Err()
}

// Run measures s. It fails when a connection was not established, or a message
// to those that stood was lost, came twice or out of order.
func (c Scenario) Run(ctx context.Context, s scenario.Server) (scenario.Result, error) {
	c = c.defaults()
	return course.Start(s, c, "connections", "", func(r *course.Run) error {
		if c.Background == 0 {
			return r.Measure(func() error { return c.storm(ctx, r) })
		}
		return c.besides(ctx, r)
	})
}

// storm opens the connections.
func (c Scenario) storm(ctx context.Context, r *course.Run) error {
	f := r.Loop.Open(r.Target, c.Connections, c.InFlight, course.To(course.Channel))
	f.Joined = func(_ int, took time.Duration) { r.Record(took) }
	return r.Opened(ctx, f, scenario.Measuring)
}

// besides lets the storm come over connections that are being sent messages.
func (c Scenario) besides(ctx context.Context, r *course.Run) error {
	const channel = "bench-background"
	fleet, err := r.Open(ctx, c.Background, c.InFlight, course.To(channel))
	if err != nil {
		return err
	}
	latency := course.NewHistogram()
	f, err := r.Broadcast(fleet, channel, 1, c.FrameBytes)
	if err != nil {
		return err
	}
	f.Took = func(d time.Duration) { course.Record(latency, d) }
	err = r.Measure(func() error {
		forever := r.Pace(c.Rate, course.Forever, 0, func(due time.Duration) { f.Add(0, due) }, f.Pump)
		err := c.storm(ctx, r)
		forever.Stop()
		return f.Drain(ctx, err)
	})
	c.tell(r, latency)
	return f.Close(err)
}

func (c Scenario) tell(r *course.Run, latency *hdrhistogram.Histogram) {
	r.Figure("messages to those that stood", float64(latency.TotalCount()), "messages")
	r.Figure("their latency p50", course.Milliseconds(latency, 50), "ms")
	r.Figure("their latency p99", course.Milliseconds(latency, 99), "ms")
}

var _ scenario.Scenario = Scenario{}
