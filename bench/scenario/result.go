package scenario

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"fanfare/bench/loadgen"
)

// Result is what one run of a scenario gave.
type Result struct {
	Scenario string // its name: "fanout"
	Unit     string // what Done counts: "deliveries", "events" or "connections"
	Done     uint64
	Wall     time.Duration  // how long it took
	LoadCPU  time.Duration  // of the load generator, meanwhile
	Servers  []Usage        // one for each process that was named; none when none was
	Counts   loadgen.Counts // of a scenario that delivers

	// Latency is in nanoseconds, from the moment at which an open loop meant
	// to publish, or a closed one did, to each delivery; of connect from the
	// first SYN to the confirmed subscription. Nil when nothing was timed.
	Latency *hdrhistogram.Histogram

	Series  []Point  // the run second by second
	Figures []Figure // what only this scenario has

	Upgrades []Upgrade // of the server meanwhile
	Course   []Moment  // of the latency, where a second is too long to see what happened
}

// Upgrade is a time at which a new process took the server's place.
type Upgrade struct {
	Handed

	From, To time.Duration // when it was asked for and done, since the measurement began
	Worst    time.Duration // latency from then until the next one
	Silence  time.Duration // the longest time meanwhile in which a client heard nothing that hears something all the time
}

// Moment is the latency of what was due within a few milliseconds.
type Moment struct {
	At            time.Duration // its begin, since the measurement began
	Count         int
	P50, P99, Max time.Duration
}

// Usage is what a server's process took.
type Usage struct {
	Process loadgen.Process
	CPU     time.Duration // user and system, while it was measured
	Before  int64         // resident bytes without connections,
	Held    int64         // with them,
	After   int64         // and when they have left; 0 when that was not looked at
}

// Point is a second of a run, or less for the last one.
type Point struct {
	End      time.Duration // since the measurement began
	Done     uint64        // within it
	P50, P99 time.Duration // of the latency; 0 when nothing was timed
}

// Figure is one more result, with its name and unit in words.
type Figure struct {
	Name  string
	Value float64
	Unit  string // "B", "%", "/s", "ms", or a plural such as "connections"
}

// CPU is the time that all servers took together; 0 when no process was
// named.
func (r *Result) CPU() (sum time.Duration) {
	for _, s := range r.Servers {
		sum += s.CPU
	}
	return sum
}

// PerSecond is how much was done in a second.
func (r *Result) PerSecond() float64 { return float64(r.Done) / r.Wall.Seconds() }

// PerCPUSecond is how much the servers do in a second of their CPU time; +Inf
// when no process was named.
func (r *Result) PerCPUSecond() float64 { return float64(r.Done) / r.CPU().Seconds() }

// BytesEach is the growth of the servers' resident memory, for each of what
// was done.
func (r *Result) BytesEach() float64 {
	return r.growth(func(u Usage) int64 { return u.Held }) / float64(r.Done)
}

// BytesLeft is what of that growth is left when the connections have gone.
func (r *Result) BytesLeft() float64 {
	return r.growth(func(u Usage) int64 { return u.After }) / float64(r.Done)
}

func (r *Result) growth(of func(Usage) int64) (sum float64) {
	for _, s := range r.Servers {
		sum += float64(of(s) - s.Before)
	}
	return sum
}
