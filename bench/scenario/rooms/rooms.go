//go:build linux

package rooms

import (
	"cmp"
	"context"
	"slices"
	"time"

	"fanfare/bench/scenario"
	"fanfare/bench/scenario/course"
)

// Scenario has many small presence channels. Members whisper (client events)
// and come and go, and everybody who is in a room throughout must hear every
// whisper of the others, once and in order, and be told who came and left.
// Both are open loops. Done counts whispers heard and member events, Latency
// is that of the whispers.
type Scenario struct {
	Rooms      int           // presence channels; 100
	Members    int           // of each room, each with a connection of its own; 10
	InFlight   int           // connections at once that are not ready while they are opened; 256
	Rate       float64       // whispers a second in each room, by its members in turn: servers may allow 10 a second to each; 2
	Silent     bool          // nobody whispers: for large rooms, where who has heard what would fill the memory
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
func (c Scenario) Name() string { return "rooms" }

func (c Scenario) defaults() Scenario {
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
func (c Scenario) Validate() error {
	c = c.defaults()
	var v course.Check
	v.Number("members", c.Members, 2, mostMembers(c.Silent))
	v.Number("rooms", c.Rooms, 1, course.MostConnections/max(c.Members, 1))
	v.Number("in-flight", c.InFlight, 1, course.MostConnections)
	v.Rate("rate", c.Rate)
	v.Rate("churn", c.Churn)
	v.Duration("away", c.Away)
	v.Frames(c.FrameBytes)
	v.Number("info-bytes", c.InfoBytes, leastInfo, 64<<10)
	v.Duration("duration", c.Duration)
	if ways := []Leave{ByUnsubscribing, ByClosing, ByDropping, Mixed}; !slices.Contains(ways, c.Leave) {
		v.Refuse("--leave is %q: use unsubscribe, close, drop or mixed", c.Leave)
	}
	return v.Err()
}

// mostMembers is the size of the largest room.
func mostMembers(silent bool) int {
	if silent {
		return 10_000 // what apps allow by default
	}
	return 1000
}

// Run measures s. It fails when a whisper or a member event was lost, came
// twice, out of order or to somebody who had left.
func (c Scenario) Run(ctx context.Context, s scenario.Server) (scenario.Result, error) {
	c = c.defaults()
	return course.Start(s, c, "deliveries", c.Name(), func(r *course.Run) error {
		h := newHouse(r, c)
		return h.account(h.work(ctx))
	})
}

var _ scenario.Scenario = Scenario{}
