package scenario

import (
	"time"

	"fanfare/bench/loadgen"
)

// Result is what one run of a scenario gave.
type Result struct {
	Done    uint64         // deliveries, events or connections, as the scenario says
	CPU     time.Duration  // of the server, meanwhile
	LoadCPU time.Duration  // of the load generator, meanwhile
	Wall    time.Duration  // how long it took
	Counts  loadgen.Counts // of a scenario that delivers
	Before  int64          // resident bytes of the server without connections
	After   int64          // and with them
}

// PerCPUSecond is how much the server does in a second of its CPU time.
func (r Result) PerCPUSecond() float64 { return float64(r.Done) / r.CPU.Seconds() }

// BytesEach is the growth of the server's resident memory, for each of what
// was done.
func (r Result) BytesEach() float64 { return float64(r.After-r.Before) / float64(r.Done) }
