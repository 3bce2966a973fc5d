//go:build unix

package control

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
)

// peer is who has connected.
type peer struct {
	uid, pid int // pid 0: not known
}

func (p peer) trusted() bool { return p.uid == os.Geteuid() || p.uid == 0 }

// whoIs asks the kernel.
func whoIs(c *net.UnixConn) (p peer, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return p, err
	}
	asked := raw.Control(func(fd uintptr) { p, err = peerOf(int(fd)) })
	return p, errors.Join(asked, err)
}

// guard lets in this user and root, and only so many at a time: each takes a
// descriptor of those that clients are served with.
type guard struct {
	*listener
	log  *slog.Logger
	who  func(*net.UnixConn) (peer, error) // whoIs, outside tests
	open atomic.Int32
}

const maxPeers = 32

// Accept implements net.Listener.
func (g *guard) Accept() (net.Conn, error) {
	for {
		c, err := g.AcceptUnix()
		if err != nil {
			return nil, err
		}
		p, err := g.who(c)
		switch {
		case err != nil:
			g.log.Warn("control socket: cannot tell who connected; closed", "error", err)
		case !p.trusted():
			g.log.Warn("control socket: only this user and root are let in", "uid", p.uid, "pid", p.pid)
		case g.open.Add(1) > maxPeers:
			g.open.Add(-1)
			g.log.Warn("control socket: too many connections; closed", "limit", maxPeers)
		default:
			return &peerConn{UnixConn: c, peer: p, leave: sync.OnceFunc(func() { g.open.Add(-1) })}, nil
		}
		_ = c.Close()
	}
}

// peerConn is a connection of somebody who was let in.
type peerConn struct {
	*net.UnixConn
	peer  peer
	leave func()
}

// Close implements net.Conn.
func (c *peerConn) Close() error {
	c.leave()
	return c.UnixConn.Close()
}

type peerKey struct{}

// withPeer has handlers know who asks.
func withPeer(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, peerKey{}, c.(*peerConn).peer)
}
