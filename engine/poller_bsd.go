//go:build unix && !linux

package engine

import (
	"errors"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// poller is poller_linux.go's on kqueue, with the handles kept aside.
type poller struct {
	kqueue int
	pipe   [2]int // closed to stop

	mu      sync.Mutex
	handles map[int]Handle // guarded by mu: by descriptor
}

func newPoller() (*poller, error) {
	kqueue, err := unix.Kqueue()
	if err != nil {
		return nil, os.NewSyscallError("kqueue", err)
	}
	p := &poller{kqueue: kqueue, handles: make(map[int]Handle)}
	if err := unix.Pipe(p.pipe[:]); err != nil {
		_ = unix.Close(kqueue)
		return nil, os.NewSyscallError("pipe", err)
	}
	return p, p.control(p.pipe[0], unix.EVFILT_READ, unix.EV_ADD)
}

func (p *poller) add(fd int, h Handle) error {
	p.mu.Lock()
	p.handles[fd] = h
	p.mu.Unlock()
	return p.control(fd, unix.EVFILT_WRITE, unix.EV_ADD|unix.EV_ONESHOT)
}

func (p *poller) remove(fd int) {
	p.mu.Lock()
	delete(p.handles, fd)
	p.mu.Unlock()
	_ = p.control(fd, unix.EVFILT_WRITE, unix.EV_DELETE)
}

func (p *poller) control(fd, filter, flags int) error {
	var e unix.Kevent_t
	unix.SetKevent(&e, fd, filter, flags)
	_, err := unix.Kevent(p.kqueue, []unix.Kevent_t{e}, nil, nil)
	return os.NewSyscallError("kevent", err)
}

func (p *poller) run(found func([]Handle)) {
	events := make([]unix.Kevent_t, 256)
	for {
		n, err := unix.Kevent(p.kqueue, nil, events, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			panic(os.NewSyscallError("kevent", err)) // its own descriptor is bad: a bug
		}
		if handles, stopped := p.collect(events[:n]); stopped {
			p.close()
			return
		} else if len(handles) > 0 {
			found(handles)
		}
	}
}

func (p *poller) collect(events []unix.Kevent_t) (handles []Handle, stopped bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range events {
		if int(e.Ident) == p.pipe[0] {
			return nil, true
		}
		if h, ok := p.handles[int(e.Ident)]; ok {
			handles = append(handles, h)
		}
	}
	return handles, false
}

func (p *poller) stop() { _ = unix.Close(p.pipe[1]) }

func (p *poller) close() {
	_ = unix.Close(p.pipe[0])
	_ = unix.Close(p.kqueue)
}
