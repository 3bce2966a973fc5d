//go:build linux

package loadgen

import (
	"errors"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// poll waits for events on an epoll instance, to the microsecond:
// epoll_pwait2(2). Kernels before 5.11 do not have it and wait to the next
// millisecond, which an open loop shows as latency.
func poll(epoll int, events []unix.EpollEvent, wait time.Duration) (int, error) {
	spec := unix.NsecToTimespec(int64(wait))
	n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(epoll), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)),
		uintptr(unsafe.Pointer(&spec)), 0, 0)
	switch errno {
	case 0:
		return int(n), nil
	case syscall.EINTR:
		return 0, nil
	case syscall.ENOSYS:
		return pollMilli(epoll, events, wait)
	}
	return 0, os.NewSyscallError("epoll_pwait2", errno)
}

func pollMilli(epoll int, events []unix.EpollEvent, wait time.Duration) (int, error) {
	n, err := unix.EpollWait(epoll, events, int((wait + time.Millisecond - 1).Milliseconds()))
	if err != nil && !errors.Is(err, unix.EINTR) {
		return 0, os.NewSyscallError("epoll_wait", err)
	}
	return max(n, 0), nil
}
