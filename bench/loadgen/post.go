//go:build linux

package loadgen

import (
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// posted is how other goroutines have the loop do something.
type posted struct {
	wake int // an eventfd on the loop; -1 before

	mu   sync.Mutex
	list []func() // guarded by mu
}

// post has the loop's goroutine call f. Any goroutine.
func (p *posted) post(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.list = append(p.list, f)
	_, _ = unix.Write(p.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0}) // it can't be full: each look empties it
}

// listen begins to listen for posts on an epoll instance.
func (p *posted) listen(epoll int) (err error) {
	if p.wake, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		return os.NewSyscallError("eventfd", err)
	}
	e := unix.EpollEvent{Events: unix.EPOLLIN, Fd: postSlot}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, p.wake, &e))
}

// runPosted calls what was posted.
func (p *posted) runPosted() {
	var b [8]byte
	_, _ = unix.Read(p.wake, b[:])
	p.mu.Lock()
	list := p.list
	p.list = nil
	p.mu.Unlock()
	for _, f := range list {
		f()
	}
}
