package scenario

import (
	"context"
	"time"

	"fanfare/bench/loadgen"
)

// Scenario is something to measure. Its exported fields are its parameters; a
// zero one means the default that its comment tells.
type Scenario interface {
	// Name is the word that it is called by.
	Name() string

	// Validate tells which parameter can't be, and what would be right.
	Validate() error

	// Run measures s. The result has what was found up to an error, so that
	// what went astray can be told.
	Run(ctx context.Context, s Server) (Result, error)
}

// Server is the one under load.
type Server struct {
	Target *loadgen.Target

	// Processes are the server's, whose CPU time and memory are read. Without
	// any the result has none.
	Processes []loadgen.Process

	// Upgrade has a new process take the server's place, and returns when that
	// serves. It is called on a goroutine of its own, one at a time. Only
	// scenario upgrade needs it.
	Upgrade func(ctx context.Context) (Handed, error)

	// Progress is told about once a second how far the run is, and at the
	// beginning of each phase, on the goroutine that called Run. Nil costs
	// nothing.
	Progress func(Progress)

	// Patience is how long nothing may come of what is still awaited until the
	// run is given up. 0 is 5 s.
	Patience time.Duration
}

// Handed is what a server says of a hand-over to a new process.
type Handed struct {
	PID         int           // of the new one
	Connections int           // that it has
	Cut         int           // that were lost on the way
	Bytes       int64         // of state
	Frozen      time.Duration // that clients heard nothing
	Took        time.Duration
}

// Progress is how far a run is.
type Progress struct {
	Scenario      string
	Phase         Phase
	Note          string        // what distinguishes it from others of its kind, such as the rate that is tried
	Ready, Wanted int           // connections
	Done          uint64        // since the measurement began, in the result's unit
	Rate          float64       // of Done a second, since the latest report
	P99           time.Duration // of the latency so far; 0 while nothing is timed
	Elapsed       time.Duration // of this phase
	Planned       time.Duration // for it; 0 when it takes what it takes
}

// Phase is a part of a run.
type Phase string

// The phases of the scenarios, each of which has some of them.
const (
	Connecting Phase = "connecting"
	Settling   Phase = "settling"
	WarmingUp  Phase = "warming up"
	Probing    Phase = "probing the idle server"
	Measuring  Phase = "measuring"
	Upgrading  Phase = "upgrading"
	Draining   Phase = "draining"
	Leaving    Phase = "leaving"
)
