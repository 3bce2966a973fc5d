//go:build unix

package engine

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"runtime/debug"
	"slices"
	"time"

	"github.com/panjf2000/gnet/v2"
)

// What gnet tells us, on its loops but for OnBoot and OnTick.

// OnBoot keeps gnet's engine, which has one loop's listeners yet.
func (t *sockets) OnBoot(eng gnet.Engine) gnet.Action {
	t.mu.Lock()
	t.engine = eng
	t.mu.Unlock()
	return gnet.None
}

// OnTick moves all clocks on. It runs on a goroutine of gnet's, the first
// time when all loops and their listeners are there.
func (t *sockets) OnTick() (time.Duration, gnet.Action) {
	t.bootOnce.Do(func() {
		t.bootErr = t.boot()
		close(t.booted)
	})
	for _, l := range t.server.loops {
		if t.attached(l) {
			l.call()
		}
	}
	t.rest()
	return time.Second, gnet.None
}

// boot finds the listeners, and puts the inherited ones in their places.
func (t *sockets) boot() error {
	pollers, err := pollersOfListeners()
	if err != nil && len(t.server.heirs) > 0 {
		return fmt.Errorf("cannot serve inherited sockets: %w", err)
	}
	if err := t.server.heirs.prepare(len(t.server.loops), pollers); err != nil {
		return err
	}
	if t.server.cfg.Late {
		t.pollers = pollers
		return nil
	}
	return t.listen(pollers)
}

func (t *sockets) listen(pollers map[int]int) error {
	err := t.server.heirs.adopt()
	t.listeners = append(findListeners(t.server.claimed), t.server.heirs.listeners()...)
	t.findDoors(pollers)
	if tuneListeners(t.listeners) == 0 {
		t.server.cfg.Logger.Info("cannot tune the listening sockets: more is buffered for slow clients by the kernel, where it is not bounded by us")
	}
	return err
}

// rest has memory returned when a storm is over, or when there is little to
// do. Should all workers be busy, neither is true.
func (t *sockets) rest() {
	st := t.server.Stats()
	calm, littered := t.lull.tick(st.Open, st.Opened), t.garbage.tick()
	if calm || littered {
		_ = t.server.Submit(returnMemory)
	}
}

// maxSurplus is how many connections over the limit are let in at a time.
const maxSurplus = Headroom / 2

// OnOpen counts a newcomer. Over the limit it is let in to be told so; far
// over it, its socket is closed at once: accept must never run out of
// descriptors, for gnet would end.
func (t *sockets) OnOpen(gc gnet.Conn) (_ []byte, action gnet.Action) {
	defer func() {
		if p := recover(); p != nil {
			t.server.cfg.Logger.Error("panic while a connection was opened; it is closed", "panic", p, "stack", string(debug.Stack()))
			action = gnet.Close
		}
	}()
	switch from := gc.Context().(type) {
	case *bell:
		return nil, gnet.None
	case *arrival:
		return nil, t.arrive(gc, from)
	}
	open := t.server.open.Add(1)
	if open > t.server.max+maxSurplus || t.server.closed.Load() {
		t.server.refused.Add(1)
		return nil, gnet.Close
	}
	c := t.loopOf(gc.EventLoop()).Open(Newcomer{Socket: gc, FD: gc.Fd(), Surplus: open > t.server.max, TLS: t.isSecure(gc.LocalAddr())})
	if c == nil {
		t.server.refused.Add(1)
		return nil, gnet.Close
	}
	gc.SetContext(c)
	return nil, gnet.None
}

// isSecure tells whether a connection came to an address that speaks TLS.
func (t *sockets) isSecure(local net.Addr) bool {
	if len(t.secure) == 0 {
		return false
	}
	tcp, ok := local.(*net.TCPAddr)
	return ok && slices.Contains(t.secure, unmapped(tcp.AddrPort()))
}

func unmapped(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

// OnTraffic hands everything read to the loop; gnet keeps nothing.
func (t *sockets) OnTraffic(gc gnet.Conn) gnet.Action {
	data, err := gc.Next(-1)
	switch c := gc.Context().(type) {
	case *Conn:
		if err == nil {
			c.loop.Ingest(c, data)
		}
	case *bell:
		t.Wake(c.loop) // not now: a turn closes sockets, and this batch may have more of them
	}
	return gnet.None
}

// OnClose tells the loop that a socket is gone.
func (t *sockets) OnClose(gc gnet.Conn, _ error) gnet.Action {
	if _, ok := gc.Context().(*bell); ok {
		return gnet.None
	}
	t.server.open.Add(-1)
	if c, ok := gc.Context().(*Conn); ok {
		lent := c.has(flagLent)
		c.loop.Closed(c)
		gc.SetContext(nil)
		if lent {
			t.endLoan(gc.Fd())
		}
	}
	return gnet.None
}

// endLoan tells the peer that a connection is over whose socket another process has,
// too: to close one of two descriptors would tell nobody.
func (t *sockets) endLoan(fd int) {
	t.poller.remove(fd)
	shutDown(fd)
}

// quiet is gnet's way into our log. What it says matters to developers.
type quiet struct{ log *slog.Logger }

func (q quiet) Debugf(format string, args ...any) {
	q.log.Debug("gnet: " + fmt.Sprintf(format, args...))
}

func (q quiet) Infof(format string, args ...any) {
	q.log.Debug("gnet: " + fmt.Sprintf(format, args...))
}

func (q quiet) Warnf(format string, args ...any) {
	q.log.Debug("gnet: " + fmt.Sprintf(format, args...))
}

func (q quiet) Errorf(format string, args ...any) {
	q.log.Warn("gnet: " + fmt.Sprintf(format, args...))
}

func (q quiet) Fatalf(format string, args ...any) {
	q.log.Error("gnet: " + fmt.Sprintf(format, args...))
}
