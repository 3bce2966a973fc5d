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

// Places are where gnet listens.
func Places(s *Server) []string { return s.places }
