package flight

import (
	"bytes"
	"errors"
	"runtime"
	"time"
)

func (r *Recorder) run() {
	every := time.NewTicker(pace)
	defer every.Stop()
	r.last = time.Now()
	for {
		select {
		case <-r.quit:
			return
		case <-every.C:
			r.look(time.Now())
		}
	}
}

// look keeps a stall that has begun since it last looked, unless it was late
// itself: then all of the process stood still, and there is nothing to see.
func (r *Recorder) look(now time.Time) {
	late := now.Sub(r.last) > 3*pace
	r.last = now
	loop, since := r.cfg.Stalled()
	switch {
	case since < r.cfg.After:
		r.inside = false
	case late, r.inside:
	default:
		r.inside = true
		if r.taken.IsZero() || now.Sub(r.taken) >= rest {
			r.taken = now
			r.keep(&Stall{Time: now, Loop: loop, Since: since})
		}
	}
}

// keep completes a stall and puts it in the place of the oldest.
func (r *Recorder) keep(s *Stall) {
	s.Stacks = stacks()
	if r.flight != nil {
		var err error
		if s.Trace, err = r.window(); err != nil {
			r.cfg.Log.Warn("the trace of a loop that stands still could not be kept", "loop", s.Loop, "error", err)
		}
	}
	r.mu.Lock()
	r.number++
	s.ID = r.number
	if len(r.stalls) == keptStalls {
		copy(r.stalls, r.stalls[1:])
		r.stalls = r.stalls[:keptStalls-1]
	}
	r.stalls = append(r.stalls, s)
	r.mu.Unlock()
	r.cfg.Log.Warn("a loop stands still: what it does is kept, to be seen at the address that serves the metrics",
		"loop", s.Loop, "for", s.Since.Round(time.Millisecond), "path", "/debug/stalls/", "stall", s.ID, "trace_bytes", len(s.Trace))
}

// stacks gives the stacks of all goroutines, cut at maxStacks. The world stops
// meanwhile; there are some dozens of them.
func stacks() []byte {
	b := make([]byte, 64<<10)
	for {
		n := runtime.Stack(b, true)
		if n < len(b) || len(b) == maxStacks {
			return bytes.Clone(b[:n])
		}
		b = make([]byte, min(2*len(b), maxStacks))
	}
}

// window is a copy of what the flight recorder has.
func (r *Recorder) window() ([]byte, error) {
	r.copying.Lock()
	defer r.copying.Unlock()
	var b bounded
	if _, err := r.flight.WriteTo(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// bounded is a buffer that takes up to maxTrace: the runtime treats its own
// limit as a hint.
type bounded struct{ bytes.Buffer }

var errLargeTrace = errors.New("the trace of the last seconds is larger than 16 MiB")

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxTrace {
		return 0, errLargeTrace
	}
	return b.Buffer.Write(p)
}
