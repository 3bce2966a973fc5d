//go:build linux

package scenario

import (
	"context"
	"errors"
	"fmt"
	"time"

	"fanfare/bench/loadgen"
)

const (
	// warmUp is how long a scenario works before it is measured.
	warmUp = 300 * time.Millisecond

	// patience is the default of Server.Patience.
	patience = 5 * time.Second
)

// errQuiet is why a run is given up in which something never comes.
var errQuiet = errors.New("the server has gone quiet")

// run is one run of a scenario: the loop that everything happens on, what is
// measured, and what came out.
type run struct {
	Server
	loop     *loadgen.Loop
	meter    *meter
	fleets   []fleet // opened and not closed; one that breaks ends the run
	refusal  error   // the latest of the HTTP API
	reporter reporter
	result   Result
}

// fleet is a set of connections: a loadgen.Fleet, or a crowd.
type fleet interface {
	Size() int     // how many there are to be
	Standing() int // how many are ready
	Err() error    // nil while none has failed
}

// start gives work a run if the scenario's parameters can be, closes what was
// opened on it, and returns its result. unit is what the scenario counts.
// channels says what of it needs channels, which the limit program does not
// have; "" is nothing.
func start(s Server, c Scenario, unit, channels string, work func(*run) error) (result Result, err error) {
	err = c.Validate()
	if err == nil && channels != "" {
		err = bare(s.Target, channels)
	}
	if err != nil {
		return Result{}, err
	}
	l, err := loadgen.NewLoop()
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	if s.Patience == 0 {
		s.Patience = patience
	}
	r := &run{Server: s, loop: l, meter: newMeter(l), result: Result{Scenario: c.Name(), Unit: unit}}
	r.reporter.run = r
	for _, p := range s.Processes {
		r.result.Servers = append(r.result.Servers, Usage{Process: p})
	}
	err = work(r)
	return r.result, err
}

// open opens a fleet and waits for it.
func (r *run) open(ctx context.Context, n, inFlight int, join func(int) []loadgen.Subscription) (*loadgen.Fleet, error) {
	f := r.loop.Open(r.Target, n, inFlight, join)
	return f, r.opened(ctx, f)
}

// opened waits for a fleet that is being opened, and misses its connections
// from now on.
func (r *run) opened(ctx context.Context, f *loadgen.Fleet) error {
	r.fleets = append(r.fleets, f)
	r.phase(Connecting, 0)
	return r.joined(ctx, f)
}

// joined waits until all of a fleet's connections are ready.
func (r *run) joined(ctx context.Context, f *loadgen.Fleet) error {
	err := r.await(ctx, f.Ready, func() uint64 { return uint64(f.Standing()) })
	if err != nil {
		return fmt.Errorf("opening connections, of which %d are ready: %w", f.Standing(), err)
	}
	return nil
}

// leave closes a fleet, whose connections are no longer missed.
func (r *run) leave(f *loadgen.Fleet) {
	f.Close()
	for i, other := range r.fleets {
		if other == f {
			r.fleets = append(r.fleets[:i], r.fleets[i+1:]...)
			return
		}
	}
}

// await serves the connections until done reports true. moved counts what
// comes of what is awaited: when it stands still for Server.Patience the run
// is given up with errQuiet.
func (r *run) await(ctx context.Context, done func() bool, moved func() uint64) error {
	last, since, quiet := moved(), r.loop.Now(), false
	err := r.loop.Run(ctx, func() bool {
		if done() || r.broken() != nil {
			return true
		}
		if n := moved(); n != last {
			last, since = n, r.loop.Now()
		}
		quiet = r.loop.Now()-since > r.Patience
		return quiet
	})
	if err != nil {
		return err
	}
	if err := r.broken(); err != nil {
		return err
	}
	if quiet {
		return fmt.Errorf("%w: nothing has come for %s", errQuiet, r.Patience)
	}
	return nil
}

// broken is what is wrong with the connections.
func (r *run) broken() error {
	if r.refusal != nil {
		return fmt.Errorf("publishing: %w", r.refusal)
	}
	for _, f := range r.fleets {
		if err := f.Err(); err != nil {
			return err
		}
	}
	return nil
}

// hold serves the connections for a while.
func (r *run) hold(ctx context.Context, p Phase, d time.Duration) error {
	r.phase(p, d)
	end := r.loop.Now() + d
	err := r.loop.Run(ctx, func() bool { return r.loop.Now() >= end || r.broken() != nil })
	return errors.Join(err, r.broken())
}

// figure adds a result that only this scenario has.
func (r *run) figure(name string, value float64, unit string) {
	r.result.Figures = append(r.result.Figures, Figure{name, value, unit})
}
