//go:build linux

package scenario

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// Rooms has many small presence channels. Members whisper (client events) and
// come and go, and everybody who is in a room throughout must hear every
// whisper of the others, once and in order, and be told who came and left.
// Both are open loops. Done counts whispers heard and member events, Latency
// is that of the whispers.
type Rooms struct {
	Rooms      int           // presence channels; 100
	Members    int           // of each room, each with a connection of its own; 10
	InFlight   int           // connections at once that are not ready while they are opened; 256
	Rate       float64       // whispers a second in each room, by its members in turn: servers may allow 10 a second to each; 2
	Churn      float64       // members that leave each second, over all rooms; 20
	Away       time.Duration // from when a member has left until it comes back; 200 ms
	Leave      Leave         // how members leave; mixed
	FrameBytes int           // of what each hearer of a whisper gets, more or less; 200
	InfoBytes  int           // of a member's user_info; 100
	Duration   time.Duration // of the measurement; 10 s
	Seed       uint64        // of who leaves, and how; 1
}

// Leave is how a member leaves a room.
type Leave string

// The ways to leave.
const (
	ByUnsubscribing Leave = "unsubscribe" // stays connected, and subscribes again
	ByClosing       Leave = "close"       // sends a close frame, and connects again
	ByDropping      Leave = "drop"        // resets its connection, and connects again
	Mixed           Leave = "mixed"       // one of the three at random
)

// Name is "rooms".
func (c Rooms) Name() string { return "rooms" }

func (c Rooms) defaults() Rooms {
	c.Rooms = cmp.Or(c.Rooms, 100)
	c.Members = cmp.Or(c.Members, 10)
	c.InFlight = cmp.Or(c.InFlight, 256)
	c.Rate = cmp.Or(c.Rate, 2)
	c.Churn = cmp.Or(c.Churn, 20)
	c.Away = cmp.Or(c.Away, 200*time.Millisecond)
	c.Leave = cmp.Or(c.Leave, Mixed)
	c.FrameBytes = cmp.Or(c.FrameBytes, 200)
	c.InfoBytes = cmp.Or(c.InfoBytes, 100)
	c.Duration = cmp.Or(c.Duration, 10*time.Second)
	c.Seed = cmp.Or(c.Seed, 1)
	return c
}

// Validate tells which parameter can't be.
func (c Rooms) Validate() error {
	c = c.defaults()
	var v check
	v.number("members", c.Members, 2, 1000)
	v.number("rooms", c.Rooms, 1, mostConnections/max(c.Members, 1))
	v.number("in-flight", c.InFlight, 1, mostConnections)
	v.rate("rate", c.Rate)
	v.rate("churn", c.Churn)
	v.duration("away", c.Away)
	v.frames(c.FrameBytes)
	v.number("info-bytes", c.InfoBytes, leastInfo, 64<<10)
	v.duration("duration", c.Duration)
	if ways := []Leave{ByUnsubscribing, ByClosing, ByDropping, Mixed}; !slices.Contains(ways, c.Leave) {
		v.errs = append(v.errs, fmt.Errorf("--leave is %q: use unsubscribe, close, drop or mixed", c.Leave))
	}
	return v.err()
}

// Run measures s. It fails when a whisper or a member event was lost, came
// twice, out of order or to somebody who had left.
func (c Rooms) Run(ctx context.Context, s Server) (Result, error) {
	c = c.defaults()
	return start(s, c, "deliveries", c.Name(), func(r *run) error {
		h := newHouse(r, c)
		return h.account(h.work(ctx))
	})
}

var _ Scenario = Rooms{}
