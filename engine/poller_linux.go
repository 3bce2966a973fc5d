package engine

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// poller tells when a socket that took no more takes bytes again: a second
// epoll instance beside gnet's, one-shot, with the connection's handle as its
// data. add and remove may be called from all loops at once.
type poller struct {
	epoll int
	wake  int // eventfd: written once, to stop
}

func newPoller() (*poller, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		_ = unix.Close(epoll)
		return nil, os.NewSyscallError("eventfd", err)
	}
	p := &poller{epoll: epoll, wake: wake}
	if err := p.control(unix.EPOLL_CTL_ADD, wake, unix.EPOLLIN, 0); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func (p *poller) add(fd int, h Handle) error {
	return p.control(unix.EPOLL_CTL_ADD, fd, unix.EPOLLOUT|unix.EPOLLONESHOT, h)
}

// remove must be called while fd is still the connection's own.
func (p *poller) remove(fd int) { _ = p.control(unix.EPOLL_CTL_DEL, fd, 0, 0) }

func (p *poller) control(op, fd int, events uint32, h Handle) error {
	e := unix.EpollEvent{Events: events, Fd: int32(uint32(h)), Pad: int32(uint32(h >> 32))}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(p.epoll, op, fd, &e))
}

// run calls found with the handles of sockets that have become writable,
// until stop.
func (p *poller) run(found func([]Handle)) {
	events := make([]unix.EpollEvent, 256)
	handles := make([]Handle, 0, len(events))
	for {
		n, err := unix.EpollWait(p.epoll, events, -1)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			panic(os.NewSyscallError("epoll_wait", err)) // its own descriptor is bad: a bug
		}
		handles = handles[:0]
		for _, e := range events[:n] {
			h := Handle(uint32(e.Fd)) | Handle(uint32(e.Pad))<<32
			if h == 0 {
				p.close()
				return
			}
			handles = append(handles, h)
		}
		found(handles)
	}
}

// stop ends run.
func (p *poller) stop() { _, _ = unix.Write(p.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0}) }

func (p *poller) close() {
	_ = unix.Close(p.wake)
	_ = unix.Close(p.epoll)
}
