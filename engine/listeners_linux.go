package engine

import (
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// gnet opens a listener per loop and address and gives none of them out. They
// are found among the process's own descriptors. Where /proc is hidden, they
// stay as gnet made them.

// notSentLowat bounds what the kernel takes for a connection beyond what is
// on its way: the rest waits in our queues, where it can be bounded.
const notSentLowat = 16 << 10

// tuneListeners sets what accepted sockets inherit, and tells for how many
// listeners that worked.
func tuneListeners(addrs []string) (tuned int) {
	eachListener(addrs, func(fd int) {
		if unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, notSentLowat) == nil {
			tuned++
		}
	})
	return tuned
}

// closeListeners stops listening. gnet still accepts from the numbers if it
// was about to, and closes them later, so each is made to stand for a listener
// that nobody can find: accept then says EAGAIN. Any other error would end
// gnet.
func closeListeners(addrs []string) {
	idle, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer func() { _ = unix.Close(idle) }()
	if unix.Bind(idle, &unix.SockaddrUnix{}) != nil || unix.Listen(idle, 0) != nil {
		return
	}
	eachListener(addrs, func(fd int) { _ = unix.Dup3(idle, fd, unix.O_CLOEXEC) })
}

// eachListener visits this process's listening sockets on the addresses.
func eachListener(addrs []string, visit func(fd int)) {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return
	}
	for _, e := range entries {
		fd, err := strconv.Atoi(e.Name())
		if err != nil || !listening(fd) {
			continue
		}
		if slices.Contains(addrs, boundAddr(fd)) {
			visit(fd)
		}
	}
}

func listening(fd int) bool {
	on, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	return err == nil && on == 1
}
