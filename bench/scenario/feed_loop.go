//go:build linux

package scenario

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// closedLoop keeps one message of each lane outstanding for a while, and then
// waits for the last deliveries, so that what is counted was also paid for
// meanwhile.
func (f *feed) closedLoop(ctx context.Context, p Phase, d time.Duration, choose func(lane int) int) error {
	f.run.phase(p, d)
	f.choose = choose
	end := f.run.loop.Now() + d
	for i := range f.lanes {
		f.next(i)
	}
	err := f.run.await(ctx, func() bool { return f.run.loop.Now() >= end }, f.moved)
	f.choose = nil
	return f.drain(ctx, err)
}

// openLoop publishes at a rate for a while, whether or not the server keeps
// up, and then waits for the last deliveries. Messages that fall due within
// one grid leave together; 0 sends each when it is due.
func (f *feed) openLoop(ctx context.Context, p Phase, rate float64, grid, d time.Duration, choose func() int) error {
	f.run.phase(p, d)
	if f.late == 0 {
		f.late = max(f.run.Patience, d)
		defer func() { f.late = 0 }()
	}
	var behind error
	var pace *pacer
	pace = f.run.pace(rate, d, grid, func(due time.Duration) { f.add(choose(), due) }, func() {
		f.pump()
		if behind = f.behind(rate); behind != nil {
			pace.over = true
		}
	})
	err := f.run.await(ctx, func() bool { return pace.over }, func() uint64 { return f.moved() + f.waiting() })
	pace.over = true
	if err == nil {
		behind, err = f.catchUp(ctx, rate, behind)
	}
	return f.missed(errors.Join(behind, err))
}

// catchUp waits for what is missing in an open loop, but not for long when the
// server is behind.
func (f *feed) catchUp(ctx context.Context, rate float64, behind error) (_, err error) {
	f.run.phase(Draining, 0)
	end := f.run.loop.Now() + f.run.Patience
	err = f.run.await(ctx, func() bool {
		if f.quiet() {
			return true
		}
		if behind == nil {
			behind = f.behind(rate)
		}
		return behind != nil && f.run.loop.Now() > end
	}, f.moved)
	return behind, err
}

// behind is why an open loop is given up: a message is too old.
func (f *feed) behind(rate float64) error {
	if age := f.age(); age > f.late {
		return fmt.Errorf("%w: at %.0f messages a second one has not reached everybody after %s", errBehind, rate, age.Round(time.Millisecond))
	}
	return nil
}

// age is how long ago the oldest message was due that not all have.
func (f *feed) age() (oldest time.Duration) {
	if f.missing == 0 {
		return 0 // nothing to look for
	}
	now := f.run.loop.Now()
	for i := range f.flights {
		oldest = max(oldest, now-f.flights[i].oldest(now))
	}
	return oldest
}

// waiting stands still only while messages are missing.
func (f *feed) waiting() uint64 {
	if f.missing == 0 {
		return uint64(f.run.loop.Now())
	}
	return 0
}

// moved counts what comes.
func (f *feed) moved() uint64 { return f.fleet.Messages }

// drain waits for what is missing, unless the run has failed already.
func (f *feed) drain(ctx context.Context, err error) error {
	if err == nil {
		f.run.phase(Draining, 0)
		err = f.run.await(ctx, f.quiet, f.moved)
	}
	return f.missed(err)
}

// missed adds to an error how much is missing.
func (f *feed) missed(err error) error {
	if err != nil && f.missing > 0 {
		return fmt.Errorf("%w; %d deliveries are missing", err, f.missing)
	}
	return err
}

func (f *feed) quiet() bool {
	if f.missing > 0 {
		return false
	}
	for _, l := range f.lanes {
		if !l.idle() {
			return false
		}
	}
	return true
}
