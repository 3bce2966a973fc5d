//go:build linux

package scenario

import (
	"context"
	"fmt"
	"time"

	"fanfare/bench/loadgen"
)

// Fanout publishes to one channel that all subscribe to, in a closed loop: as
// many publishes are outstanding as there are publishers, and one counts as
// outstanding until every subscriber has it. Done counts deliveries.
type Fanout struct {
	Subscribers int
	Outstanding int
	FrameBytes  int // of what each subscriber gets, WebSocket header included
	Duration    time.Duration
}

// Run measures s. It fails when a message was lost, came twice or out of
// order.
func (c Fanout) Run(ctx context.Context, s Server) (Result, error) {
	return withLoop(func(l *loadgen.Loop) (Result, error) {
		f := &fanout{Fanout: c, server: s, loop: l}
		if err := f.prepare(ctx); err != nil {
			return Result{}, err
		}
		if err := f.publishFor(ctx, warmUp); err != nil {
			return Result{}, err
		}
		before := f.fleet.Messages
		r, err := s.measure(func() (Result, error) {
			err := f.publishFor(ctx, c.Duration)
			return Result{Done: f.fleet.Messages - before}, err
		})
		r.Counts = f.ledger.Close(f.sent)
		if err == nil && !r.Counts.Clean() {
			err = fmt.Errorf("messages went astray: %+v", r.Counts)
		}
		return r, err
	})
}

// fanout is one run. A publisher's number is its index everywhere.
type fanout struct {
	Fanout
	server     Server
	loop       *loadgen.Loop
	fleet      *loadgen.Fleet
	ledger     *loadgen.Ledger
	writer     eventWriter
	publishers []*loadgen.Publisher
	sent       []uint32 // messages published
	missing    []int    // deliveries that the latest one still lacks
	publishing bool
	scratch    []byte
}

func (f *fanout) prepare(ctx context.Context) (err error) {
	f.fleet, err = f.server.open(ctx, f.loop, f.Subscribers, Shared)
	if err != nil {
		return err
	}
	f.writer = newEventWriter(f.server.Target, f.FrameBytes)
	f.ledger = loadgen.NewLedger(f.Subscribers, f.Outstanding)
	f.sent, f.missing = make([]uint32, f.Outstanding), make([]int, f.Outstanding)
	f.fleet.Receive = f.receive
	for i := range f.Outstanding {
		p, err := f.loop.Publisher(f.server.Target)
		if err != nil {
			return err
		}
		p.Answered = func() { f.next(i) }
		f.publishers = append(f.publishers, p)
	}
	return nil
}

// publishFor keeps the publishes outstanding for a while, and then waits for
// the last deliveries, so that what is counted was also paid for meanwhile.
func (f *fanout) publishFor(ctx context.Context, d time.Duration) error {
	f.publishing = true
	for i := range f.publishers {
		f.next(i)
	}
	end := time.Now().Add(d)
	err := f.loop.Run(ctx, func() bool {
		f.publishing = time.Now().Before(end)
		return f.fleet.Err() != nil || !f.publishing && f.quiet()
	})
	if err == nil {
		err = f.fleet.Err()
	}
	if err != nil {
		return fmt.Errorf("%w; %d deliveries are missing", err, f.lacking())
	}
	return nil
}

func (f *fanout) receive(subscriber int, m loadgen.Mark) {
	if m.Publisher >= len(f.sent) {
		return // somebody else's
	}
	f.ledger.Receive(subscriber, m)
	if m.Seq+1 == f.sent[m.Publisher] {
		f.missing[m.Publisher]--
		f.next(m.Publisher)
	}
}

// next publishes when the publisher's last message was answered and delivered.
func (f *fanout) next(i int) {
	if !f.publishing || f.missing[i] > 0 || !f.publishers[i].Idle() {
		return
	}
	f.missing[i] = f.Subscribers
	f.scratch = f.writer.appendEvent(f.scratch[:0], loadgen.Mark{Publisher: i, Seq: f.sent[i]})
	f.sent[i]++
	f.publishers[i].Post("events", f.scratch)
}

func (f *fanout) quiet() bool {
	for _, p := range f.publishers {
		if !p.Idle() {
			return false
		}
	}
	return f.lacking() == 0
}

func (f *fanout) lacking() (n int) {
	for _, m := range f.missing {
		n += max(m, 0)
	}
	return n
}
