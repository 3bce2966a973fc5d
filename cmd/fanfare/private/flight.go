package private

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"fanfare/cmd/fanfare/flight"
)

// addFlight mounts what is known of loops that stood still.
func addFlight(mux *http.ServeMux, f *flight.Recorder) {
	v := &views{f}
	mux.HandleFunc("GET /debug/trace/flight", v.now)
	mux.HandleFunc("GET /debug/stalls/{$}", v.list)
	mux.HandleFunc("GET /debug/stalls/{id}/goroutines", v.stacks)
	mux.HandleFunc("GET /debug/stalls/{id}/trace", v.trace)
}

// views shows a recorder.
type views struct{ *flight.Recorder }

var noTrace = &refusal{http.StatusNotFound, "no trace is recorded: set metrics.flight_recorder = true, or ask for /debug/pprof/trace?seconds=1, which begins now"}

// now is the trace of the last seconds.
func (v *views) now(w http.ResponseWriter, _ *http.Request) {
	var b bytes.Buffer
	switch err := v.WriteTrace(&b); {
	case errors.Is(err, flight.ErrNoTrace):
		noTrace.answer(w)
	case err != nil:
		(&refusal{http.StatusServiceUnavailable, "cannot copy the trace: " + err.Error()}).answer(w)
	default:
		attach(w, "flight.trace")
		_, _ = b.WriteTo(w) // whoever asked has gone, or is too slow
	}
}

// list is a page of text, a line for each stall.
func (v *views) list(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	list := v.Stalls()
	if len(list) == 0 {
		_, _ = fmt.Fprintln(w, "no loop has stood still")
		return
	}
	for _, s := range list {
		_, _ = fmt.Fprintf(w, "stall %d  %s  loop %d had stood still for %v\n  /debug/stalls/%[1]d/goroutines  %[5]d bytes\n",
			s.ID, s.Time.UTC().Format(time.RFC3339), s.Loop, s.Since.Round(time.Millisecond), len(s.Stacks))
		if s.Trace != nil {
			_, _ = fmt.Fprintf(w, "  /debug/stalls/%d/trace       %d bytes\n", s.ID, len(s.Trace))
		}
	}
}

func (v *views) stacks(w http.ResponseWriter, r *http.Request) {
	if s := v.find(w, r); s != nil {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write(s.Stacks)
	}
}

func (v *views) trace(w http.ResponseWriter, r *http.Request) {
	switch s := v.find(w, r); {
	case s == nil:
	case s.Trace == nil:
		noTrace.answer(w)
	default:
		attach(w, fmt.Sprintf("stall-%d.trace", s.ID))
		_, _ = w.Write(s.Trace)
	}
}

// find gives the stall that a path names, or answers that there is none.
func (v *views) find(w http.ResponseWriter, r *http.Request) *flight.Stall {
	id, err := strconv.Atoi(r.PathValue("id"))
	if s := v.Stall(id); err == nil && s != nil {
		return s
	}
	(&refusal{http.StatusNotFound, "this stall is not kept: /debug/stalls/ has those that are"}).answer(w)
	return nil
}
