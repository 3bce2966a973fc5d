//go:build unix

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

// bell is how a loop asks for another turn after a look at I/O: a connection to
// itself. gnet runs tasks until none are left before it looks at its sockets, so
// that a loop which woke itself would starve them; and if another goroutine woke
// it, a thousand times a second, the runtime's monitor would never rest (measured:
// 4 % of the cost per delivery on one core).
type bell struct {
	loop *Loop
	rope int           // what the loop writes to
	hung chan struct{} // closed when gnet has the other end, or refused it
}

// hang gives a loop its bell, on the loop and under mu. What is rung before gnet
// has it is heard then.
func (t *sockets) hang(el gnet.EventLoop, l *Loop) {
	b, heard, err := newBell(l)
	if err != nil {
		t.server.cfg.Logger.Warn("a loop does without a bell: broadcasts cost somewhat more", "error", err, "loop", l.index)
		return
	}
	t.bells[l.index] = b
	result, err := el.Enroll(gnet.NewContext(context.Background(), b), heard)
	if err != nil { // all loops end
		_ = heard.Close()
		close(b.hung)
		return
	}
	t.background.Go(func() { t.wait(b, result) })
}

func newBell(l *Loop) (*bell, net.Conn, error) {
	fds, err := socketPair()
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	f := os.NewFile(uintptr(fds[1]), "bell")
	defer func() { _ = f.Close() }()
	heard, err := net.FileConn(f)
	if err != nil {
		_ = unix.Close(fds[0])
		return nil, nil, fmt.Errorf("a loop's connection to itself: %w", err)
	}
	return &bell{loop: l, rope: fds[0], hung: make(chan struct{})}, heard, nil
}

// socketPair makes sockets that do not block and that no child inherits.
func socketPair() (fds [2]int, err error) {
	syscall.ForkLock.RLock() // not every system has SOCK_CLOEXEC
	defer syscall.ForkLock.RUnlock()
	if fds, err = unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0); err != nil {
		return fds, err
	}
	for _, fd := range fds {
		unix.CloseOnExec(fd)
		err = errors.Join(err, unix.SetNonblock(fd, true))
	}
	return fds, err
}

// wait waits until gnet has the bell. If it has not, the loop may be asleep with
// work left.
func (t *sockets) wait(b *bell, result <-chan gnet.RegisteredResult) {
	defer close(b.hung)
	select {
	case r := <-result:
		if r.Err != nil {
			t.server.cfg.Logger.Warn("a loop does without its bell: broadcasts cost somewhat more", "error", r.Err, "loop", b.loop.index)
			t.Wake(b.loop)
		}
	case <-t.server.done:
	}
}

// WakeLater has gnet run a turn after a look at I/O, or a loop that is held after the
// one that it is at.
func (t *sockets) WakeLater(l *Loop) {
	if l.held != nil {
		l.held.rouse()
		return
	}
	if b := t.bells[l.index]; b == nil || !b.ring() {
		go t.Wake(l)
	}
}

// ring reports whether it will be heard. There is one ring at a time, so that the
// rope never has more than some bytes to take.
func (b *bell) ring() bool {
	n, err := send(b.rope, []byte{0})
	return n == 1 && err == nil
}

// awaitBells returns when gnet has all bells: one that is on its way when the
// loops end is waited for in vain.
func (t *sockets) awaitBells() {
	t.mu.RLock()
	bells := slices.Clone(t.bells)
	t.mu.RUnlock()
	for _, b := range bells {
		if b != nil {
			<-b.hung
		}
	}
}

func (t *sockets) closeBells() {
	for _, b := range t.bells {
		if b != nil {
			_ = unix.Close(b.rope)
		}
	}
}
