//go:build linux

package upgrade

import (
	"cmp"
	"context"
	"errors"
	"time"

	"fanfare/bench/scenario"
	"fanfare/bench/scenario/course"
)

// Scenario has a server upgraded several times while it is under load: a new
// process takes its place, which nobody must notice. Nothing may be lost, come
// twice or out of order, nobody be disconnected, and nobody be told of a coming
// or going that was not. Done counts deliveries to the audience, and Latency is
// theirs, from when a message was due to be published (an open loop).
type Scenario struct {
	Connections   int           // of all kinds, unless slow readers are more; 1000
	Members       int           // of each room; 10
	InFlight      int           // connections at once that are not ready while they are opened; 256
	Rate          float64       // publishes a second, each to the members of one room; 400
	FrameBytes    int           // of what each of them gets, WebSocket header included; 200
	Talk          float64       // whispers a second in each of a tenth of the rooms; 2
	Churn         float64       // members of these that leave each second, a third of them by unsubscribing; 30
	Away          time.Duration // from when one has left until it comes back; 200 ms
	Slow          int           // readers that do not keep up, half of which read nothing at all; 20
	SlowBytes     int           // that are published to each of them before the first upgrade; 500,000
	ReceiveBuffer int           // SO_RCVBUF of those in bytes, so that the server has what they do not read; 4096
	Upgrades      int           // 3
	Pause         time.Duration // before each upgrade, and after the last one; 3 s
	Seed          uint64        // of all that is random; 1
}

// Name is "upgrade".
func (c Scenario) Name() string { return "upgrade" }

func (c Scenario) defaults() Scenario {
	c.Connections = cmp.Or(c.Connections, 1000)
	c.Members = cmp.Or(c.Members, 10)
	c.InFlight = cmp.Or(c.InFlight, 256)
	c.Rate = cmp.Or(c.Rate, 400)
	c.FrameBytes = cmp.Or(c.FrameBytes, 200)
	c.Talk = cmp.Or(c.Talk, 2)
	c.Churn = cmp.Or(c.Churn, 30)
	c.Away = cmp.Or(c.Away, 200*time.Millisecond)
	c.Slow = cmp.Or(c.Slow, 20)
	c.SlowBytes = cmp.Or(c.SlowBytes, 500_000)
	c.ReceiveBuffer = cmp.Or(c.ReceiveBuffer, 4096)
	c.Upgrades = cmp.Or(c.Upgrades, 3)
	c.Pause = cmp.Or(c.Pause, 3*time.Second)
	c.Seed = cmp.Or(c.Seed, 1)
	return c
}

// Validate tells which parameter can't be.
func (c Scenario) Validate() error {
	c = c.defaults()
	var v course.Check
	v.Fleet(c.Connections, c.InFlight)
	v.Number("members", c.Members, 2, 1000)
	v.Rate("rate", c.Rate)
	v.Frames(c.FrameBytes)
	v.Rate("talk", c.Talk)
	v.Rate("churn", c.Churn)
	v.Duration("away", c.Away)
	v.Number("slow", c.Slow, 1, course.MostConnections)
	v.Number("slow-bytes", c.SlowBytes, slowFrame, 1<<30)
	v.Number("receive-buffer", c.ReceiveBuffer, 1024, 64<<20)
	v.Number("upgrades", c.Upgrades, 1, 10_000)
	v.Duration("pause", c.Pause)
	if least := c.Slow + 2*c.Members; c.Connections < least {
		v.Refuse("--connections is %d: use at least %d, for %d slow readers and two rooms of %d", c.Connections, least, c.Slow, c.Members)
	}
	return v.Err()
}

// rooms is how many rooms there are for the audience, and how many for guests.
func (c Scenario) rooms() (audience, guests int) {
	all := (c.Connections - c.Slow) / c.Members
	guests = max(1, all/10)
	return all - guests, guests
}

// errNoWay is a caller's mistake.
var errNoWay = errors.New("there is no way to upgrade the server: name its control socket")

// Run measures s, whose Upgrade must be there. Its Processes are not looked at:
// they take turns.
func (c Scenario) Run(ctx context.Context, s scenario.Server) (scenario.Result, error) {
	c = c.defaults()
	s.Processes = nil
	return course.Start(s, c, "deliveries", c.Name(), func(r *course.Run) error {
		if s.Upgrade == nil {
			return errNoWay
		}
		t := newTrial(r, c)
		if err := t.open(ctx); err != nil {
			return err
		}
		return t.account(t.work(ctx))
	})
}

var _ scenario.Scenario = Scenario{}
