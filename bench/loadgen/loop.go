//go:build linux

package loadgen

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// readBytes is the shared read buffer, and so the largest frame or HTTP
	// answer that can be read.
	readBytes = 2 << 20

	// turnWait bounds a turn in which nothing happens, so that Run notices a
	// cancelled context.
	turnWait = 50 * time.Millisecond

	// batch is how many connections are served between two looks at the
	// timers: a message that is due leaves late by one or two hundred microseconds.
	batch = 32
)

// Loop is an epoll instance and all connections that wait on it.
type Loop struct {
	epoll   int
	prompt  int // another, of the connections that are looked at between two batches of the others
	made    time.Time
	now     time.Duration // since made
	events  []unix.EpollEvent
	timers  timers
	buf     []byte   // what the connection being served has sent
	sockets []socket // by slot; nil when free
	free    []int32
	posted
	handshakes sync.WaitGroup
	raw, out   []byte // of TLS: received, and to be sent; nil without
	err        error  // the first failure that ends the run
}

// socket is a connection's owner. ready is called with epoll's event bits and
// must read or close, since events are level-triggered.
type socket interface {
	ready(events uint32)
	close()
}

// NewLoop makes an empty loop. Close gives its descriptors back.
func NewLoop() (*Loop, error) {
	l := &Loop{epoll: -1, prompt: -1, posted: posted{wake: -1}, made: time.Now(), events: make([]unix.EpollEvent, batch), buf: make([]byte, readBytes)}
	if err := l.watchSockets(); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// watchSockets makes the epoll instances. What the prompt ones have to tell
// ends a wait for the others.
func (l *Loop) watchSockets() (err error) {
	if l.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	if l.prompt, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	if err := l.listen(l.epoll); err != nil {
		return err
	}
	e := unix.EpollEvent{Events: unix.EPOLLIN, Fd: noSlot}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, l.prompt, &e))
}

// What stands for something else than a connection.
const (
	noSlot   = -1 // the prompt ones
	postSlot = -2 // what was posted
)

// roomForTLS makes the buffers that sealed records need.
func (l *Loop) roomForTLS() {
	if l.raw == nil {
		l.raw = make([]byte, 0, rawBytes)
	}
}

// rawBytes is how much is received at once by TLS, and more than a record.
const rawBytes = 256 << 10

// Close closes the loop and every connection on it, with a reset: twenty
// thousand sockets in TIME_WAIT would leave no port for the next run.
func (l *Loop) Close() error {
	for _, s := range l.sockets {
		if s != nil {
			s.close()
		}
	}
	l.handshakes.Wait()
	return errors.Join(closeFD(l.wake), closeFD(l.prompt), closeFD(l.epoll))
}

func closeFD(fd int) error {
	if fd < 0 {
		return nil
	}
	return os.NewSyscallError("close", unix.Close(fd))
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
		if err := l.turn(); err != nil {
			return err
		}
	}
	return l.err
}

func (l *Loop) turn() error {
	l.tell()
	if err := l.serve(l.prompt, 0); err != nil {
		return err
	}
	return l.serve(l.epoll, l.expire())
}

// serve waits for a batch of events and serves it.
func (l *Loop) serve(epoll int, wait time.Duration) error {
	n, err := poll(epoll, l.events, wait)
	if err != nil {
		return err
	}
	l.tell()
	for i := range n {
		e := &l.events[i]
		switch e.Fd {
		case noSlot:
			continue // the prompt ones are next
		case postSlot:
			l.runPosted()
			continue
		}
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
