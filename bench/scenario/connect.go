//go:build linux

package scenario

import (
	"cmp"
	"context"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Connect opens connections as fast as the server takes them: TCP, upgrade,
// hello and one subscription each, of a channel shared by all. Others can hold
// theirs meanwhile and be sent messages, of which none may be lost. Done counts
// connections, and the latency is from the first SYN to the confirmed
// subscription.
type Connect struct {
	Connections int     // to open; 1000
	InFlight    int     // at once that are not ready; 256
	Background  int     // connections that stand meanwhile; none
	Rate        float64 // messages a second to each of them; 20
	FrameBytes  int     // of such a message, WebSocket header included; 200
}

// Name is "connect".
func (c Connect) Name() string { return "connect" }

func (c Connect) defaults() Connect {
	c.Connections = cmp.Or(c.Connections, 1000)
	c.InFlight = cmp.Or(c.InFlight, 256)
	c.Rate = cmp.Or(c.Rate, 20)
	c.FrameBytes = cmp.Or(c.FrameBytes, 200)
	return c
}

// Validate tells which parameter can't be.
func (c Connect) Validate() error {
	c = c.defaults()
	var v check
	v.fleet(c.Connections, c.InFlight)
	v.number("background", c.Background, 0, mostConnections)
	v.rate("rate", c.Rate)
	v.frames(c.FrameBytes)
	return v.err()
}

// Run measures s. It fails when a connection was not established, or a message
// to those that stood was lost, came twice or out of order.
func (c Connect) Run(ctx context.Context, s Server) (Result, error) {
	c = c.defaults()
	return start(s, c, "connections", "", func(r *run) error {
		if c.Background == 0 {
			return r.measure(func() error { return c.storm(ctx, r) })
		}
		return c.besides(ctx, r)
	})
}

// storm opens the connections.
func (c Connect) storm(ctx context.Context, r *run) error {
	f := r.loop.Open(r.Target, c.Connections, c.InFlight, to(channel))
	f.Joined = func(_ int, took time.Duration) { r.meter.record(took) }
	r.fleets = append(r.fleets, f)
	r.phase(Measuring, 0)
	return r.joined(ctx, f)
}

// besides lets the storm come over connections that are being sent messages.
func (c Connect) besides(ctx context.Context, r *run) error {
	const channel = "bench-background"
	fleet, err := r.open(ctx, c.Background, c.InFlight, to(channel))
	if err != nil {
		return err
	}
	latency := newHistogram()
	f, err := r.broadcast(fleet, channel, 1, c.FrameBytes)
	if err != nil {
		return err
	}
	f.took = func(d time.Duration) { record(latency, d) }
	err = r.measure(func() error {
		forever := r.pace(c.Rate, never, 0, func(due time.Duration) { f.add(0, due) }, f.pump)
		err := c.storm(ctx, r)
		forever.over = true
		return f.drain(ctx, err)
	})
	c.tell(r, latency)
	return f.close(err)
}

// never is longer than any run.
const never = 10_000 * time.Hour

func (c Connect) tell(r *run, latency *hdrhistogram.Histogram) {
	r.figure("messages to those that stood", float64(latency.TotalCount()), "messages")
	r.figure("their latency p50", milliseconds(latency, 50), "ms")
	r.figure("their latency p99", milliseconds(latency, 99), "ms")
}

var _ Scenario = Connect{}
