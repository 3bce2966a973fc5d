package flight

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/trace"
	"slices"
	"sync"
	"time"
)

// Config is what a Recorder stands on.
type Config struct {
	// Stalled tells which loop has stood still for longest, and for how long;
	// zero for none. It must not wait for a loop: engine.Server.Stalled.
	Stalled func() (loop int, since time.Duration)

	// After is how long a loop stands still before it is looked at. Default 1 s.
	After time.Duration

	// Trace has the last seconds recorded all the time. It costs every loop
	// some of its throughput.
	Trace bool

	// Log gets a warning for each stall that is kept.
	Log *slog.Logger
}

const (
	keptStalls = 4
	maxStacks  = 1 << 20  // bytes of one stall's stacks
	maxTrace   = 16 << 20 // bytes of one stall's trace
	memory     = 5 * time.Second
	memorySize = 8 << 20 // bytes of trace that the runtime aims at
	pace       = 250 * time.Millisecond
	rest       = time.Minute // between two stalls that are kept
)

// Stall is what is kept of one. It is not changed any more.
type Stall struct {
	ID     int           // 1, 2, ...
	Time   time.Time     // when it was looked at
	Loop   int           // that stood still
	Since  time.Duration // for which it had, then
	Stacks []byte        // of all goroutines, as text
	Trace  []byte        // for `go tool trace`; nil when none was recorded
}

// ErrNoTrace says that no trace is recorded.
var ErrNoTrace = errors.New("no trace is recorded")

// Recorder looks out for loops that stand still.
type Recorder struct {
	// Static after Start.
	cfg     Config
	running sync.WaitGroup
	quit    chan struct{}
	flight  *trace.FlightRecorder // nil: not recorded

	// Owned by the goroutine.
	last   time.Time // when it looked
	taken  time.Time // when the last stall was kept
	inside bool      // the stall that goes on has been seen

	mu     sync.Mutex
	stalls []*Stall // guarded by mu: oldest first
	number int      // guarded by mu: of the newest

	copying sync.Mutex // the runtime makes one copy of the window at a time
}

// Start has a goroutine look out. It fails when the process records a trace
// elsewhere already.
func Start(cfg Config) (*Recorder, error) {
	if cfg.After <= 0 {
		cfg.After = time.Second
	}
	r := &Recorder{cfg: cfg, quit: make(chan struct{})}
	if cfg.Trace {
		r.flight = trace.NewFlightRecorder(trace.FlightRecorderConfig{MinAge: memory, MaxBytes: memorySize})
		if err := r.flight.Start(); err != nil {
			return nil, fmt.Errorf("cannot record a trace: %w", err)
		}
	}
	r.running.Go(r.run)
	return r, nil
}

// Stop returns when nothing of it runs any more. What is kept stays. Nil has
// nothing to stop.
func (r *Recorder) Stop() {
	if r == nil {
		return
	}
	close(r.quit)
	r.running.Wait()
	if r.flight != nil {
		r.copying.Lock()
		defer r.copying.Unlock()
		r.flight.Stop()
	}
}

// Recording tells whether there is a trace.
func (r *Recorder) Recording() bool { return r.flight != nil }

// WriteTrace writes the last seconds up to now. It fails with ErrNoTrace where
// none is recorded.
func (r *Recorder) WriteTrace(w io.Writer) error {
	if r.flight == nil {
		return ErrNoTrace
	}
	b, err := r.window()
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

// Stalls are those that are kept, the newest first.
func (r *Recorder) Stalls() []*Stall {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := slices.Clone(r.stalls)
	slices.Reverse(list)
	return list
}

// Stall gives one by its id, nil when it is not kept any more.
func (r *Recorder) Stall(id int) *Stall {
	for _, s := range r.Stalls() {
		if s.ID == id {
			return s
		}
	}
	return nil
}
