//go:build linux

package course

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"fanfare/bench/loadgen"
	"fanfare/bench/scenario"
)

const (
	// WarmUp is how long a scenario works before it is measured.
	WarmUp = 300 * time.Millisecond

	// patience is the default of scenario.Server.Patience.
	patience = 5 * time.Second
)

// ErrQuiet is why a run is given up in which something never comes.
var ErrQuiet = errors.New("the server has gone quiet")

// Run is one run of a scenario: the loop that everything happens on, what is
// measured, and what came out.
type Run struct {
	scenario.Server

	Loop   *loadgen.Loop
	Result scenario.Result

	meter    *meter
	fleets   []fleet // opened and not closed; one that breaks ends the run
	refusal  error   // the latest of the HTTP API
	reporter reporter
}

// fleet is a set of connections: a loadgen.Fleet, or a Crowd.
type fleet interface {
	Size() int     // how many there are to be
	Standing() int // how many are ready
	Err() error    // nil while none has failed
}

// Start gives work a run if the scenario's parameters can be, closes what was
// opened on it, and returns its result. unit is what the scenario counts.
// channels says what of it needs channels, which the limit program does not
// have; "" is nothing.
func Start(s scenario.Server, c scenario.Scenario, unit, channels string, work func(*Run) error) (result scenario.Result, err error) {
	err = c.Validate()
	if err == nil && channels != "" {
		err = bare(s.Target, channels)
	}
	if err != nil {
		return scenario.Result{}, err
	}
	l, err := loadgen.NewLoop()
	if err != nil {
		return scenario.Result{}, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	if s.Patience == 0 {
		s.Patience = patience
	}
	r := &Run{Server: s, Loop: l, Result: scenario.Result{Scenario: c.Name(), Unit: unit}, meter: newMeter(l)}
	r.reporter.run = r
	for _, p := range s.Processes {
		r.Result.Servers = append(r.Result.Servers, scenario.Usage{Process: p})
	}
	err = work(r)
	return r.Result, err
}

// Open opens n connections, so many of them at once, and waits for them.
func (r *Run) Open(ctx context.Context, n, inFlight int, join func(int) []loadgen.Subscription) (*loadgen.Fleet, error) {
	f := r.Loop.Open(r.Target, n, inFlight, join)
	return f, r.Opened(ctx, f, scenario.Connecting)
}

// Opened waits until all connections of a fleet are ready that is being opened,
// and misses them from now on: the run ends with the first that breaks.
func (r *Run) Opened(ctx context.Context, f *loadgen.Fleet, p scenario.Phase) error {
	r.fleets = append(r.fleets, f)
	r.Phase(p, 0)
	err := r.Await(ctx, f.Ready, func() uint64 { return uint64(f.Standing()) })
	if err != nil {
		return fmt.Errorf("opening connections, of which %d are ready: %w", f.Standing(), err)
	}
	return nil
}

// Leave closes a fleet, whose connections are no longer missed.
func (r *Run) Leave(f *loadgen.Fleet) {
	f.Close()
	r.fleets = slices.DeleteFunc(r.fleets, func(other fleet) bool { return other == f })
}

// Await serves the connections until done reports true. moved counts what
// comes of what is awaited: when it stands still for Patience the run is given
// up with ErrQuiet.
func (r *Run) Await(ctx context.Context, done func() bool, moved func() uint64) error {
	last, since, quiet := moved(), r.Loop.Now(), false
	err := r.Loop.Run(ctx, func() bool {
		if done() || r.Broken() != nil {
			return true
		}
		if n := moved(); n != last {
			last, since = n, r.Loop.Now()
		}
		quiet = r.Loop.Now()-since > r.Patience
		return quiet
	})
	if err != nil {
		return err
	}
	if err := r.Broken(); err != nil {
		return err
	}
	if quiet {
		return fmt.Errorf("%w: nothing has come for %s", ErrQuiet, r.Patience)
	}
	return nil
}

// Broken is what is wrong with the connections, nil while nothing is.
func (r *Run) Broken() error {
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

// Hold serves the connections for a while.
func (r *Run) Hold(ctx context.Context, p scenario.Phase, d time.Duration) error {
	r.Phase(p, d)
	end := r.Loop.Now() + d
	err := r.Loop.Run(ctx, func() bool { return r.Loop.Now() >= end || r.Broken() != nil })
	return errors.Join(err, r.Broken())
}

// Figure adds a result that only this scenario has.
func (r *Run) Figure(name string, value float64, unit string) {
	r.Result.Figures = append(r.Result.Figures, scenario.Figure{Name: name, Value: value, Unit: unit})
}
