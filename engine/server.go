package engine

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// Server runs the loops. Make one with New, start it, shut it down; it can't
// be started twice. Its methods may be called from any goroutine.
type Server struct {
	// Static after Start.
	cfg     Config
	handler Handler
	loops   []*Loop
	addrs   []string
	sockets *sockets
	workers *workers
	budget  budget
	input   inputBudget
	max     int64

	open     atomic.Int64  // sockets open now
	refused  atomic.Uint64 // sockets closed at once, far over the limit
	draining atomic.Bool
	done     chan struct{} // closed when the loops have ended
	err      error         // why, once done is closed
}

// New checks the configuration and prepares a server.
func New(cfg Config, h Handler) (*Server, error) {
	cfg.SetDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	max, err := connectionLimit(cfg.MaxConnections, Headroom+cfg.Reserved+cfg.Loops*(loopDescriptors+len(cfg.Addrs)))
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, handler: h, max: int64(max), done: make(chan struct{})}
	s.budget.limit, s.input.limit = cfg.QueueBudget, cfg.InputBudget
	return s, nil
}

// Start listens and returns once connections are served, or with the reason
// why they can't be: an address that is taken, for one.
func (s *Server) Start() error {
	ports, err := claim(s.cfg.Addrs)
	if err != nil {
		return err
	}
	defer ports.release()
	s.addrs = ports.addrs
	if s.workers, err = newWorkers(s.cfg.Workers, s.cfg.WorkerQueue, s.cfg.Logger); err != nil {
		return fmt.Errorf("cannot start the worker pool: %w", err)
	}
	if err := s.startLoops(); err != nil {
		s.workers.stop()
		return err
	}
	return nil
}

func (s *Server) startLoops() error {
	var err error
	if s.sockets, err = newSockets(s); err != nil {
		return fmt.Errorf("cannot watch sockets: %w", err)
	}
	for i := range s.cfg.Loops {
		l := NewLoop(&s.cfg, i, s.handler, s.sockets)
		l.server, l.budget, l.input = s, &s.budget, &s.input
		s.loops = append(s.loops, l)
	}
	return s.sockets.start()
}

// Addrs are the addresses listened on, with the ports that were chosen.
func (s *Server) Addrs() []string { return s.addrs }

// Loops is the number of loops.
func (s *Server) Loops() int { return len(s.loops) }

// Loop gives a loop by its index.
func (s *Server) Loop(i int) *Loop { return s.loops[i] }

// Submit gives a job to the worker pool: whatever may wait or take long. It
// comes back with Loop.Post. ErrPoolFull when the queue is full.
func (s *Server) Submit(job func()) error { return s.workers.submit(job) }

// Done is closed when the server has ended. Err then tells why: nil after
// Shutdown.
func (s *Server) Done() <-chan struct{} { return s.done }

// Err is the reason why the server ended, once Done is closed.
func (s *Server) Err() error {
	<-s.done
	return s.err
}

// EachConn calls visit for every connection, on the connection's loop, and
// returns when all loops are through or ctx ends.
func (s *Server) EachConn(ctx context.Context, visit func(*Conn)) error {
	seen := make(chan struct{}, len(s.loops))
	asked := 0
	for _, l := range s.loops {
		if !s.sockets.attached(l) {
			continue // it never had a connection
		}
		asked++
		l.Post(TaskFunc(func(l *Loop) {
			defer func() { seen <- struct{}{} }()
			l.Each(visit)
		}))
	}
	for range asked {
		select {
		case <-seen:
		case <-s.done:
			return s.err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Shutdown stops listening, has goodbye say the last words to every upgraded
// connection (on its loop: typically c.Close with a code), ends the others,
// and returns when all are gone or ctx ends; what is left then is closed
// without a word.
func (s *Server) Shutdown(ctx context.Context, goodbye func(*Conn)) error {
	if !s.draining.CompareAndSwap(false, true) {
		return errors.New("engine: already shutting down")
	}
	s.sockets.stopListening()
	err := s.drain(ctx, goodbye)
	s.workers.stop() // first: jobs post to loops
	s.sockets.stop()
	return err
}

// drain ends all connections and waits for the last to go. It goes round
// again for those that were in the middle of a request the first time.
func (s *Server) drain(ctx context.Context, goodbye func(*Conn)) error {
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for round := 0; s.open.Load() > 0; round++ {
		if round%100 == 0 {
			if err := s.EachConn(ctx, func(c *Conn) { c.dismiss(goodbye) }); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d connections did not end in time and were cut", s.open.Load())
		case <-look.C:
		}
	}
	return nil
}

// dismiss ends a connection that is not in the middle of a request.
func (c *Conn) dismiss(goodbye func(*Conn)) {
	switch {
	case c.state == stateOpen:
		goodbye(c)
	case c.state == stateHTTP && c.in == nil:
		c.linger(CauseShutdown)
	}
}

// Stats adds up what the loops have counted.
func (s *Server) Stats() Stats {
	st := Stats{Loops: len(s.loops), QueuedBytes: s.budget.used.Load(), InputBytes: s.input.used.Load(), Refused: s.refused.Load()}
	for _, l := range s.loops {
		st.add(l)
	}
	return st
}

// MaxConnections is the number of connections at which newcomers are refused.
func (s *Server) MaxConnections() int { return int(s.max) }
