//go:build unix && !linux

package engine

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// send writes b to a non-blocking socket: the portable way, for machines that
// people develop on.
func send(fd int, b []byte) (int, error) {
	n, err := unix.Write(fd, b)
	switch {
	case err == nil:
		return n, nil
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR):
		return 0, nil
	}
	return 0, os.NewSyscallError("write", err)
}
