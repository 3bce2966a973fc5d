package engine

import "golang.org/x/sys/unix"

// ListenerLowats gives TCP_NOTSENT_LOWAT of every socket that listens on the
// addresses.
func ListenerLowats(addrs []string) (lowats []int) {
	for _, fd := range findListeners(addrs) {
		n, _ := unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT)
		lowats = append(lowats, n)
	}
	return lowats
}

// Forget closes all connections of a loop that is held without a word, as the end of a process does whose connections
// another one has.
func Forget(l *Loop) {
	l.slots.each(func(c *Conn) {
		c.unset(flagLent)
		c.rcv, c.state = nil, stateDead
		l.close(c)
	})
}

// Places are where gnet listens.
func Places(s *Server) []string { return s.places }
