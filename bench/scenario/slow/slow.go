//go:build linux

package slow

import (
	"cmp"
	"context"
	"time"

	"fanfare/bench/scenario"
	"fanfare/bench/scenario/course"
)

// Scenario publishes to one channel, in an open loop, and looks at what slow
// readers do to the others and to the server. In the first half of the run
// there are only those who read well. Then the slow ones join them: some stall
// (read nothing), some dribble (16 bytes, four times a second), some read at a
// fixed pace. At the end they read all there is, and are told apart by what
// they get.
//
// Done and Latency are of those who read well, in the second half; the Figures
// set the first half's latency beside it. They must not lose anything, and a
// slow reader must in the end have the newest message or be closed.
type Scenario struct {
	Connections   int           // subscribers, the slow ones among them; 1000
	InFlight      int           // at once that are not ready while they are opened; 256
	Stalled       int           // that stall; a tenth of them, unless there are other slow ones
	Dribbling     int           // that dribble; none
	Paced         int           // that read at a pace; none
	ReadBytes     int           // a second that a paced one reads; 10,000
	ReceiveBuffer int           // SO_RCVBUF of slow ones in bytes, small so that the server feels them soon; 4096
	Rate          float64       // publishes a second; 20
	FrameBytes    int           // of what each subscriber gets, WebSocket header included; 10,000
	Duration      time.Duration // of each half; 10 s
}

// Name is "slow".
func (c Scenario) Name() string { return "slow" }

func (c Scenario) defaults() Scenario {
	c.Connections = cmp.Or(c.Connections, 1000)
	c.InFlight = cmp.Or(c.InFlight, 256)
	if c.slow() == 0 {
		c.Stalled = max(1, c.Connections/10)
	}
	c.ReadBytes = cmp.Or(c.ReadBytes, 10_000)
	c.ReceiveBuffer = cmp.Or(c.ReceiveBuffer, 4096)
	c.Rate = cmp.Or(c.Rate, 20)
	c.FrameBytes = cmp.Or(c.FrameBytes, 10_000)
	c.Duration = cmp.Or(c.Duration, 10*time.Second)
	return c
}

// slow is how many of the subscribers are.
func (c Scenario) slow() int { return c.Stalled + c.Dribbling + c.Paced }

// Validate tells which parameter can't be.
func (c Scenario) Validate() error {
	c = c.defaults()
	var v course.Check
	v.Fleet(c.Connections, c.InFlight)
	v.Number("stalled", c.Stalled, 0, course.MostConnections)
	v.Number("dribbling", c.Dribbling, 0, course.MostConnections)
	v.Number("paced", c.Paced, 0, course.MostConnections)
	v.Number("read-bytes", c.ReadBytes, 1, 1<<30)
	v.Number("receive-buffer", c.ReceiveBuffer, 1024, 64<<20)
	v.Rate("rate", c.Rate)
	v.Frames(c.FrameBytes)
	v.Duration("duration", c.Duration)
	if n := c.slow(); n >= c.Connections {
		v.Refuse("--connections is %d with %d slow ones among them: use at least %d", c.Connections, n, n+1)
	}
	return v.Err()
}

// Run measures s.
func (c Scenario) Run(ctx context.Context, s scenario.Server) (scenario.Result, error) {
	c = c.defaults()
	return course.Start(s, c, "deliveries", c.Name(), func(r *course.Run) error {
		l := &laggards{Scenario: c, run: r, calm: course.NewHistogram()}
		if err := l.open(ctx); err != nil {
			return err
		}
		return l.account(l.work(ctx))
	})
}

var _ scenario.Scenario = Scenario{}
