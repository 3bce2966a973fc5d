//go:build unix

package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// claimed holds the ports that a server is about to listen on. gnet listens
// with SO_REUSEPORT, once per loop, and would silently share a port with
// another server, so the ports are tried and held here first.
type claimed struct {
	addrs []string
	guard []int // bound sockets that are not listening
}

// claim resolves the addresses and makes sure that nobody listens there.
func claim(addrs []string) (*claimed, error) {
	c := &claimed{}
	port := ""
	for _, addr := range addrs {
		host, p, err := net.SplitHostPort(addr)
		if err != nil {
			c.release()
			return nil, fmt.Errorf("cannot listen on %q: want host:port: %w", addr, err)
		}
		if p == "0" && port != "" {
			p = port // one free port for all addresses
		}
		if port, err = c.claimOne(host, p); err != nil {
			c.release()
			return nil, err
		}
	}
	return c, nil
}

func (c *claimed) claimOne(host, port string) (string, error) {
	addr := net.JoinHostPort(host, port)
	if port != "0" {
		if err := tryAlone(addr); err != nil {
			return "", err
		}
	}
	tcp, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return "", fmt.Errorf("cannot listen on %s: %w", addr, err)
	}
	fd, chosen, err := bind(tcp)
	if err != nil {
		return "", fmt.Errorf("cannot listen on %s: %w", addr, err)
	}
	c.guard = append(c.guard, fd)
	c.addrs = append(c.addrs, boundAddr(fd))
	return strconv.Itoa(chosen), nil
}

// tryAlone listens for a moment without SO_REUSEPORT, which fails when
// anybody else does.
func tryAlone(addr string) error {
	ln, err := (&net.ListenConfig{}).Listen(context.Background(), familyOf(addr), addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("cannot listen on %s: another program does already; stop it or choose another port", addr)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("cannot listen on %s: a port below 1024 is not for every user; give the program CAP_NET_BIND_SERVICE, "+
			"have systemd listen (fanfare.socket), or choose another port", addr)
	case err != nil:
		return fmt.Errorf("cannot listen on %s: %w", addr, err)
	}
	return ln.Close()
}

// familyOf is the network that the address alone belongs to: Go's "tcp" would
// take 0.0.0.0 for every IPv6 address too.
func familyOf(addr string) string {
	switch a, err := netip.ParseAddrPort(addr); {
	case err != nil:
		return "tcp"
	case a.Addr().Is4():
		return "tcp4"
	}
	return "tcp6"
}

// bind takes the port, shared with nobody but our own listeners to come.
func bind(addr *net.TCPAddr) (fd, port int, err error) {
	domain, sa := sockaddr(addr)
	fd, err = unix.Socket(domain, unix.SOCK_STREAM, 0)
	if err != nil {
		return 0, 0, err
	}
	unix.CloseOnExec(fd)
	if err = bindTo(fd, sa); err == nil {
		port, err = boundPort(fd)
	}
	if err != nil {
		_ = unix.Close(fd)
	}
	return fd, port, err
}

func bindTo(fd int, sa unix.Sockaddr) error {
	for _, opt := range []int{unix.SO_REUSEADDR, unix.SO_REUSEPORT} {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, opt, 1); err != nil {
			return err
		}
	}
	return unix.Bind(fd, sa)
}

func sockaddr(a *net.TCPAddr) (int, unix.Sockaddr) {
	if ip := a.IP.To4(); ip != nil {
		return unix.AF_INET, &unix.SockaddrInet4{Port: a.Port, Addr: [4]byte(ip)}
	}
	sa := &unix.SockaddrInet6{Port: a.Port}
	copy(sa.Addr[:], a.IP.To16())
	return unix.AF_INET6, sa
}

func boundPort(fd int) (int, error) {
	_, p, err := net.SplitHostPort(boundAddr(fd))
	if err != nil {
		return 0, fmt.Errorf("cannot tell the socket's port: %w", err)
	}
	return strconv.Atoi(p)
}

// boundAddr is a socket's own address, "ip:port"; empty when it has none.
func boundAddr(fd int) string {
	sa, _ := unix.Getsockname(fd)
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port)).String()
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr), uint16(sa.Port)).String()
	}
	return ""
}

// release lets go of the ports, once our listeners have them.
func (c *claimed) release() {
	for _, fd := range c.guard {
		_ = unix.Close(fd)
	}
	c.guard = nil
}

// closeWrite sends FIN; the peer reads EOF.
func closeWrite(fd int) { _ = unix.Shutdown(fd, unix.SHUT_WR) }

// shutDown ends both halves.
func shutDown(fd int) { _ = unix.Shutdown(fd, unix.SHUT_RDWR) }

// resetOnClose makes close send RST and forget what was not acknowledged.
func resetOnClose(fd int) {
	_ = unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
}

// connectionLimit raises the process's descriptor limit as far as it goes and
// tells how many connections fit beside what else is open.
func connectionLimit(want, reserved int) (int, error) {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
		return 0, fmt.Errorf("cannot read the descriptor limit: %w", err)
	}
	if r.Cur < r.Max {
		r.Cur = r.Max
		_ = unix.Setrlimit(unix.RLIMIT_NOFILE, &r) // then the soft limit has to do
		_ = unix.Getrlimit(unix.RLIMIT_NOFILE, &r)
	}
	room := int(min(r.Cur, maxSlots)) - reserved
	if room < 1 {
		return 0, fmt.Errorf("the descriptor limit is %d, but %d are kept free for other needs: raise it (ulimit -n)", r.Cur, reserved)
	}
	if want == 0 {
		return room, nil
	}
	return min(want, room), nil
}

func closeFiles(files []*os.File) {
	for _, f := range files {
		_ = f.Close()
	}
}
