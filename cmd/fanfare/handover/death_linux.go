package handover

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Watch tells whether another process has died. It means the process that had the
// number when Watching was called, whoever has it later.
type Watch struct{ pidfd int }

// Watching begins. It fails where there is no such process, and on kernels before
// Linux 5.3.
func Watching(pid int) (*Watch, error) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return nil, fmt.Errorf("cannot watch process %d: %w", pid, os.NewSyscallError("pidfd_open", err))
	}
	return &Watch{fd}, nil
}

// Died waits so long for the process to die, and reports whether it has. Of a nil Watch
// that is not known: it has not.
func (w *Watch) Died(patience time.Duration) bool {
	if w == nil {
		return false
	}
	dead := []unix.PollFd{{Fd: int32(w.pidfd), Events: unix.POLLIN}}
	for end := time.Now().Add(patience); ; {
		n, err := unix.Poll(dead, int(max(time.Until(end), 0).Milliseconds()))
		if !errors.Is(err, unix.EINTR) {
			return n > 0
		}
	}
}

// Close ends a Watch, also a nil one.
func (w *Watch) Close() {
	if w != nil {
		_ = unix.Close(w.pidfd)
	}
}
