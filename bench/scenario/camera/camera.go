//go:build linux

package camera

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"fanfare/bench/loadgen"
	"fanfare/bench/scenario"
	"fanfare/bench/scenario/course"
)

// Scenario has cameras that send large frames at an even rate, each to viewers
// of its own on one public channel. It is an open loop: a latency counts from
// when a frame was due, also if the server has not answered the camera's last
// one by then. Done counts deliveries.
type Scenario struct {
	Cameras    int           // each posts its frames on a connection of its own; 10
	Viewers    int           // of each camera; 100
	InFlight   int           // connections at once that are not ready while they are opened; 256
	Rate       float64       // frames a second of each camera; 25
	FrameBytes int           // of what each viewer gets, WebSocket header included: servers limit event data to 100 KiB or less; 60,000
	Duration   time.Duration // of the measurement; 10 s
}

// Name is "camera".
func (c Scenario) Name() string { return "camera" }

func (c Scenario) defaults() Scenario {
	c.Cameras = cmp.Or(c.Cameras, 10)
	c.Viewers = cmp.Or(c.Viewers, 100)
	c.InFlight = cmp.Or(c.InFlight, 256)
	c.Rate = cmp.Or(c.Rate, 25)
	c.FrameBytes = cmp.Or(c.FrameBytes, 60_000)
	c.Duration = cmp.Or(c.Duration, 10*time.Second)
	return c
}

// Validate tells which parameter can't be.
func (c Scenario) Validate() error {
	c = c.defaults()
	var v course.Check
	v.Number("cameras", c.Cameras, 1, 10_000)
	v.Number("viewers", c.Viewers, 1, course.MostConnections/max(c.Cameras, 1))
	v.Number("in-flight", c.InFlight, 1, course.MostConnections)
	v.Rate("rate", c.Rate)
	v.Frames(c.FrameBytes)
	v.Duration("duration", c.Duration)
	return v.Err()
}

// Run measures s. It fails when a frame was lost, came twice or out of order.
func (c Scenario) Run(ctx context.Context, s scenario.Server) (scenario.Result, error) {
	c = c.defaults()
	return course.Start(s, c, "deliveries", c.Name(), func(r *course.Run) error {
		f, err := c.feed(ctx, r)
		if err != nil {
			return err
		}
		return f.Close(c.film(ctx, r, f))
	})
}

// feed opens the viewers and the cameras, each of which is a source of its own.
func (c Scenario) feed(ctx context.Context, r *course.Run) (*course.Feed, error) {
	n := c.Cameras * c.Viewers
	fleet, err := r.Open(ctx, n, c.InFlight, func(i int) []loadgen.Subscription {
		return []loadgen.Subscription{{Channel: c.channel(i / c.Viewers)}}
	})
	if err != nil {
		return nil, err
	}
	watched := func(viewer int) []int { return []int{viewer / c.Viewers} }
	f := r.Feed(fleet, loadgen.NewSparseLedger(n, 1, watched), c.Cameras, func(int) int { return c.Viewers })
	w := course.NewEventWriter(r.Target, c.channel(0), c.FrameBytes)
	return f, f.AddLanes(c.Cameras, 1, func(dst []byte, m loadgen.Mark) []byte {
		return w.AppendEvent(dst, c.channel(m.Source), m)
	})
}

func (c Scenario) channel(camera int) string { return "camera." + strconv.Itoa(camera) }

func (c Scenario) film(ctx context.Context, r *course.Run, f *course.Feed) error {
	camera := 0
	next := func() int {
		camera++
		return camera % c.Cameras
	}
	rate := c.Rate * float64(c.Cameras)
	if err := f.OpenLoop(ctx, scenario.WarmingUp, rate, 0, min(c.Duration, course.WarmUp), next); err != nil {
		return err
	}
	before := f.Fleet.Bytes
	err := r.Measure(func() error { return f.OpenLoop(ctx, scenario.Measuring, rate, 0, c.Duration, next) })
	r.Figure("data delivered", float64(f.Fleet.Bytes-before)/1e6/r.Result.Wall.Seconds(), "MB/s")
	return err
}

var _ scenario.Scenario = Scenario{}
