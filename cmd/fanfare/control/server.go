//go:build unix

package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Hooks are what a server can be asked for. None of them may wait; all are called
// from several goroutines.
type Hooks struct {
	Log    *slog.Logger
	Status func() Status

	// Pace is that of a drain for which nobody asks otherwise. Drain begins one,
	// and reports false when one is under way.
	Pace  Pace
	Drain func(Pace) (began bool, err error)

	// Upgrade begins one, or says why not. Nil: this server can't.
	Upgrade func(UpgradeRequest) error

	Reload   func()         // nil: there is nothing to reload
	LogLevel *slog.LevelVar // nil: it is not to be changed
}

// Server serves the control socket.
type Server struct {
	Path string

	http  *http.Server
	serve sync.WaitGroup
}

// Serve takes the path, and serves until Close.
func Serve(ctx context.Context, path string, h Hooks) (*Server, error) {
	ln, err := listen(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("cannot make the control socket (control.socket): %w", err)
	}
	s := &Server{Path: path, http: &http.Server{
		Handler:           handler(&h),
		ConnContext:       withPeer,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       5 * time.Second,
		WriteTimeout:      5 * time.Second,
		IdleTimeout:       30 * time.Second,
		MaxHeaderBytes:    8 << 10,
		ErrorLog:          slog.NewLogLogger(h.Log.Handler(), slog.LevelDebug),
	}}
	s.serve.Go(func() {
		if err := s.http.Serve(&guard{listener: ln, log: h.Log, who: whoIs}); !errors.Is(err, http.ErrServerClosed) {
			h.Log.Error("the control socket is no longer served", "path", path, "error", err)
		}
	})
	return s, nil
}

// Close cuts who is connected, and returns when the goroutines are gone. Nil has
// nothing to close.
func (s *Server) Close() error {
	if s == nil {
		return nil
	}
	err := s.http.Close()
	s.serve.Wait()
	return err
}

func handler(h *Hooks) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) { h.answer(w, http.StatusOK) })
	mux.HandleFunc("POST /drain", h.drain)
	mux.HandleFunc("POST /upgrade", h.upgrade)
	mux.HandleFunc("POST /reload", h.reload)
	mux.HandleFunc("GET /log-level", h.getLevel)
	mux.HandleFunc("PUT /log-level", h.setLevel)
	return mux
}

func (h *Hooks) answer(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(h.Status()) // whoever asked may be gone
}

func (h *Hooks) drain(w http.ResponseWriter, r *http.Request) {
	pace := h.Pace
	query := r.URL.Query()
	for name, field := range map[string]*time.Duration{"delay": &pace.Delay, "time": &pace.Time} {
		if !query.Has(name) {
			continue
		}
		var err error
		if *field, err = parsePace(query.Get(name)); err != nil {
			http.Error(w, fmt.Sprintf("%s=%.40q: %v", name, query.Get(name), err), http.StatusBadRequest)
			return
		}
	}
	switch began, err := h.Drain(pace); {
	case err != nil:
		http.Error(w, err.Error(), http.StatusConflict)
	case !began:
		h.answer(w, http.StatusOK)
	default:
		h.note(r, "drain")
		h.answer(w, http.StatusAccepted)
	}
}

func (h *Hooks) upgrade(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	ask := UpgradeRequest{Binary: query.Get("binary"), Check: query.Get("check") == "1"}
	if ask.Binary != "" && !filepath.IsAbs(ask.Binary) {
		http.Error(w, fmt.Sprintf("binary=%.100q: want a path from the root, such as /usr/local/bin/fanfare", ask.Binary), http.StatusBadRequest)
		return
	}
	if h.Upgrade == nil {
		http.Error(w, "this server can't be upgraded in place: drain it, and start another", http.StatusNotImplemented)
		return
	}
	if err := h.Upgrade(ask); err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	h.note(r, "upgrade")
	h.answer(w, http.StatusAccepted)
}

// parsePace reads seconds, as the configuration does.
func parsePace(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if s, notNumber := strconv.ParseFloat(text, 64); notNumber == nil {
		if !(s >= 0 && s <= maxPace.Seconds()) { // nor NaN
			s = -1
		}
		d, err = time.Duration(s*float64(time.Second)), nil
	}
	if err != nil || d < 0 || d > maxPace {
		return 0, fmt.Errorf("want seconds from 0 to %d", int(maxPace.Seconds()))
	}
	return d, nil
}

func (h *Hooks) reload(w http.ResponseWriter, r *http.Request) {
	if h.Reload == nil {
		http.Error(w, "this server has nothing to reload", http.StatusNotImplemented)
		return
	}
	h.note(r, "reload")
	h.Reload()
	h.answer(w, http.StatusAccepted)
}

func (h *Hooks) getLevel(w http.ResponseWriter, _ *http.Request) {
	_, _ = fmt.Fprintln(w, h.Status().LogLevel) // whoever asked may be gone
}

func (h *Hooks) setLevel(w http.ResponseWriter, r *http.Request) {
	if h.LogLevel == nil {
		http.Error(w, "the level of this server's log can't be changed", http.StatusNotImplemented)
		return
	}
	const longest = 64
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, longest))
	level, ok := levels[strings.TrimSpace(string(body))]
	if err != nil || !ok {
		http.Error(w, "want one of debug, info, warn, error", http.StatusBadRequest)
		return
	}
	h.LogLevel.Set(level)
	h.note(r, "log-level "+LevelName(level))
	h.answer(w, http.StatusOK)
}

var levels = map[string]slog.Level{
	"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
}

// LevelName is how the configuration writes a level.
func LevelName(l slog.Level) string { return strings.ToLower(l.String()) }

// note logs who asked for what.
func (h *Hooks) note(r *http.Request, what string) {
	p, _ := r.Context().Value(peerKey{}).(peer)
	h.Log.Info("asked over the control socket", "for", what, "uid", p.uid, "pid", p.pid)
}
