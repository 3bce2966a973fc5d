//go:build unix

package engine

import (
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// gnet opens a listener per loop and address and gives none of them out. They
// are found among the process's own descriptors. Where those are hidden, they
// stay as gnet made them.

// findListeners lists this process's listening sockets on the addresses. It is
// for the start, when there are few descriptors: later there may be a million.
func findListeners(addrs []string) (found []int) {
	if len(addrs) == 0 {
		return nil // there may be thousands of descriptors to ask
	}
	entries, err := os.ReadDir(descriptors)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if fd, err := strconv.Atoi(e.Name()); err == nil && listensOn(fd, addrs) {
			found = append(found, fd)
		}
	}
	return found
}

func listensOn(fd int, addrs []string) bool {
	on, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	return err == nil && on != 0 && slices.Contains(addrs, boundAddr(fd))
}

// closeListeners stops listening, and reports whether nobody is accepted any
// more. gnet still accepts from the numbers if it was about to, and closes them
// later, so each is made to stand for a listener that nobody can find: accept
// then says EAGAIN. Any other error would end gnet.
func closeListeners(fds []int, addrs []string) bool {
	idle, err := unfindable()
	if err != nil {
		return false
	}
	defer func() { _ = unix.Close(idle) }()
	for _, fd := range fds {
		if listensOn(fd, addrs) && replace(fd, idle) != nil {
			return false
		}
	}
	return true
}
