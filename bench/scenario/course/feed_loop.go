//go:build linux

package course

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"fanfare/bench/scenario"
)

// ErrBehind is why an open loop is given up whose messages come too late.
var ErrBehind = errors.New("the server falls behind")

// ClosedLoop keeps one message of each lane outstanding for a while, and then
// waits for the last deliveries, so that what is counted was also paid for
// meanwhile.
func (f *Feed) ClosedLoop(ctx context.Context, p scenario.Phase, d time.Duration, choose func(lane int) int) error {
	f.run.Phase(p, d)
	f.choose = choose
	end := f.run.Loop.Now() + d
	for i := range f.lanes {
		f.next(i)
	}
	err := f.run.Await(ctx, func() bool { return f.run.Loop.Now() >= end }, f.Moved)
	f.choose = nil
	return f.Drain(ctx, err)
}

// OpenLoop publishes at a rate for a while, whether or not the server keeps
// up, and then waits for the last deliveries. Messages that fall due within
// one grid leave together; 0 sends each when it is due.
func (f *Feed) OpenLoop(ctx context.Context, p scenario.Phase, rate float64, grid, d time.Duration, choose func() int) error {
	f.run.Phase(p, d)
	if f.Late == 0 {
		f.Late = max(f.run.Patience, d)
		defer func() { f.Late = 0 }()
	}
	var behind error
	var pace *Pacer
	pace = f.run.Pace(rate, d, grid, func(due time.Duration) { f.Add(choose(), due) }, func() {
		f.Pump()
		if behind = f.behind(rate); behind != nil {
			pace.Stop()
		}
	})
	err := f.run.Await(ctx, func() bool { return pace.over }, func() uint64 { return f.Moved() + f.waiting() })
	pace.Stop()
	if err == nil {
		behind, err = f.catchUp(ctx, rate, behind)
	}
	return f.missed(errors.Join(behind, err))
}

// catchUp waits for what is missing in an open loop, but not for long when the
// server is behind.
func (f *Feed) catchUp(ctx context.Context, rate float64, behind error) (_, err error) {
	f.run.Phase(scenario.Draining, 0)
	end := f.run.Loop.Now() + f.run.Patience
	err = f.run.Await(ctx, func() bool {
		if f.Quiet() {
			return true
		}
		if behind == nil {
			behind = f.behind(rate)
		}
		return behind != nil && f.run.Loop.Now() > end
	}, f.Moved)
	return behind, err
}

// behind is why an open loop is given up: a message is too old.
func (f *Feed) behind(rate float64) error {
	if age := f.age(); age > f.Late {
		return fmt.Errorf("%w: at %.0f messages a second one has not reached everybody after %s", ErrBehind, rate, age.Round(time.Millisecond))
	}
	return nil
}

// age is how long ago the oldest message was due that not all have.
func (f *Feed) age() (oldest time.Duration) {
	if f.missing == 0 {
		return 0 // nothing to look for
	}
	now := f.run.Loop.Now()
	for i := range f.flights {
		oldest = max(oldest, now-f.flights[i].oldest(now))
	}
	return oldest
}

// waiting stands still only while messages are missing.
func (f *Feed) waiting() uint64 {
	if f.missing == 0 {
		return uint64(f.run.Loop.Now())
	}
	return 0
}

// Missing is how many deliveries are still to come.
func (f *Feed) Missing() int { return f.missing }

// Sent is how many messages of a source were published.
func (f *Feed) Sent(source int) uint32 { return f.flights[source].next }

// Moved counts what comes.
func (f *Feed) Moved() uint64 { return f.Fleet.Messages }

// Drain waits for what is missing, unless the run has failed already.
func (f *Feed) Drain(ctx context.Context, err error) error {
	if err == nil {
		f.run.Phase(scenario.Draining, 0)
		err = f.run.Await(ctx, f.Quiet, f.Moved)
	}
	return f.missed(err)
}

// missed adds to an error how much is missing.
func (f *Feed) missed(err error) error {
	if err != nil && f.missing > 0 {
		return fmt.Errorf("%w; %d deliveries are missing", err, f.missing)
	}
	return err
}

// Quiet reports whether nothing is missing, and every publish was answered.
func (f *Feed) Quiet() bool {
	return f.missing == 0 && !slices.ContainsFunc(f.lanes, (*Lane).Busy)
}
