//go:build linux

package loadgen

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// readBytes is the shared read buffer, and so the largest frame or HTTP
	// answer that can be read.
	readBytes = 512 << 10

	// turnWait bounds a turn in which nothing happens, so that Run notices a
	// cancelled context.
	turnWait = 50 * time.Millisecond
)

// Loop is an epoll instance and all connections that wait on it.
type Loop struct {
	epoll   int
	events  []unix.EpollEvent
	buf     []byte   // what the connection being served has sent
	sockets []socket // by slot; nil when free
	free    []int32
	err     error // the first failure that ends the run
}

// socket is a connection's owner. ready is called with epoll's event bits and
// must read or close, since events are level-triggered.
type socket interface{ ready(events uint32) }

// NewLoop makes an empty loop. Close gives its descriptors back.
func NewLoop() (*Loop, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	return &Loop{epoll: epoll, events: make([]unix.EpollEvent, 1024), buf: make([]byte, readBytes)}, nil
}

// Close closes the loop and every connection on it, with a reset: twenty
// thousand sockets in TIME_WAIT would leave no port for the next run.
func (l *Loop) Close() error {
	for _, s := range l.sockets {
		switch s := s.(type) {
		case *subscriber:
			s.close()
		case *Publisher:
			s.close()
		}
	}
	return os.NewSyscallError("close", unix.Close(l.epoll))
}

// Run serves the connections until done reports true, which is asked after
// each batch of events. It fails when ctx ends first or a publisher's
// connection breaks; lost subscribers are the fleet's to tell.
func (l *Loop) Run(ctx context.Context, done func() bool) error {
	for !done() {
		if l.err != nil {
			return l.err
		}
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if err := l.turn(turnWait); err != nil {
			return err
		}
	}
	return l.err
}

// Hold serves the connections for a while.
func (l *Loop) Hold(ctx context.Context, d time.Duration) error {
	end := time.Now().Add(d)
	return l.Run(ctx, func() bool { return !time.Now().Before(end) })
}

func (l *Loop) turn(wait time.Duration) error {
	n, err := unix.EpollWait(l.epoll, l.events, int(wait.Milliseconds()))
	if err != nil && !errors.Is(err, unix.EINTR) {
		return os.NewSyscallError("epoll_wait", err)
	}
	for i := range max(n, 0) {
		e := &l.events[i]
		// nil when an earlier event of this batch closed the connection.
		if s := l.sockets[e.Fd]; s != nil {
			s.ready(e.Events)
		}
	}
	return nil
}

// fail ends the run; the first reason is the one that is told.
func (l *Loop) fail(err error) {
	if l.err == nil {
		l.err = err
	}
}

// add finds a slot for a connection.
func (l *Loop) add(s socket) int32 {
	if n := len(l.free); n > 0 {
		slot := l.free[n-1]
		l.free = l.free[:n-1]
		l.sockets[slot] = s
		return slot
	}
	l.sockets = append(l.sockets, s)
	return int32(len(l.sockets) - 1)
}

func (l *Loop) remove(slot int32) {
	l.sockets[slot] = nil
	l.free = append(l.free, slot)
}
