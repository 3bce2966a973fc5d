package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
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
	addrs   []string  // as clients know them
	secure  []string  // of those the ones that speak TLS
	claimed []string  // of those the ones that nobody listened on before
	places  []string  // that gnet listens on: addrs, but for heirs
	sealed  []string  // of those the ones that speak TLS
	heirs   inherited // the sockets of Config.Listeners and TLSListeners
	sockets *sockets
	workers *workers
	budget  budget
	input   inputBudget
	shakes  *handshakes // nil: no TLS
	max     int64

	open     atomic.Int64  // sockets open now
	refused  atomic.Uint64 // sockets closed at once
	retiring atomic.Bool   // StopListening was called: answers say so
	closed   atomic.Bool   // newcomers are refused
	stopping atomic.Bool   // the loops are about to end
	done     chan struct{} // closed when the loops have ended
	err      error         // why, once done is closed
}

// New checks the configuration and prepares a server.
func New(cfg Config, h Handler) (*Server, error) {
	cfg.SetDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	max, err := connectionLimit(cfg.MaxConnections, cfg.KeptDescriptors())
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, handler: h, max: int64(max), done: make(chan struct{})}
	s.budget.limit, s.input.limit = cfg.QueueBudget, cfg.InputBudget
	if cfg.TLS != nil {
		s.shakes, err = newHandshakes(&s.cfg)
	}
	return s, err
}

// Start listens and returns once connections are served, or with the reason
// why they can't be: an address that is taken, for one.
func (s *Server) Start() (err error) {
	plain, err := s.occupy(s.cfg.Addrs, s.cfg.Listeners)
	defer func() { plain.release(s.cfg.Late && err == nil) }()
	if err != nil {
		closeFiles(s.cfg.TLSListeners)
		return err
	}
	secure, err := s.occupy(s.cfg.TLSAddrs, s.cfg.TLSListeners)
	defer func() { secure.release(s.cfg.Late && err == nil) }()
	if err != nil {
		return err
	}
	s.closed.Store(s.cfg.Late) // nobody is served at the places that stand for the sockets
	s.heirs = slices.Concat(plain.inherited, secure.inherited)
	s.addrs, s.secure = slices.Concat(plain.addrs(), secure.addrs()), secure.addrs()
	s.claimed = slices.Concat(plain.claimed.addrs, secure.claimed.addrs)
	s.places, s.sealed = slices.Concat(plain.places(), secure.places()), secure.places()
	if s.workers, err = newWorkers(s.cfg.Workers, s.cfg.WorkerQueue, s.cfg.Logger); err != nil {
		return fmt.Errorf("cannot start the worker pool: %w", err)
	}
	if err = s.startLoops(); err != nil {
		s.workers.stop()
	}
	return err
}

// held are addresses that the server is about to listen on, and sockets that do
// already.
type held struct {
	*claimed
	inherited
}

// occupy makes sure of them. It owns the files.
func (s *Server) occupy(addrs []string, files []*os.File) (h held, err error) {
	h.claimed = &claimed{}
	if h.inherited, err = inherit(files, s.cfg.Loops); err != nil {
		return h, err
	}
	claimed, err := claim(addrs)
	if err == nil {
		h.claimed = claimed
	}
	return h, err
}

// release lets go of what gnet has by now. What a server that is Late inherits it
// still needs.
func (h held) release(late bool) {
	h.claimed.release()
	if !late {
		h.inherited.release()
	}
}

// addrs are those that clients know, and places those that gnet is to listen on.
func (h held) addrs() []string  { return slices.Concat(h.claimed.addrs, h.inherited.addrs()) }
func (h held) places() []string { return slices.Concat(h.claimed.addrs, h.inherited.places()) }

func (s *Server) startLoops() error {
	var err error
	if s.sockets, err = newSockets(s); err != nil {
		return fmt.Errorf("cannot watch sockets: %w", err)
	}
	for i := range s.cfg.Loops {
		l := NewLoop(&s.cfg, i, s.handler, s.sockets)
		l.server, l.budget, l.input, l.shakes = s, &s.budget, &s.input, s.shakes
		s.loops = append(s.loops, l)
	}
	return s.sockets.start()
}

// Addrs are the addresses listened on, with the ports that were chosen.
func (s *Server) Addrs() []string { return s.addrs }

// TLSAddrs are those of them that speak TLS.
func (s *Server) TLSAddrs() []string { return s.secure }

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
	return s.eachLoop(ctx, func(l *Loop) { l.Each(visit) })
}

// eachLoop is for all loops that have had a connection.
func (s *Server) eachLoop(ctx context.Context, visit func(*Loop)) error {
	seen := make(chan struct{}, len(s.loops))
	asked := 0
	for _, l := range s.loops {
		if !s.sockets.attached(l) {
			continue // it never had a connection
		}
		asked++
		l.Post(TaskFunc(func(l *Loop) {
			defer func() { seen <- struct{}{} }()
			visit(l)
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

// StopListening gives the ports to others: a successor can have them when it
// returns. Connections live on, and answers to requests tell the client to open
// another one next time. Where the system does not let go of listeners,
// newcomers are closed at once instead. Any goroutine; a second call does
// nothing.
func (s *Server) StopListening() {
	if !s.retiring.Swap(true) && !s.sockets.stopListening() {
		s.closed.Store(true)
	}
}

// Shutdown stops listening, has goodbye say the last words to every upgraded
// connection (on its loop: typically c.Close with a code), ends the others,
// and returns when all are gone or ctx ends; what is left then is closed
// without a word, and the error is a CutError. StopListening and Farewell before
// it make a polite end.
func (s *Server) Shutdown(ctx context.Context, goodbye func(*Conn)) error {
	if !s.stopping.CompareAndSwap(false, true) {
		return errors.New("engine: already shutting down")
	}
	s.StopListening()
	s.closed.Store(true)
	err := s.drain(ctx, goodbye)
	s.workers.stop() // first: jobs post to loops, and so do handshakes
	s.shakes.stop()
	s.sockets.stop()
	return err
}

// CutError is how many connections were closed without a word, because the time
// for a shutdown was over.
type CutError int64

func (e CutError) Error() string {
	return fmt.Sprintf("%d of the connections did not end in time and were cut", int64(e))
}

// drain ends all connections and waits for the last to go. It goes round
// again for those that were in the middle of a request the first time.
func (s *Server) drain(ctx context.Context, goodbye func(*Conn)) error {
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for round := 0; s.open.Load() > 0; round++ {
		if round%100 == 0 {
			if err := s.EachConn(ctx, func(c *Conn) { c.dismiss(goodbye, round > 0) }); err != nil && ctx.Err() == nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return CutError(s.open.Load())
		case <-look.C:
		}
	}
	return nil
}

// dismiss ends a connection that is not in the middle of a request. Whoever has
// made none yet may have connected this moment: it is ended only when all are.
func (c *Conn) dismiss(goodbye func(*Conn), all bool) {
	switch {
	case c.state == stateOpen:
		goodbye(c)
	case c.state == stateHello && all, c.state == stateHTTP && c.in == nil && (all || c.has(flagKeepAlive)):
		c.linger(CauseShutdown)
	}
}

// Stats adds up what the loops have counted. The server has started.
func (s *Server) Stats() Stats {
	st := Stats{
		Loops: len(s.loops), QueuedBytes: s.budget.used.Load(), InputBytes: s.input.used.Load(), Refused: s.refused.Load(),
		QueueLimit: s.cfg.QueueBudget, MailboxLimit: s.cfg.MailboxBytes, InputLimit: s.cfg.InputBudget,
		Handshakes: s.shakes.stats(),
		Jobs:       len(s.workers.queue), RefusedJobs: s.workers.refused.Load(),
	}
	for _, l := range s.loops {
		st.add(l)
	}
	return st
}

// MaxConnections is the number of connections at which newcomers are refused.
func (s *Server) MaxConnections() int { return int(s.max) }
