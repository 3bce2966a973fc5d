//go:build linux

package upgrade

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"fanfare/bench/loadgen"
	"fanfare/bench/scenario/course"
)

// audience sits in rooms and gets what is published there. Nobody of it comes or
// goes.
type audience struct {
	rooms    int
	members  int // of each room
	fleet    *loadgen.Fleet
	feed     *course.Feed
	busy     int // rooms from the first one on that always have something to hear
	turn     int // how much was published
	told     int // member_added, while all came
	flickers int // member events since
	settled  bool
}

// publishers is how many connections publish, and events that one request holds at
// most: servers take ten.
const (
	publishers = 4
	batch      = 10
)

// room names a room; a third of them is of each kind.
func room(i int) string {
	return [...]string{"presence-", "private-", ""}[i%3] + fmt.Sprintf("hall-%06d", i)
}

// person is a member of a presence room.
func person(i int) string { return fmt.Sprintf(`{"user_id":"seat-%07d","user_info":{}}`, i) }

// seat opens the audience's connections.
func (t *trial) seat(ctx context.Context, rooms int) (*audience, error) {
	r := t.run
	a := &audience{rooms: rooms, members: t.Members}
	r.Note("the audience")
	a.fleet = r.Loop.Open(r.Target, rooms*t.Members, t.InFlight, a.join)
	a.fleet.Other = a.hear
	if err := r.Opened(ctx, a.fleet, "connecting"); err != nil {
		return nil, err
	}
	// The last to come may not have been announced yet.
	if err := r.Await(ctx, a.acquainted, func() uint64 { return uint64(a.told) }); err != nil {
		return nil, fmt.Errorf("%w; %d of %d member_added events came", err, a.told, a.due())
	}
	a.settled = true
	a.busy = busyRooms(rooms, t.Rate)
	ledger := loadgen.NewSparseLedger(rooms*t.Members, 1, func(i int) []int { return []int{i / t.Members} })
	a.feed = r.Feed(a.fleet, ledger, rooms, func(int) int { return t.Members })
	w := course.NewEventWriter(r.Target, room(0), t.FrameBytes)
	return a, a.feed.AddLanes(publishers, batch, func(dst []byte, m loadgen.Mark) []byte {
		return w.AppendEvent(dst, room(m.Source), m)
	})
}

func (a *audience) join(i int) []loadgen.Subscription {
	s := loadgen.Subscription{Channel: room(i / a.members)}
	if a.presence(i / a.members) {
		s.ChannelData = person(i)
	}
	return []loadgen.Subscription{s}
}

func (a *audience) presence(room int) bool { return room%3 == 0 }

// kinds is how many presence and private rooms there are.
func (a *audience) kinds() (presence, private int) { return (a.rooms + 2) / 3, (a.rooms + 1) / 3 }

// hear takes what is no message.
func (a *audience) hear(_ int, payload []byte) {
	if !bytes.Contains(payload, []byte(`"pusher_internal:member_`)) {
		return
	}
	if a.settled || bytes.Contains(payload, []byte(`_removed"`)) {
		a.flickers++
		return
	}
	a.told++
}

// due is how many member_added there are when all come: everybody is told of
// each who comes later.
func (a *audience) due() int {
	presence, _ := a.kinds()
	return presence * (a.members * (a.members - 1) / 2)
}

func (a *audience) acquainted() bool { return a.told >= a.due() }

// busyShare of what is published goes to few rooms, each of which gets something
// every busyEvery: their members would notice the shortest silence.
const (
	busyShare = 4 // one of so many
	busyEvery = 20 * time.Millisecond
)

func busyRooms(rooms int, rate float64) int {
	return min(max(1, int(rate/busyShare*busyEvery.Seconds())), rooms)
}

// publish begins to publish to all rooms in turn, and to the busy ones more often.
func (a *audience) publish(r *course.Run, rate float64) *course.Pacer {
	return r.Pace(rate, course.Forever, 0, func(due time.Duration) {
		turn := a.turn
		a.turn++
		if n := turn / busyShare; turn%busyShare == 0 {
			a.feed.Add(n%a.busy, due)
		} else {
			a.feed.Add((turn-1-n)%a.rooms, due)
		}
	}, a.feed.Pump)
}
