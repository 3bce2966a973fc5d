package engine

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// Goodbyes at a pace: clients that are sent away come back at once, to another
// server or to this one's successor, and all at once they would be its flood.
// The caller's goroutine keeps the time, and each loop looks for those whose
// turn it is.

const (
	// LeastFarewells is how many connections a second are sent away however
	// much time there is, all loops together, so that few are gone at once.
	LeastFarewells = 100

	// A loop hears of the time so often. The mean and the jitter around it keep
	// several servers, or two loops, from falling into step.
	beatMean, beatJitter = 10 * time.Millisecond, 5 * time.Millisecond

	// A loop that could not keep up makes good for it at so many times its rate.
	catchUp = 3

	// farewellShare of the time is planned with. The rest is for loops that
	// fall behind.
	farewellShare = 0.9
)

// Farewell has goodbye say the last words to every upgraded connection, on its
// loop: typically c.Close with a code. They are spread over the time, or over
// less where they are few: LeastFarewells. It returns when it has been through
// all, or with the error of ctx. Connections that wait for requests are left
// alone, and so is who is upgraded meanwhile: Shutdown is for them.
//
// Any goroutine, but one at a time.
func (s *Server) Farewell(ctx context.Context, over time.Duration, goodbye func(*Conn)) error {
	var loops []*Loop
	for _, l := range s.loops {
		if s.sockets.attached(l) {
			loops = append(loops, l)
		}
	}
	return farewell(ctx, over, goodbye, loops, s.done)
}

// farewell returns when the loops have been through their connections, when
// ctx ends, or, with nil, when ended is closed.
func farewell(ctx context.Context, over time.Duration, goodbye func(*Conn), loops []*Loop, ended <-chan struct{}) error {
	rounds := make([]*departure, len(loops))
	for i, l := range loops {
		rounds[i] = newDeparture(l, over, LeastFarewells/float64(len(loops)), goodbye)
	}
	began := time.Now()
	beat := time.NewTimer(0)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ended:
			return nil
		case <-beat.C:
		}
		if !askAll(rounds, time.Since(began)) {
			return nil
		}
		beat.Reset(beatMean + rand.N(2*beatJitter) - beatJitter)
	}
}

// askAll tells all loops the time, and reports whether any has somebody left.
func askAll(rounds []*departure, elapsed time.Duration) (left bool) {
	for _, d := range rounds {
		if !d.through.Load() {
			left = true
			d.ask(elapsed)
		}
	}
	return left
}

// departure is one loop's way through its connections.
type departure struct {
	// Static after construction.
	loop    *Loop
	goodbye func(*Conn)
	over    time.Duration // that is planned with
	least   float64       // connections a second
	phase   float64       // of a connection, by which this loop is ahead of time

	// Atomic.
	busy    atomic.Bool // the loop has a beat to work on
	through atomic.Bool // nobody is left

	elapsed time.Duration // written while the loop is not busy

	// Owned by the loop.
	begun bool
	rate  float64       // connections a second
	last  time.Duration // elapsed, with the beat before
	told  int
	next  uint32 // slot to look at
}

func newDeparture(l *Loop, over time.Duration, least float64, goodbye func(*Conn)) *departure {
	planned := time.Duration(float64(over) * farewellShare)
	return &departure{loop: l, goodbye: goodbye, over: planned, least: least, phase: rand.Float64()}
}

// ask gives the loop a beat, unless it still has the last one.
func (d *departure) ask(elapsed time.Duration) {
	if d.busy.CompareAndSwap(false, true) {
		d.elapsed = elapsed
		d.loop.Post(d)
	}
}

// Run implements Task. Should a goodbye panic, that costs its connection and
// the rest of the beat.
func (d *departure) Run(l *Loop) {
	defer d.busy.Store(false)
	if !d.begun {
		d.begun = true
		d.rate = max(float64(l.slots.live)/max(d.over.Seconds(), 1e-3), d.least)
	}
	for n := d.due(); ; n-- {
		c := l.slots.after(d.next, stateOpen)
		if c == nil {
			d.through.Store(true)
			return
		}
		d.next = c.slot
		if n <= 0 {
			return
		}
		d.next++
		d.told++
		l.current = c
		d.goodbye(c)
	}
}

// due is how many goodbyes are to be said with this beat. After a beat that was
// late it is as if it had not been.
func (d *departure) due() int {
	beat := min(d.elapsed-d.last, beatMean)
	d.last = d.elapsed
	behind := d.rate*d.elapsed.Seconds() + d.phase - float64(d.told)
	return int(min(behind, max(d.rate*beat.Seconds()*catchUp, 1)))
}
