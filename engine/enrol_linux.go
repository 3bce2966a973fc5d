package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"syscall"

	"github.com/panjf2000/gnet/v2"
	"golang.org/x/sys/unix"
)

// Connections that another process lends are enrolled with the loops, and are silent
// there: nothing is read from them and nothing is due. Each is given its state
// (Conn.Adopt) while the loops are held, and woken when the other process has let go
// of it.

// arrival is what gnet carries from Enrol to OnOpen.
type arrival struct{ handle Handle }

// Enrol takes connections in that another process lends, and gives their handles
// here, 0 for those that were reset on the way. It owns the descriptors. Each takes
// two more while it is on its way. The error is that of this process: it can't take
// in any more. One goroutine, and only before Serve.
func (s *Server) Enrol(ctx context.Context, loans []Loan) ([]Handle, error) {
	e := enrolment{server: s, ctx: ctx, arrivals: make([]arrival, len(loans))}
	for i, n := range loans {
		e.register(i, n.Descriptor)
	}
	e.await()
	handles := make([]Handle, len(loans))
	for i := range e.arrivals {
		handles[i] = e.arrivals[i].handle
	}
	return handles, e.err
}

type enrolment struct {
	server   *Server
	ctx      context.Context
	arrivals []arrival
	results  []<-chan gnet.RegisteredResult
	err      error
}

func (e *enrolment) fail(err error) {
	if err != nil {
		e.err = errors.Join(e.err, fmt.Errorf("engine: cannot take a connection over: %w", err))
	}
}

// register has gnet take a connection in.
func (e *enrolment) register(i, descriptor int) {
	conn, err := connected(descriptor)
	if conn == nil {
		e.fail(err)
		return
	}
	ctx := gnet.NewNetConnContext(gnet.NewContext(e.ctx, &e.arrivals[i]), conn)
	result, err := e.server.sockets.engine.Register(ctx)
	if err != nil {
		_ = conn.Close()
		e.fail(err)
		return
	}
	e.results = append(e.results, result)
}

// connected makes a net.Conn of a descriptor; nil when there is nobody at the other
// end any more. gnet would not survive to ask for its address.
func connected(descriptor int) (net.Conn, error) {
	f := os.NewFile(uintptr(descriptor), "lent connection")
	defer func() { _ = f.Close() }()
	conn, err := net.FileConn(f)
	if err != nil {
		if errors.Is(err, syscall.ENOTCONN) {
			err = nil
		}
		return nil, err
	}
	tcp, ok := conn.(*net.TCPConn)
	if !ok || tcp.RemoteAddr() == nil || tcp.LocalAddr() == nil || tcp.SetKeepAlive(false) != nil {
		return nil, conn.Close()
	}
	return tcp, nil
}

func (e *enrolment) await() {
	for _, result := range e.results {
		select {
		case r := <-result:
			e.fail(r.Err)
		case <-e.server.done:
			e.fail(errEnded)
			return
		}
	}
}

// arrive takes an enrolled connection up, on its loop, and out of the loop's epoll.
func (t *sockets) arrive(gc gnet.Conn, a *arrival) gnet.Action {
	t.server.open.Add(1)
	l := t.loopOf(gc.EventLoop())
	c := l.Open(Newcomer{Socket: gc, FD: gc.Fd(), TakenOver: true})
	if c == nil || !t.silence(l, gc.Fd()) {
		return gnet.Close
	}
	gc.SetContext(c)
	a.handle = c.Handle()
	return gnet.None
}

// silence takes a descriptor out of its loop's epoll, which it has to find first.
func (t *sockets) silence(l *Loop, fd int) bool {
	if l.epoll != 0 {
		return unix.EpollCtl(l.epoll, unix.EPOLL_CTL_DEL, fd, nil) == nil
	}
	for _, d := range t.server.heirs.doors() {
		if unix.EpollCtl(d.epoll, unix.EPOLL_CTL_DEL, fd, nil) == nil {
			l.epoll = d.epoll
			return true
		}
	}
	return false
}

// Wake has the loop read from a connection that was lent, now that it has its state
// and is this process' own.
func (c *Conn) Wake() error {
	c.loop.check()
	return watchReadable(c.loop.epoll, int(c.fd))
}

// Serve begins to accept from the inherited sockets of a server that is Late. Once.
func (s *Server) Serve() error {
	if err := s.sockets.listen(s.sockets.pollers); err != nil {
		return err
	}
	s.closed.Store(false)
	return nil
}

// Listening is a copy of a socket on which newcomers come. It is a bare descriptor: an
// os.File would make the socket wait in accept, which is this process', too.
type Listening struct {
	Addr       string // host:port
	TLS        bool   // connections begin with a handshake
	Descriptor int
}

// Listeners are copies of the sockets on which newcomers come, each once, also where
// several loops accept from it. The caller closes them, also where there is an error.
func (s *Server) Listeners() (list []Listening, err error) {
	seen := map[uint64]bool{}
	for _, fd := range s.sockets.listeners {
		var is unix.Stat_t
		if err := unix.Fstat(fd, &is); err != nil {
			return list, fmt.Errorf("engine: cannot look at a listening socket: %w", os.NewSyscallError("fstat", err))
		}
		if seen[is.Ino] {
			continue
		}
		seen[is.Ino] = true
		copied, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			return list, fmt.Errorf("engine: cannot copy a listening socket: %w", os.NewSyscallError("fcntl", err))
		}
		addr := boundAddr(fd)
		list = append(list, Listening{Addr: addr, TLS: slices.Contains(s.secure, addr), Descriptor: copied})
	}
	return list, nil
}
