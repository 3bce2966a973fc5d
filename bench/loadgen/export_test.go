//go:build linux

package loadgen

import (
	"time"

	"golang.org/x/sys/unix"
)

// KernelBytes is what the kernel has received on all of a fleet's connections
// (TCP_INFO's tcpi_bytes_received).
func (f *Fleet) KernelBytes() (sum uint64, err error) {
	for _, s := range f.conns {
		info, err := unix.GetsockoptTCPInfo(s.fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil {
			return 0, err
		}
		sum += info.Bytes_received
	}
	return sum, nil
}

// Age has the publisher think that it was idle for longer than it was.
func (p *Publisher) Age(d time.Duration) { p.used = p.used.Add(-d) }

// Cut reports whether the server has ended the publisher's connection.
func (p *Publisher) Cut() bool { return p.fd < 0 }
