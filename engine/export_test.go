package engine

import (
	"context"
	"fmt"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// QueuedBytes is what the budget of a loop without a server counts.
func (l *Loop) QueuedBytes() int64 { return l.budget.used.Load() }

// HeldBytes is what the budget for unfinished input of a loop without a server counts.
func (l *Loop) HeldBytes() int64 { return l.input.used.Load() }

// Snapshot gives the statistics of a loop without a server.
func (l *Loop) Snapshot() Stats {
	var s Stats
	l.publish()
	s.add(l)
	return s
}

// PendingBytes is the memory that the loop holds for what waits to be sent to
// connections that keep up, in bytes, its frames not counted.
func (l *Loop) PendingBytes() (n int) {
	for i := range l.runs.generations {
		g := &l.runs.generations[i]
		n += cap(g.runs)*int(unsafe.Sizeof(run{})) + cap(g.pieces)*int(unsafe.Sizeof(piece{})) + cap(g.bytes)
	}
	return n
}

// HasBell tells whether what the loop rings is heard. The loop has a connection.
func (s *Server) HasBell(loop int) bool {
	s.sockets.awaitBells()
	b := s.sockets.bells[loop]
	return b != nil && b.ring()
}

// Doing is what a connection is in the middle of.
func (c *Conn) Doing() string { return fmt.Sprintf("state %d, flags %b", c.state, c.flags) }

// Call asks the loop for a sign of life, as the ticker does.
func (l *Loop) Call() { l.call() }

// CutRope takes the bell's other end away.
func (s *Server) CutRope(loop int) error {
	return unix.Shutdown(s.sockets.bells[loop].rope, unix.SHUT_RDWR)
}

// Farewell is Server.Farewell for loops that a test drives.
func Farewell(ctx context.Context, over time.Duration, goodbye func(*Conn), loops ...*Loop) error {
	return farewell(ctx, over, goodbye, loops, nil)
}
