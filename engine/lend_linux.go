package engine

import (
	"context"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// A connection's descriptor can be lent to another process, which is to go on with
// it: both have the socket, and this one uses it until it is told to stop. When this
// one closes it meanwhile, the peer must hear of it although the other still has
// the socket (endLoan).

// Loan is a connection and a copy of its descriptor, for another process.
type Loan struct {
	Handle     Handle
	Descriptor int
}

// Close closes the copy.
func (n Loan) Close() { _ = unix.Close(n.Descriptor) }

// Lend gives visit copies of the descriptors of all connections that are not lent
// yet, at most that many at a time, while the loops serve. visit owns the copies; its
// error ends Lend. Connections that come while it goes on may be missed. Any
// goroutine.
func (s *Server) Lend(ctx context.Context, most int, visit func([]Loan) error) error {
	for _, l := range s.loops {
		if !s.sockets.attached(l) {
			continue
		}
		for from, more := uint32(0), true; more; {
			loans, next, err := s.askLoop(ctx, l, from, most)
			if err == nil && len(loans) > 0 {
				err = visit(loans)
			}
			if err != nil {
				return err
			}
			from, more = next, len(loans) == most
		}
	}
	return nil
}

func (s *Server) askLoop(ctx context.Context, l *Loop, from uint32, most int) (loans []Loan, next uint32, err error) {
	answered := make(chan struct{})
	l.Post(TaskFunc(func(l *Loop) {
		defer close(answered)
		if err = ctx.Err(); err == nil {
			loans, next, err = l.Lend(from, most)
		}
	}))
	select {
	case <-answered:
		return loans, next, err
	case <-s.done:
		return nil, 0, errEnded
	}
}

// Lend is for one loop, on the loop: those whose slot is from or a later one. next is
// where to go on.
func (l *Loop) Lend(from uint32, most int) (loans []Loan, next uint32, err error) {
	l.check()
	for next = from; len(loans) < most; next++ {
		c := l.slots.borrower(next)
		if c == nil {
			return loans, next, nil
		}
		next = c.slot
		fd, err := unix.FcntlInt(uintptr(c.fd), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			for _, n := range loans {
				n.Close()
			}
			return nil, 0, fmt.Errorf("engine: cannot copy a connection's descriptor: %w: there have to be some hundred more than connections (ulimit -n, LimitNOFILE)", os.NewSyscallError("fcntl", err))
		}
		c.set(flagLent)
		loans = append(loans, Loan{c.Handle(), fd})
	}
	return loans, next, nil
}

// borrower finds the next connection that is not lent, and not about to be closed.
func (s *slots) borrower(from uint32) *Conn {
	for ; int(from>>pageBits) < len(s.pages); from = (from>>pageBits + 1) << pageBits {
		p := s.page(from)
		if p == nil {
			continue
		}
		for i := from % pageSize; i < pageSize; i++ {
			if c := &p.conns[i]; c.state != stateFree && c.state != stateDead && !c.has(flagLent) {
				return c
			}
		}
	}
	return nil
}

// Reclaim makes all connections this process' alone again: the other has ended. It
// returns when all loops know.
func (s *Server) Reclaim(ctx context.Context) error {
	return s.EachConn(ctx, func(c *Conn) { c.unset(flagLent) })
}

// Abandon ends all connections of loops that are held without a word, and lets go of
// the loops: another process has the sockets, and goes on with them.
func (h *Hold) Abandon() error {
	err := h.Each(func(l *Loop) { l.slots.each(l.abandon) })
	h.Release()
	return err
}

func (l *Loop) abandon(c *Conn) {
	c.unset(flagLent)
	c.rcv, c.state = nil, stateDead
	l.close(c)
}
