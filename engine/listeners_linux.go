package engine

import "golang.org/x/sys/unix"

// descriptors is the folder that lists a process's own.
const descriptors = "/proc/self/fd"

// notSentLowat bounds what the kernel takes for a connection beyond what is
// on its way: the rest waits in our queues, where it can be bounded.
const notSentLowat = 16 << 10

// tuneListeners sets what accepted sockets inherit, and tells for how many
// listeners that worked.
func tuneListeners(fds []int) (tuned int) {
	for _, fd := range fds {
		if unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, notSentLowat) == nil {
			tuned++
		}
	}
	return tuned
}

// unfindable is a listener without a name.
func unfindable() (int, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	if err = unix.Bind(fd, &unix.SockaddrUnix{}); err == nil {
		err = unix.Listen(fd, 0)
	}
	if err != nil {
		_ = unix.Close(fd)
	}
	return fd, err
}

// replace makes fd stand for what other does.
func replace(fd, other int) error { return unix.Dup3(other, fd, unix.O_CLOEXEC) }
