package engine

import (
	"testing"

	"golang.org/x/sys/unix"
)

// An epoll tells on of a file that was closed while another descriptor is open for it, by a number that something else has by now.
func TestFormerNumbersAreNoDoors(t *testing.T) {
	before, former := epoll(t), epoll(t) // whichever of the two is looked at first
	after := epoll(t)
	for _, now := range []int{before, after} {
		a, b := socket(t), socket(t)
		must(t, watchReadable(former, a))
		copied, err := unix.FcntlInt(uintptr(a), unix.F_DUPFD_CLOEXEC, 0)
		must(t, err)
		must(t, unix.Dup3(b, a, unix.O_CLOEXEC))
		must(t, watchReadable(now, a))
		pollers, err := pollersOfListeners()
		must(t, err)
		if pollers[a] != now {
			t.Errorf("descriptor %d is taken to be watched by %d, want %d; %d has watched what it was", a, pollers[a], now, former)
		}
		must(t, unix.Close(copied))
	}
}

func epoll(t *testing.T) int {
	t.Helper()
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	must(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

func socket(t *testing.T) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
