//go:build unix

package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// Hold is all loops of a server in one hand. A loop that is held serves no I/O: what
// clients send waits in their sockets. It still takes its turns, so that what was on
// its way arrives, until somebody works on it (Each): from then on it is still.
//
// A Hold must be let go of before the server ends. Its methods are for one goroutine,
// which is none of the loops.
type Hold struct {
	server *Server
	grips  []*grip // of the loops that have had a connection
}

// grip holds one loop, whose goroutine stays within Run.
type grip struct {
	// Static.
	loop *Loop
	here chan struct{}    // closed when the loop has come
	due  chan struct{}    // holds a token when a turn is due
	work chan func(*Loop) // to be run on the loop
	free chan struct{}    // closed when the loop is let go

	turns atomic.Uint64 // taken while held

	still bool // no more turns. Owned by the loop
}

// Hold takes hold of the loops, and returns when all have come: within the time of
// a turn. It fails when ctx or the server ends before. One at a time.
func (s *Server) Hold(ctx context.Context) (*Hold, error) {
	h := &Hold{server: s}
	for i, l := range s.loops {
		if g := s.sockets.hold(l); g != nil {
			h.grips = append(h.grips, g)
		} else if s.sockets.attached(s.loops[i]) {
			h.Release()
			return nil, errors.New("engine: the loops are held already, or about to end")
		}
	}
	for _, g := range h.grips {
		select {
		case <-g.here:
		case <-s.done:
			return nil, fmt.Errorf("engine: cannot hold the loops: %w", errEnded)
		case <-ctx.Done():
			h.Release()
			return nil, fmt.Errorf("engine: loop %d does not stop: %w", g.loop.index, ctx.Err())
		}
	}
	return h, nil
}

var errEnded = errors.New("the server has ended")

// hold asks a loop to come; nil when there is none, or somebody holds it.
func (t *sockets) hold(l *Loop) *grip {
	t.mu.Lock()
	defer t.mu.Unlock()
	el := t.loopsOf[l.index]
	if el == nil || t.deaf || t.grips[l.index] != nil {
		return nil
	}
	g := &grip{
		loop: l, here: make(chan struct{}), due: make(chan struct{}, 1),
		work: make(chan func(*Loop)), free: make(chan struct{}),
	}
	if el.Execute(context.Background(), g) != nil {
		return nil
	}
	t.grips[l.index] = g
	return g
}

// rouse asks for a turn. Any goroutine.
func (g *grip) rouse() {
	select {
	case g.due <- struct{}{}:
	default: // it is known
	}
}

// Run is a task of gnet's, in which the loop stays until it is let go.
func (g *grip) Run(context.Context) error {
	l := g.loop
	l.held = g
	close(g.here)
	for free := false; !free; {
		select {
		case <-g.due:
			g.turn()
		case f := <-g.work:
			g.still = true
			f(l)
		case <-g.free:
			free = true
		}
	}
	l.held = nil
	l.Turn() // whoever woke it while it was held has not been heard
	return nil
}

func (g *grip) turn() {
	if !g.still {
		g.turns.Add(1)
		g.loop.Turn()
	}
}

// Settle waits until nothing is on its way inside the server: no job with the
// workers, nothing in a mailbox, nothing to be sent to a socket that would take it.
// Whoever else posts or submits has to be kept from it. The error says what does not
// come to rest.
func (h *Hold) Settle(ctx context.Context) error {
	look := time.NewTicker(200 * time.Microsecond)
	defer look.Stop()
	for !h.settled() {
		select {
		case <-look.C:
		case <-h.server.done:
			return errEnded
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", h.restless(), ctx.Err())
		}
	}
	return nil
}

// settled looks twice: what one loop has while another is looked at, it may have from
// a turn or a job of meanwhile.
func (h *Hold) settled() bool {
	jobs, idle := h.server.workers.idle()
	turns := h.turns()
	for _, g := range h.grips {
		idle = idle && g.loop.mail.idle()
	}
	again, _ := h.server.workers.idle()
	return idle && again == jobs && h.turns() == turns
}

func (h *Hold) turns() (sum uint64) {
	for _, g := range h.grips {
		sum += g.turns.Load()
	}
	return sum
}

func (h *Hold) restless() string {
	w := h.server.workers
	if n := w.taken.Load() - w.ended.Load(); n > 0 {
		return fmt.Sprintf("%d jobs are still with the workers", n)
	}
	return "the loops still have work"
}

// Each runs f on all loops at once, and returns when it has come back from all. From
// then on, the loops take no turns. A panic in f becomes an error.
func (h *Hold) Each(f func(*Loop)) error {
	errs := make([]error, len(h.grips))
	var running sync.WaitGroup
	for i, g := range h.grips {
		running.Add(1)
		g.work <- func(l *Loop) {
			defer running.Done()
			defer func() {
				if p := recover(); p != nil {
					errs[i] = fmt.Errorf("engine: panic on loop %d: %v\n%s", l.index, p, debug.Stack())
				}
			}()
			f(l)
		}
	}
	running.Wait()
	return errors.Join(errs...)
}

// Release lets go of the loops: they go on where they stopped.
func (h *Hold) Release() {
	t := h.server.sockets
	t.mu.Lock()
	for _, g := range h.grips {
		t.grips[g.loop.index] = nil
	}
	t.mu.Unlock()
	for _, g := range h.grips {
		close(g.free)
	}
	h.grips = nil
}
