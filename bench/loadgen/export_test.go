//go:build linux

package loadgen

import "golang.org/x/sys/unix"

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

// Cut reports whether the server has ended the publisher's connection.
func (p *Publisher) Cut() bool { return p.fd < 0 }
