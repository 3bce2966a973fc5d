package private

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"fanfare/cmd/fanfare/flight"
)

// Config is what a Server serves, and to whom.
type Config struct {
	Log *slog.Logger

	// Host is the configured name of the addresses, which requests may name too.
	Host string

	// Token is asked of everybody; empty: of nobody.
	Token string

	// Profiles has /debug/pprof/ served.
	Profiles bool

	// Inherited are sockets that listen already. One on an address that is to be
	// served is taken instead of a new one. They stay the caller's.
	Inherited []*os.File

	// Metrics answers GET /metrics.
	Metrics http.Handler

	// Usage answers GET /usage, as soketi has it; nil: nobody asks for that.
	Usage http.Handler

	// Flight has what is known of stalled loops.
	Flight *flight.Recorder

	// About tells what the index says of the node. Any goroutine.
	About func() About
}

// About is what a node says of itself.
type About struct {
	Version, Commit string
	Phase           string // of its life: ready
	Since           time.Time
	Connections     int
}

// Server is the private port. Its methods are for the goroutine that called
// Start.
type Server struct {
	http  *http.Server
	addrs []string
	open  []net.Listener // on addrs
	serve sync.WaitGroup // one for each address
}

const (
	maxHead        = 16 << 10 // bytes
	maxConnections = 32       // of one address; they come out of engine.Headroom
	headTime       = 10 * time.Second
	idleTime       = 2 * time.Minute
	answerTime     = 30 * time.Second // beside what a profile takes
)

// Start listens on the addresses and serves until Close. When it fails,
// nothing is left behind.
func Start(ctx context.Context, cfg Config, addrs []string) (*Server, error) {
	s := &Server{http: &http.Server{
		Handler:           newGuard(&cfg, routes(&cfg)),
		ReadHeaderTimeout: headTime,
		ReadTimeout:       headTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHead,

		DisableGeneralOptionsHandler: true, // it would answer OPTIONS * before the guard is asked
		ErrorLog:                     slog.NewLogLogger(cfg.Log.Handler(), slog.LevelDebug),
	}}
	for _, addr := range addrs {
		ln, err := cfg.listen(ctx, addr)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("cannot serve metrics on %s (metrics.host, metrics.port): %w", addr, err), s.Close())
		}
		s.addrs, s.open = append(s.addrs, ln.Addr().String()), append(s.open, ln)
		s.serve.Go(func() {
			if err := s.http.Serve(newLimit(ln, maxConnections)); !errors.Is(err, http.ErrServerClosed) {
				cfg.Log.Error("metrics are no longer served", "addr", addr, "error", err)
			}
		})
	}
	return s, nil
}

// listen finds the address among the inherited sockets, or takes it.
func (cfg *Config) listen(ctx context.Context, addr string) (net.Listener, error) {
	for _, f := range cfg.Inherited {
		ln, err := net.FileListener(f)
		if err != nil {
			return nil, fmt.Errorf("cannot serve the inherited socket %q: %w", f.Name(), err)
		}
		if serves(ln.Addr().String(), addr) {
			return ln, nil
		}
		_ = ln.Close() // it is a copy
	}
	return listen(ctx, addr)
}

// serves tells whether an address is the wanted one, whose port 0 is any.
func serves(addr, wanted string) bool {
	if host, port, _ := net.SplitHostPort(wanted); port == "0" {
		is, _, _ := net.SplitHostPort(addr)
		return is == host
	}
	return addr == wanted
}

// Each visits the sockets that listen, by their descriptors, which are borrowed. Nil has
// none.
func (s *Server) Each(visit func(addr string, descriptor int)) error {
	if s == nil {
		return nil
	}
	for _, ln := range s.open {
		raw, err := ln.(*net.TCPListener).SyscallConn()
		if err == nil {
			err = raw.Control(func(fd uintptr) { visit(ln.Addr().String(), int(fd)) })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// listen takes the address and no other: with Go's "tcp" 0.0.0.0 would stand
// for every IPv6 address too, which nobody has asked for.
func listen(ctx context.Context, addr string) (net.Listener, error) {
	network := "tcp6"
	if a, err := netip.ParseAddrPort(addr); err != nil || a.Addr().Is4() {
		network = "tcp4"
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, network, addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, errors.New("another program listens there; stop it or choose another port")
	}
	return ln, err
}

// Addrs are the addresses that are listened on, host:port.
func (s *Server) Addrs() []string { return s.addrs }

// Close ends open requests and returns when the goroutines are gone.
func (s *Server) Close() error {
	err := s.http.Close()
	s.serve.Wait()
	return err
}

// routes are the paths that there are.
func routes(cfg *Config) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", cfg.Metrics)
	if cfg.Usage != nil {
		mux.Handle("GET /usage", cfg.Usage)
	}
	mux.Handle("GET /{$}", &index{cfg})
	addProfiles(mux, cfg)
	addFlight(mux, cfg.Flight)
	return mux
}
