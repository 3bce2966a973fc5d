package engine

import (
	"container/list"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"fanfare/engine/tlsconn"
)

// handshakes are the TLS handshakes under way, of all loops. Each has a goroutine,
// but only so many may compute at a time (Config.Handshakes): a storm of newcomers
// must not take the processors from the loops. Those whose peers have answered go
// before those that have not begun, which wait without a goroutine. Any goroutine.
type handshakes struct {
	config   *tlsconn.Config
	log      *slog.Logger
	maxFresh int // Config.HandshakeQueue
	maxAway  int // Config.HandshakesOpen

	paused atomic.Bool // none begins

	mu      sync.Mutex
	turns   int                       // guarded by mu: how many more may compute
	fresh   list.List                 // guarded by mu: of *hello, that have not begun
	back    list.List                 // guarded by mu: of chan struct{}, whose peers have answered
	away    list.List                 // guarded by mu: of *hello, that wait for their peers, the longest first
	begun   int                       // guarded by mu: that have a goroutine, which may be waiting
	stopped bool                      // guarded by mu
	done    uint64                    // guarded by mu
	resumed uint64                    // guarded by mu
	failure [handshakeFailures]uint64 // guarded by mu

	running sync.WaitGroup
}

func newHandshakes(cfg *Config) (*handshakes, error) {
	config, err := tlsconn.NewConfig(cfg.TLS)
	if err != nil {
		return nil, err
	}
	return &handshakes{
		config: config, log: cfg.Logger, turns: cfg.Handshakes,
		maxFresh: cfg.HandshakeQueue, maxAway: cfg.HandshakesOpen,
	}, nil
}

// begin starts a handshake when its turn comes. It reports whether there was room
// for it to wait.
func (s *handshakes) begin(h *hello) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped || s.turns == 0 && s.fresh.Len() >= s.maxFresh {
		s.failure[failOverload]++
		return false
	}
	h.wait(&s.fresh)
	if s.turns > 0 {
		s.turns--
		s.passLocked()
	}
	return true
}

// wait notes where a handshake waits.
func (h *hello) wait(where *list.List) { h.list, h.place = where, where.PushBack(h) }

func (h *hello) leave() {
	if h.list != nil {
		h.list.Remove(h.place)
		h.list, h.place = nil, nil
	}
}

// passLocked gives a turn to the next.
func (s *handshakes) passLocked() {
	if first := s.back.Front(); first != nil {
		close(s.back.Remove(first).(chan struct{}))
		return
	}
	if first := s.fresh.Front(); first != nil {
		h := first.Value.(*hello)
		h.leave()
		s.begun++
		s.running.Go(func() { s.run(h) })
		return
	}
	s.turns++
}

// run makes a handshake, on a goroutine of its own.
func (s *handshakes) run(h *hello) {
	h.begun.Store(true)
	conn, state, err := s.try(h)
	s.mu.Lock()
	s.passLocked()
	if err == nil {
		s.done++
		if state.DidResume {
			s.resumed++
		}
	}
	s.mu.Unlock()
	if err != nil {
		why := causeOf(err)
		s.failed(why)
		s.log.Debug("TLS handshake failed", "remote", h.client, "cause", why.String(), "error", err)
	}
	h.loop.Post(helloOver{h, conn, state, err})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun-- // the loop knows
}

// errPanicked is that a handshake was our fault.
var errPanicked = errors.New("a panic in the handshake")

// try is Run, of which a panic costs the connection and not the process.
func (s *handshakes) try(h *hello) (conn *tlsconn.Conn, state tls.ConnectionState, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("panic in a TLS handshake; its connection is closed", "panic", p, "remote", h.client, "stack", string(debug.Stack()))
			conn, err = nil, errPanicked
		}
	}()
	return h.Run()
}

// waits is Peer.Idle: a handshake that waits for its peer lets others compute.
func (s *handshakes) waits(h *hello, begins bool) {
	if begins {
		s.departs(h)
		return
	}
	if turn := s.returns(h); turn != nil {
		<-turn
	}
}

// departs also ends the one that waits for the longest time if there are too many.
func (s *handshakes) departs(h *hello) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h.wait(&s.away)
	if s.away.Len() > s.maxAway {
		s.endOldestLocked(errCrowded)
	}
	if s.stopped {
		h.End(errPeerLeft)
	}
	s.passLocked()
}

func (s *handshakes) endOldestLocked(why error) {
	oldest := s.away.Front().Value.(*hello)
	oldest.leave()
	oldest.End(why)
}

// stop ends all that is under way, and returns when it has ended. Nil has nothing
// to end.
func (s *handshakes) stop() {
	if s == nil {
		return
	}
	s.mu.Lock()
	s.stopped = true
	for s.fresh.Len() > 0 {
		s.fresh.Front().Value.(*hello).leave()
	}
	for s.away.Len() > 0 {
		s.endOldestLocked(errPeerLeft)
	}
	s.mu.Unlock()
	s.running.Wait()
}

// returns takes a turn, or gives what to wait for.
func (s *handshakes) returns(h *hello) (turn chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h.leave()
	if s.turns > 0 {
		s.turns--
		return nil
	}
	turn = make(chan struct{})
	s.back.PushBack(turn)
	return turn
}

// end ends a handshake whose connection is going away.
func (s *handshakes) end(h *hello, why error) {
	s.mu.Lock()
	fresh := h.list == &s.fresh
	if fresh {
		h.leave()
		s.failure[causeOf(why)]++
	}
	s.mu.Unlock()
	if !fresh {
		h.End(why)
	}
}

func (s *handshakes) failed(why HandshakeFailure) {
	s.mu.Lock()
	s.failure[why]++
	s.mu.Unlock()
}

// HandshakeFailure is why a TLS handshake came to nothing.
type HandshakeFailure uint8

const (
	failPeer     HandshakeFailure = iota // the peer went away
	failTimeout                          // not over within Config.HeadTimeout
	failCrowded                          // Config.HandshakesOpen
	failOverload                         // Config.HandshakeQueue
	failNotTLS                           // it did not begin with one
	failRefused                          // we could not agree with it: version, cipher, protocol, certificate
	failRejected                         // the peer did not agree with us: an unknown authority, mostly
	failPanic                            // our fault
	handshakeFailures
)

var handshakeFailureNames = [handshakeFailures]string{
	"peer", "timeout", "crowded", "overload", "not_tls", "refused", "rejected", "panic",
}

// String gives the name that logs and metrics print.
func (f HandshakeFailure) String() string { return handshakeFailureNames[f] }

func causeOf(err error) HandshakeFailure {
	var header tls.RecordHeaderError
	var op *net.OpError
	switch {
	case errors.Is(err, errPeerLeft):
		return failPeer
	case errors.Is(err, errHelloLate):
		return failTimeout
	case errors.Is(err, errCrowded):
		return failCrowded
	case errors.Is(err, errPanicked):
		return failPanic
	case errors.As(err, &header):
		return failNotTLS
	case errors.As(err, &op) && op.Op == "remote error":
		return failRejected
	}
	return failRefused
}

// Handshakes is what became of TLS handshakes so far, and how many are under way.
type Handshakes struct {
	Done, Resumed uint64
	Queued, Away  int // those that wait for their turn, and for their peers
	Open          int // both, and those that compute: all of which the loop has yet to hear the end
	failed        [handshakeFailures]uint64
}

// EachFailed visits the handshakes that came to nothing, by cause.
func (s *Handshakes) EachFailed(visit func(f HandshakeFailure, n uint64)) {
	for i, n := range s.failed {
		visit(HandshakeFailure(i), n)
	}
}

func (s *handshakes) stats() Handshakes {
	if s == nil {
		return Handshakes{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return Handshakes{Done: s.done, Resumed: s.resumed, Queued: s.fresh.Len(), Away: s.away.Len(), Open: s.fresh.Len() + s.begun, failed: s.failure}
}
