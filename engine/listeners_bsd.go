//go:build unix && !linux

package engine

import (
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// descriptors is the folder that lists a process's own. FreeBSD needs fdescfs
// for it.
const descriptors = "/dev/fd"

// tuneListeners leaves listeners as gnet made them.
func tuneListeners([]int) int { return 0 }

// unfindable is a listener whose name is gone.
func unfindable() (fd int, err error) {
	dir, err := os.MkdirTemp("", "fanfare-") // nobody else can look into it
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if fd, err = unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0); err != nil {
		return 0, err
	}
	unix.CloseOnExec(fd)
	if err = unix.SetNonblock(fd, true); err == nil {
		err = unix.Bind(fd, &unix.SockaddrUnix{Name: filepath.Join(dir, "idle")})
	}
	if err == nil {
		err = unix.Listen(fd, 1)
	}
	if err != nil {
		_ = unix.Close(fd)
	}
	return fd, err
}

// replace makes fd stand for what other does. kqueue forgets what fd was.
func replace(fd, other int) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	err := unix.Dup2(other, fd)
	unix.CloseOnExec(fd)
	return err
}
