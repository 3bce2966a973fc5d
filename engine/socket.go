//go:build unix

package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"

	"github.com/panjf2000/gnet/v2"
)

// sockets is the real Transport: gnet reads and tells of newcomers and
// departures, sending is our own (send_*.go), and a poller of our own tells
// when a socket takes bytes again, which gnet does not.
type sockets struct {
	gnet.BuiltinEventEngine
	server  *Server
	poller  *poller
	lull    lull
	garbage garbage
	secure  []netip.AddrPort // addresses that speak TLS
	rings   []*ring          // by loop; nil where io_uring is not used

	listeners []int       // gnet's, by their numbers; none where the system hides them. Static once booted
	doors     []door      // the same with their epolls, as far as they are known. Static once booted
	pollers   map[int]int // the epolls, kept for Serve where Config.Late is on

	mu      sync.RWMutex
	engine  gnet.Engine
	loopsOf []gnet.EventLoop // guarded by mu: by loop index, nil while it had no connection
	asleep  []bool           // guarded by mu: woken before it was attached
	deaf    bool             // guarded by mu: the loops are to end, and are not woken any more
	grips   []*grip          // guarded by mu: by loop index, nil for one that is not held
	bells   []*bell          // written under mu by the loop whose it is, which reads its own without; nil before, and where there can be none

	booted     chan struct{}
	bootOnce   sync.Once
	bootErr    error // why what gnet made can't be used, once booted is closed
	background sync.WaitGroup
	stopOnce   sync.Once
}

func newSockets(s *Server) (*sockets, error) {
	p, err := newPoller()
	if err != nil {
		return nil, err
	}
	var secure []netip.AddrPort
	for _, addr := range s.sealed {
		secure = append(secure, unmapped(netip.MustParseAddrPort(addr)))
	}
	return &sockets{
		server: s, poller: p, secure: secure, garbage: newGarbage(), booted: make(chan struct{}),
		bells:   make([]*bell, s.cfg.Loops),
		loopsOf: make([]gnet.EventLoop, s.cfg.Loops),
		asleep:  make([]bool, s.cfg.Loops),
		grips:   make([]*grip, s.cfg.Loops),
	}, nil
}

// start runs gnet and the poller, and returns when connections are served.
func (t *sockets) start() error {
	t.openRings()
	t.background.Go(func() { t.poller.run(t.writable) })
	go t.serve()
	select {
	case <-t.booted:
		if t.bootErr != nil {
			t.stop()
		}
		return t.bootErr
	case <-t.server.done:
		t.stop()
		return fmt.Errorf("cannot serve: %w", t.server.err)
	}
}

// serve is gnet's main goroutine.
func (t *sockets) serve() {
	defer close(t.server.done)
	var addrs []string
	for _, a := range t.server.places {
		addrs = append(addrs, "tcp://"+a)
	}
	err := gnet.Rotate(t, addrs,
		gnet.WithReusePort(true),
		gnet.WithReuseAddr(true), // a restart need not wait for TIME_WAIT to pass
		gnet.WithNumEventLoop(len(t.server.loops)),
		gnet.WithTicker(true),
		gnet.WithTCPNoDelay(gnet.TCPNoDelay),
		gnet.WithLogger(quiet{t.server.cfg.Logger}))
	if err == nil && !t.server.stopping.Load() {
		err = errors.New("the event loops ended by themselves")
	}
	t.server.err = err
}

// Send implements Transport.
func (t *sockets) Send(l *Loop, list []Sending) {
	if len(list) > 1 && t.rings[l.index] != nil {
		t.sendByRing(l.index, list)
	}
	for i := range list {
		if s := &list[i]; !s.Done {
			s.N, s.Err = send(int(s.Conn.fd), s.Bytes)
			s.Done = true
		}
	}
}

// Watch implements Transport.
func (t *sockets) Watch(c *Conn) error { return t.poller.add(int(c.fd), c.Handle()) }

// Unwatch implements Transport.
func (t *sockets) Unwatch(c *Conn) { t.poller.remove(int(c.fd)) }

// CloseWrite implements Transport.
func (t *sockets) CloseWrite(c *Conn) { closeWrite(int(c.fd)) }

// Close implements Transport. Who did not read for too long is reset: the
// kernel would go on offering what is in its buffers.
func (t *sockets) Close(c *Conn) {
	if c.cause == CauseSlow || c.cause == CauseOverload || c.cause == CauseTimeout {
		resetOnClose(int(c.fd))
	}
	gc := c.sock.(gnet.Conn)
	if err := gc.EventLoop().Close(gc); err != nil {
		t.server.cfg.Logger.Debug("closing a socket", "error", err)
	}
}

// Remote implements Transport. It leaves the zone out: gnet uses its bytes
// again.
func (t *sockets) Remote(c *Conn) netip.AddrPort {
	tcp, ok := c.sock.(gnet.Conn).RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	addr, _ := netip.AddrFromSlice(tcp.IP)
	return netip.AddrPortFrom(addr.Unmap(), uint16(tcp.Port))
}

// stopListening gives the ports to others; connections live on. It reports
// whether nobody is accepted any more.
func (t *sockets) stopListening() bool {
	select {
	case <-t.server.done:
		return true // gnet has closed them, and their numbers are others' by now
	default:
	}
	return len(t.listeners) > 0 && closeListeners(t.listeners, t.server.addrs)
}

// stop ends gnet, which closes what is still open, then the goroutines that
// served it.
func (t *sockets) stop() {
	t.stopOnce.Do(func() {
		t.server.stopping.Store(true)
		t.awaitBells()
		gone, cancel := context.WithCancel(context.Background())
		cancel() // Stop polls twice a second; Rotate's return tells sooner
		t.mu.Lock()
		t.deaf = true
		eng := t.engine
		t.mu.Unlock()
		_ = eng.Stop(gone)
		<-t.server.done
		t.poller.stop()
		t.background.Wait()
		t.closeRings()
		t.closeBells()
	})
}
