//go:build linux

package loadgen

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// stream is a non-blocking TCP connection on a loop. What does not leave or
// is not yet whole waits in it; an idle one has neither.
type stream struct {
	loop *Loop
	fd   int // -1 when closed
	slot int32
	rest []byte // what came and can't be used yet
	out  []byte // what must still be sent; written to only while EPOLLOUT is awaited

	owner  socket
	secure *secure // nil: no TLS

	prompt        bool // served before others
	receiveBuffer int  // SO_RCVBUF in bytes; 0 leaves it to the kernel
}

var errTooLong = fmt.Errorf("a frame or answer is longer than %d bytes", readBytes)

// open begins to connect to a target. out is sent when the connection stands; it is
// only read, so that all may share it.
func (s *stream) open(l *Loop, owner socket, t *Target, out []byte) error {
	s.loop, s.fd, s.owner, s.rest = l, -1, owner, nil
	if t.TLS != nil {
		s.begin(t.TLS, out)
		out = nil
	}
	s.out = slices.Clip(out)
	family, sockaddr := sockaddrOf(t.Addr)
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	s.fd, s.slot = fd, l.add(owner)
	if err := s.start(sockaddr); err != nil {
		s.close()
		return err
	}
	return nil
}

func sockaddrOf(addr netip.AddrPort) (family int, _ unix.Sockaddr) {
	if ip := addr.Addr().Unmap(); ip.Is4() {
		return unix.AF_INET, &unix.SockaddrInet4{Port: int(addr.Port()), Addr: ip.As4()}
	}
	return unix.AF_INET6, &unix.SockaddrInet6{Port: int(addr.Port()), Addr: addr.Addr().As16()}
}

func (s *stream) start(addr unix.Sockaddr) error {
	if err := unix.SetsockoptInt(s.fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return os.NewSyscallError("setsockopt TCP_NODELAY", err)
	}
	if s.receiveBuffer > 0 { // before connect, which agrees on the window's scale
		if err := unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, s.receiveBuffer); err != nil {
			return os.NewSyscallError("setsockopt SO_RCVBUF", err)
		}
	}
	if err := s.bind(addr); err != nil {
		return err
	}
	if err := unix.Connect(s.fd, addr); err != nil && !errors.Is(err, unix.EINPROGRESS) {
		return os.NewSyscallError("connect", err)
	}
	// On loopback the connection stands already, so that one event is saved.
	n, err := send(s.fd, s.out)
	if err != nil {
		return err
	}
	if s.out = s.out[n:]; n > 0 && len(s.out) == 0 {
		return s.watch(unix.EPOLL_CTL_ADD, unix.EPOLLIN)
	}
	return s.watch(unix.EPOLL_CTL_ADD, unix.EPOLLIN|unix.EPOLLOUT)
}

// portsEach is how many connections share a source address. The kernel has
// 28,000 ports for each, takes every other one first, and searches the longer
// the fuller they are: 15,000 connections from one address took 75 us more
// each than from two.
const portsEach = 8192

// bind gives every portsEach connections a source address of their own, as far
// as the server is on 127.0.0.0/8, all of which is ours.
func (s *stream) bind(addr unix.Sockaddr) error {
	to, ok := addr.(*unix.SockaddrInet4)
	if block := s.slot / portsEach; ok && to.Addr[0] == 127 && block > 0 {
		// The port is chosen by connect, which knows that it may be shared.
		if err := unix.SetsockoptInt(s.fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1); err != nil {
			return os.NewSyscallError("setsockopt IP_BIND_ADDRESS_NO_PORT", err)
		}
		from := &unix.SockaddrInet4{Addr: [4]byte{127, byte(1 + block>>8), byte(block), 1}}
		return os.NewSyscallError("bind", unix.Bind(s.fd, from))
	}
	return nil
}

func (s *stream) watch(op int, events uint32) error {
	e := unix.EpollEvent{Events: events, Fd: s.slot}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(s.epoll(), op, s.fd, &e))
}

func (s *stream) epoll() int {
	if s.prompt {
		return s.loop.prompt
	}
	return s.loop.epoll
}

// close resets the connection. It may be called twice.
func (s *stream) close() {
	if s.fd < 0 {
		return
	}
	_ = unix.SetsockoptLinger(s.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	_ = unix.Close(s.fd)
	s.secure.end()
	s.loop.remove(s.slot)
	s.fd, s.rest, s.out = -1, nil, nil
}

// read returns what has come and was not used: a view of the loop's buffer,
// valid until another connection is served. Nothing new is no error. Not
// used bytes must be given to keep.
func (s *stream) read() ([]byte, error) { return s.readUpTo(readBytes) }

// readUpTo is read for at most limit new bytes.
func (s *stream) readUpTo(limit int) ([]byte, error) {
	buf := s.loop.buf
	kept := copy(buf, s.rest)
	if kept == len(buf) {
		return nil, errTooLong
	}
	if s.secure != nil {
		return s.readSecure(kept, limit)
	}
	n, err := s.receive(buf[kept:min(kept+limit, len(buf))])
	return buf[:kept+n], err
}

// receive reads what has come, if anything has.
func (s *stream) receive(b []byte) (int, error) {
	n, err := receive(s.fd, b)
	s.loop.tell()
	switch {
	case errors.Is(err, syscall.EAGAIN):
		return 0, nil
	case err != nil:
		return 0, os.NewSyscallError("recv", err)
	case n == 0:
		return 0, io.ErrUnexpectedEOF
	}
	return n, nil
}

// keep stores the end of what read gave until more of it comes.
func (s *stream) keep(b []byte) {
	if len(b) == 0 {
		s.rest = nil
		return
	}
	s.rest = append(s.rest[:0], b...)
}

// write sends b, or keeps what the socket does not take.
func (s *stream) write(b []byte) error {
	if s.secure != nil {
		return s.writeSecure(b)
	}
	return s.writeRaw(b)
}

func (s *stream) writeRaw(b []byte) error {
	if len(s.out) > 0 {
		s.out = append(s.out, b...)
		return nil
	}
	n, err := send(s.fd, b)
	if err != nil {
		return err
	}
	if n == len(b) {
		return nil
	}
	s.out = slices.Clone(b[n:])
	return s.watch(unix.EPOLL_CTL_MOD, unix.EPOLLIN|unix.EPOLLOUT)
}

// flush sends what waits; it is called when the socket can take it.
func (s *stream) flush() error {
	n, err := send(s.fd, s.out)
	if err != nil {
		return err
	}
	if s.out = s.out[n:]; len(s.out) > 0 {
		return nil
	}
	s.out = nil
	return s.watch(unix.EPOLL_CTL_MOD, unix.EPOLLIN)
}

// receive and send are raw system calls: these can't block, and the runtime,
// were it told, would hand the processor to another thread and back at every
// longer one.
func receive(fd int, b []byte) (int, error) {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)),
		syscall.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

func send(fd int, b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	n, _, errno := syscall.RawSyscall6(syscall.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)),
		syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL, 0, 0)
	switch errno {
	case 0:
		return int(n), nil
	case syscall.EAGAIN:
		return 0, nil
	}
	return 0, os.NewSyscallError("send", errno)
}
