package report

import (
	"strings"
	"time"
)

// SchemaVersion is the version of the JSON form of a Document. Members may be
// added without a new one; it rises when one changes its meaning or goes.
const SchemaVersion = 1

// Document is one run of one scenario, with all that it takes to compare it
// with another. Times in its JSON are nanoseconds and memory is bytes, as the
// names of the members say.
type Document struct {
	SchemaVersion int               `json:"schema_version"`
	Scenario      string            `json:"scenario"`
	Started       time.Time         `json:"started_at"`
	Target        Target            `json:"target"`
	Parameters    map[string]string `json:"parameters"` // by flag, as the flag takes them
	Conditions    Conditions        `json:"conditions"`

	Unit         string        `json:"unit"` // what Done counts: "deliveries", "events", "connections"
	Done         uint64        `json:"done"`
	Wall         time.Duration `json:"wall_ns"`
	PerSecond    float64       `json:"per_second,omitempty"`            // 0: it has no rate, as connections that are held
	PerCPUSecond float64       `json:"per_server_cpu_second,omitempty"` // 0: no process was named
	LoadCPU      time.Duration `json:"load_cpu_ns"`                     // of the load generator

	Messages *Messages `json:"messages,omitempty"` // nil: none were to be delivered
	Latency  *Latency  `json:"latency,omitempty"`  // nil: nothing was timed
	Servers  []Server  `json:"servers,omitempty"`  // one for each process that was named
	Memory   *Memory   `json:"memory,omitempty"`   // nil: nobody looked
	Series   []Second  `json:"series,omitempty"`
	Figures  []Figure  `json:"figures,omitempty"`
	Upgrades []Upgrade `json:"upgrades,omitempty"` // of the server meanwhile
	Course   []Moment  `json:"course,omitempty"`   // of the latency, moment by moment

	// Error is why the run failed; then the other members hold what was known
	// until then. Interrupted is set when it was stopped.
	Error       string `json:"error,omitempty"`
	Interrupted bool   `json:"interrupted,omitempty"`
}

// Stop notes that the run was stopped before its end: what was not there yet
// is not lost, and orders that lack it can't be compared.
func (d *Document) Stop() {
	d.Interrupted = true
	if m := d.Messages; m != nil {
		m.UnderWay, m.Lost, m.Disagreed = m.Lost, 0, 0
	}
}

// Target is the server that was loaded.
type Target struct {
	URL   string `json:"url"`
	AppID string `json:"app_id,omitempty"`
	Bare  bool   `json:"bare,omitempty"` // the C program in bench/limit
}

// Conditions are what a figure must not be quoted without.
type Conditions struct {
	Version     string    `json:"fanfare_version"` // of the load generator
	Commit      string    `json:"fanfare_commit"`
	Go          string    `json:"go_version"`
	OS          string    `json:"os"`
	Arch        string    `json:"arch"`
	Kernel      string    `json:"kernel,omitempty"`
	CPU         string    `json:"cpu_model,omitempty"`
	Cores       int       `json:"cores"`                // of the machine
	LoadCores   int       `json:"load_cores,omitempty"` // that the load generator may run on
	Memory      int64     `json:"memory_bytes,omitempty"`
	NoFile      uint64    `json:"nofile,omitempty"` // descriptors that the load generator may have
	LoadBefore  []float64 `json:"load_average_before,omitempty"`
	LoadAfter   []float64 `json:"load_average_after,omitempty"`
	Connections int       `json:"connections,omitempty"` // the most that were open at once
}

// Messages is what became of the messages: everything but Delivered has to be
// 0.
type Messages struct {
	Delivered  uint64 `json:"delivered"`
	Lost       uint64 `json:"lost"`
	Duplicated uint64 `json:"duplicated"`
	Reordered  uint64 `json:"out_of_order"`
	Stray      uint64 `json:"stray"`     // came to somebody who was not subscribed
	Disagreed  uint64 `json:"disagreed"` // subscribers that saw another order than the others

	// UnderWay had not arrived when the run was stopped; nobody knows whether
	// they would have.
	UnderWay uint64 `json:"under_way,omitempty"`
}

// Clean reports whether nothing was lost, duplicated or out of order.
func (m Messages) Clean() bool {
	return m.Lost == 0 && m.Duplicated == 0 && m.Reordered == 0 && m.Stray == 0 && m.Disagreed == 0
}

// Latency is how long what was done took.
type Latency struct {
	Count        int64         `json:"count"`
	Min          time.Duration `json:"min_ns"`
	Mean         time.Duration `json:"mean_ns"`
	P50          time.Duration `json:"p50_ns"`
	P90          time.Duration `json:"p90_ns"`
	P99          time.Duration `json:"p99_ns"`
	P999         time.Duration `json:"p99_9_ns"`
	P9999        time.Duration `json:"p99_99_ns"`
	Max          time.Duration `json:"max_ns"`
	Distribution []Quantile    `json:"distribution"` // rising, up to the maximum
}

// Quantile says that Percentile per cent took Value or less.
type Quantile struct {
	Percentile float64       `json:"percentile"`
	Value      time.Duration `json:"value_ns"`
	Count      int64         `json:"count"` // that took Value or less
}

// Server is what one process of the server took.
type Server struct {
	PID    int           `json:"pid"`
	CPU    time.Duration `json:"cpu_ns"`
	Before int64         `json:"resident_before_bytes,omitempty"` // without connections
	Held   int64         `json:"resident_held_bytes,omitempty"`   // with them
	After  int64         `json:"resident_after_bytes,omitempty"`  // when they had left
}

// Memory is the growth of all processes of the server together, for each
// connection.
type Memory struct {
	Each float64 `json:"resident_bytes_per_connection"`
	Left float64 `json:"resident_bytes_left_per_connection,omitempty"` // when they had left
}

// Second is a second of the run, or less for the last one.
type Second struct {
	End       time.Duration `json:"end_ns"` // since the measurement began
	Done      uint64        `json:"done"`   // within it
	PerSecond float64       `json:"per_second"`
	P50       time.Duration `json:"p50_ns,omitempty"`
	P99       time.Duration `json:"p99_ns,omitempty"`
}

// Upgrade is a time at which a new process took the server's place.
type Upgrade struct {
	PID         int           `json:"to_pid"`
	Connections int           `json:"connections"`
	Cut         int           `json:"cut"`
	State       int64         `json:"state_bytes"`
	Frozen      time.Duration `json:"frozen_ns"`
	Took        time.Duration `json:"took_ns"`
	From        time.Duration `json:"from_ns"` // since the measurement began
	To          time.Duration `json:"to_ns"`
	Worst       time.Duration `json:"worst_latency_ns"`   // from then until the next one
	Silence     time.Duration `json:"longest_silence_ns"` // of clients that hear something all the time
}

// Moment is the latency of what was due within a few milliseconds.
type Moment struct {
	At    time.Duration `json:"at_ns"` // since the measurement began
	Count int           `json:"count"`
	P50   time.Duration `json:"p50_ns"`
	P99   time.Duration `json:"p99_ns"`
	Max   time.Duration `json:"max_ns"`
}

// Figure is a result that only this scenario has.
type Figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
}

// Busy is the share of one core that the load generator took. It runs on one
// thread: near 1, it was the load generator that was measured.
func (d *Document) Busy() float64 {
	if d.Wall <= 0 {
		return 0
	}
	return d.LoadCPU.Seconds() / d.Wall.Seconds()
}

// bottleneck is the share of a core from which on the load generator, and not
// the server, may have been the limit.
const bottleneck = 0.9

// Bottleneck reports whether the load generator may have been the limit.
func (d *Document) Bottleneck() bool { return d.Busy() > bottleneck }

func (d *Document) serverCPU() (sum time.Duration) {
	for _, s := range d.Servers {
		sum += s.CPU
	}
	return sum
}

// Name is what a picture calls the target when nobody gave it a name.
func (t Target) Name() string {
	if t.Bare {
		return "the limit program"
	}
	_, rest, _ := strings.Cut(t.URL, "://")
	host, _, _ := strings.Cut(rest, "/")
	return host
}
