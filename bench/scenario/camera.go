//go:build linux

package scenario

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"fanfare/bench/loadgen"
)

// Camera has cameras that send large frames at an even rate, each to viewers
// of its own on one public channel. It is an open loop: a latency counts from
// when a frame was due, also if the server has not answered the camera's last
// one by then. Done counts deliveries.
type Camera struct {
	Cameras    int           // each posts its frames on a connection of its own; 10
	Viewers    int           // of each camera; 100
	InFlight   int           // connections at once that are not ready while they are opened; 256
	Rate       float64       // frames a second of each camera; 25
	FrameBytes int           // of what each viewer gets, WebSocket header included: servers limit event data to 100 KiB or less; 60,000
	Duration   time.Duration // of the measurement; 10 s
}

// Name is "camera".
func (c Camera) Name() string { return "camera" }

func (c Camera) defaults() Camera {
	c.Cameras = cmp.Or(c.Cameras, 10)
	c.Viewers = cmp.Or(c.Viewers, 100)
	c.InFlight = cmp.Or(c.InFlight, 256)
	c.Rate = cmp.Or(c.Rate, 25)
	c.FrameBytes = cmp.Or(c.FrameBytes, 60_000)
	c.Duration = cmp.Or(c.Duration, 10*time.Second)
	return c
}

// Validate tells which parameter can't be.
func (c Camera) Validate() error {
	c = c.defaults()
	var v check
	v.number("cameras", c.Cameras, 1, 10_000)
	v.number("viewers", c.Viewers, 1, mostConnections/max(c.Cameras, 1))
	v.number("in-flight", c.InFlight, 1, mostConnections)
	v.rate("rate", c.Rate)
	v.frames(c.FrameBytes)
	v.duration("duration", c.Duration)
	return v.err()
}

// Run measures s. It fails when a frame was lost, came twice or out of order.
func (c Camera) Run(ctx context.Context, s Server) (Result, error) {
	c = c.defaults()
	return start(s, c, "deliveries", c.Name(), func(r *run) error {
		f, err := c.feed(ctx, r)
		if err != nil {
			return err
		}
		return f.close(c.film(ctx, r, f))
	})
}

// feed opens the viewers and the cameras, each of which is a source of its own.
func (c Camera) feed(ctx context.Context, r *run) (*feed, error) {
	n := c.Cameras * c.Viewers
	fleet, err := r.open(ctx, n, c.InFlight, func(i int) []loadgen.Subscription {
		return []loadgen.Subscription{{Channel: c.channel(i / c.Viewers)}}
	})
	if err != nil {
		return nil, err
	}
	watched := func(viewer int) []int { return []int{viewer / c.Viewers} }
	f := r.feed(fleet, loadgen.NewSparseLedger(n, 1, watched), c.Cameras, func(int) int { return c.Viewers })
	w := newEventWriter(r.Target, c.channel(0), c.FrameBytes)
	return f, f.addLanes(c.Cameras, 1, func(dst []byte, m loadgen.Mark) []byte {
		return w.appendEvent(dst, c.channel(m.Source), m)
	})
}

func (c Camera) channel(camera int) string { return "camera." + strconv.Itoa(camera) }

func (c Camera) film(ctx context.Context, r *run, f *feed) error {
	camera := 0
	next := func() int {
		camera++
		return camera % c.Cameras
	}
	rate := c.Rate * float64(c.Cameras)
	if err := f.openLoop(ctx, WarmingUp, rate, 0, min(c.Duration, warmUp), next); err != nil {
		return err
	}
	before := f.fleet.Bytes
	err := r.measure(func() error { return f.openLoop(ctx, Measuring, rate, 0, c.Duration, next) })
	r.figure("data delivered", float64(f.fleet.Bytes-before)/1e6/r.result.Wall.Seconds(), "MB/s")
	return err
}

var _ Scenario = Camera{}
