package private

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	httppprof "net/http/pprof"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
	"strconv"
	"sync"
	"time"
)

const (
	maxSeconds     = 60       // of a profile
	maxTrace       = 64 << 20 // bytes of an execution trace; it ends there
	blockRate      = 10_000   // nanoseconds of waiting for one sample
	mutexRate      = 10       // contended locks for one sample
	traceSeconds   = 1
	profileSeconds = 30
	waitSeconds    = 10 // of profiles of waiting
)

// kind is one of the profiles.
type kind struct {
	name, what string
	usual      int // seconds when none are asked for; 0: it is there at once
	serve      func(p *profiles, w http.ResponseWriter, r *http.Request, seconds int) error
}

// kinds are the profiles that there are, the most wanted first.
var kinds = []kind{
	{"profile", "where CPU time goes", profileSeconds, (*profiles).cpu},
	{"heap", "memory in use, by who took it", 0, lookup("heap")},
	{"allocs", "memory ever taken, by who took it", 0, lookup("allocs")},
	{"goroutine", "stacks of all goroutines (?debug=2 as text)", 0, lookup("goroutine")},
	{"block", "where goroutines wait for each other", waitSeconds, (*profiles).block},
	{"mutex", "who holds locks that others wait for", waitSeconds, (*profiles).mutex},
	{"threadcreate", "what has started threads", 0, lookup("threadcreate")},
	{"trace", "everything that goroutines did, for go tool trace", traceSeconds, (*profiles).trace},
}

// profiles serves runtime/pprof's profiles, one that takes time at a time.
type profiles struct{ busy sync.Mutex }

// addProfiles mounts them by hand: package net/http/pprof has its own on
// http.DefaultServeMux, which nobody serves.
func addProfiles(mux *http.ServeMux, cfg *Config) {
	if !cfg.Profiles {
		off := &refusal{http.StatusNotFound, "profiles are switched off: set metrics.profiles = true"}
		mux.HandleFunc("/debug/pprof/", func(w http.ResponseWriter, _ *http.Request) { off.answer(w) })
		return
	}
	p := new(profiles)
	for _, k := range kinds {
		mux.HandleFunc("GET /debug/pprof/"+k.name, func(w http.ResponseWriter, r *http.Request) { p.take(k, w, r) })
	}
	mux.Handle("GET /debug/pprof/{$}", http.RedirectHandler("../../", http.StatusFound))
}

// take serves one profile, unless another is being made.
func (p *profiles) take(k kind, w http.ResponseWriter, r *http.Request) {
	seconds, no := secondsOf(r, k.usual)
	if no != nil {
		no.answer(w)
		return
	}
	if seconds > 0 {
		if !p.busy.TryLock() {
			w.Header().Set("Retry-After", strconv.Itoa(seconds))
			(&refusal{http.StatusConflict, "another profile is being made: one is at a time, ask again when it is done"}).answer(w)
			return
		}
		defer p.busy.Unlock()
		allowAnswer(w, time.Duration(seconds)*time.Second)
	}
	if err := k.serve(p, w, r, seconds); err != nil && r.Context().Err() == nil {
		(&refusal{http.StatusInternalServerError, "cannot make the profile: " + err.Error()}).answer(w)
	}
}

// secondsOf reads how long a profile is to take.
func secondsOf(r *http.Request, usual int) (int, *refusal) {
	text := r.URL.Query().Get("seconds")
	if text == "" {
		return usual, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > maxSeconds {
		return 0, &refusal{http.StatusBadRequest, fmt.Sprintf("seconds=%.20q: want a whole number from 0 to %d", text, maxSeconds)}
	}
	if n == 0 {
		return usual, nil
	}
	return n, nil
}

// lookup serves a profile that is there, or how it changes in some seconds.
func lookup(name string) func(*profiles, http.ResponseWriter, *http.Request, int) error {
	h := httppprof.Handler(name)
	return func(_ *profiles, w http.ResponseWriter, r *http.Request, _ int) error {
		h.ServeHTTP(w, r)
		return nil
	}
}

func (p *profiles) cpu(w http.ResponseWriter, r *http.Request, seconds int) error {
	var b bytes.Buffer
	if err := pprof.StartCPUProfile(&b); err != nil {
		return err
	}
	wait(r.Context(), seconds)
	pprof.StopCPUProfile()
	return send(w, r, "profile", &b)
}

// trace makes an execution trace. It is collected first: with a reader that
// hangs the runtime would pile it up without a bound.
func (p *profiles) trace(w http.ResponseWriter, r *http.Request, seconds int) error {
	ctx, full := context.WithCancel(r.Context())
	defer full()
	b := &capped{full: full}
	if err := trace.Start(b); err != nil {
		return err
	}
	wait(ctx, seconds)
	trace.Stop()
	return send(w, r, "trace", &b.Buffer)
}

// block samples waiting for as long as is asked: it is too dear to go on all the
// time.
func (p *profiles) block(w http.ResponseWriter, r *http.Request, seconds int) error {
	runtime.SetBlockProfileRate(blockRate)
	defer runtime.SetBlockProfileRate(0)
	return changes("block", w, r, seconds)
}

func (p *profiles) mutex(w http.ResponseWriter, r *http.Request, seconds int) error {
	before := runtime.SetMutexProfileFraction(mutexRate)
	defer runtime.SetMutexProfileFraction(before)
	return changes("mutex", w, r, seconds)
}

// changes serves what a profile gets within some seconds.
func changes(name string, w http.ResponseWriter, r *http.Request, seconds int) error {
	q := r.URL.Query()
	q.Set("seconds", strconv.Itoa(seconds))
	r = r.Clone(r.Context())
	r.URL.RawQuery = q.Encode()
	httppprof.Handler(name).ServeHTTP(w, r)
	return nil
}

// wait returns after some seconds, or when nobody waits any more.
func wait(ctx context.Context, seconds int) {
	done := time.NewTimer(time.Duration(seconds) * time.Second)
	defer done.Stop()
	select {
	case <-done.C:
	case <-ctx.Done():
	}
}

// send answers with a file.
func send(w http.ResponseWriter, r *http.Request, name string, b *bytes.Buffer) error {
	if err := r.Context().Err(); err != nil {
		return err
	}
	attach(w, name)
	_, _ = b.WriteTo(w) // whoever asked has gone, or is too slow
	return nil
}

func attach(w http.ResponseWriter, name string) {
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
}

// capped is a buffer that calls full when it has maxTrace bytes. What comes
// then is the end of the trace, which is small.
type capped struct {
	bytes.Buffer

	full func()
}

var errFull = errors.New("the trace is too large")

// Write implements io.Writer.
func (c *capped) Write(p []byte) (int, error) {
	if c.Len() >= maxTrace {
		c.full()
	}
	if c.Len() >= 2*maxTrace {
		return 0, errFull
	}
	return c.Buffer.Write(p)
}
