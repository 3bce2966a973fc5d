//go:build unix

package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/panjf2000/gnet/v2"
)

// sockets is the real Transport: gnet reads and tells of newcomers and
// departures, sending is our own (send_*.go), and a poller of our own tells
// when a socket takes bytes again, which gnet does not.
type sockets struct {
	gnet.BuiltinEventEngine
	server *Server
	poller *poller
	kicks  chan *Loop // loops that asked for WakeLater; closed at the end

	mu      sync.RWMutex
	engine  gnet.Engine
	loopsOf []gnet.EventLoop // guarded by mu: by loop index, nil while it had no connection
	asleep  []bool           // guarded by mu: woken before it was attached

	booted     chan struct{}
	bootOnce   sync.Once
	background sync.WaitGroup
	stopOnce   sync.Once
}

func newSockets(s *Server) (*sockets, error) {
	p, err := newPoller()
	if err != nil {
		return nil, err
	}
	return &sockets{
		server: s, poller: p, booted: make(chan struct{}),
		kicks:   make(chan *Loop, s.cfg.Loops),
		loopsOf: make([]gnet.EventLoop, s.cfg.Loops),
		asleep:  make([]bool, s.cfg.Loops),
	}, nil
}

// start runs gnet and the poller, and returns when connections are served.
func (t *sockets) start() error {
	t.background.Go(t.kick)
	t.background.Go(func() { t.poller.run(t.writable) })
	go t.serve()
	select {
	case <-t.booted:
		return nil
	case <-t.server.done:
		t.stop()
		return fmt.Errorf("cannot serve: %w", t.server.err)
	}
}

// serve is gnet's main goroutine.
func (t *sockets) serve() {
	defer close(t.server.done)
	addrs := make([]string, len(t.server.addrs))
	for i, a := range t.server.addrs {
		addrs[i] = "tcp://" + a
	}
	err := gnet.Rotate(t, addrs,
		gnet.WithReusePort(true),
		gnet.WithReuseAddr(true), // a restart need not wait for TIME_WAIT to pass
		gnet.WithNumEventLoop(len(t.server.loops)),
		gnet.WithTicker(true),
		gnet.WithTCPNoDelay(gnet.TCPNoDelay),
		gnet.WithLogger(quiet{t.server.cfg.Logger}))
	if err == nil && !t.server.draining.Load() {
		err = errors.New("the event loops ended by themselves")
	}
	t.server.err = err
}

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
		tuneListeners(t.server.addrs)
		close(t.booted)
	})
	now := time.Now()
	for _, l := range t.server.loops {
		if t.attached(l) {
			l.Post(tick{now})
		}
	}
	return time.Second, gnet.None
}

type tick struct{ t time.Time }

func (t tick) Run(l *Loop) { l.Tick(t.t) }

// OnOpen counts a newcomer. Over the limit it is let in to be told so; far
// over it, its socket is closed at once: accept must never run out of
// descriptors, for gnet would end.
func (t *sockets) OnOpen(gc gnet.Conn) ([]byte, gnet.Action) {
	open := t.server.open.Add(1)
	if open > t.server.max+Headroom/2 || t.server.draining.Load() {
		t.server.refused.Add(1)
		return nil, gnet.Close
	}
	c := t.loopOf(gc.EventLoop()).Open(gc, gc.Fd(), open > t.server.max)
	if c == nil {
		t.server.refused.Add(1)
		return nil, gnet.Close
	}
	gc.SetContext(c)
	return nil, gnet.None
}

// OnTraffic hands everything read to the loop; gnet keeps nothing.
func (t *sockets) OnTraffic(gc gnet.Conn) gnet.Action {
	data, err := gc.Next(-1)
	if c, ok := gc.Context().(*Conn); ok && err == nil {
		c.loop.Ingest(c, data)
	}
	return gnet.None
}

// OnClose tells the loop that a socket is gone.
func (t *sockets) OnClose(gc gnet.Conn, _ error) gnet.Action {
	t.server.open.Add(-1)
	if c, ok := gc.Context().(*Conn); ok {
		c.loop.Closed(c)
		gc.SetContext(nil)
	}
	return gnet.None
}

// loopOf finds our loop of gnet's, and pairs them at the first connection.
func (t *sockets) loopOf(el gnet.EventLoop) *Loop {
	t.mu.RLock()
	for i, known := range t.loopsOf {
		if known == el {
			t.mu.RUnlock()
			return t.server.loops[i]
		}
	}
	t.mu.RUnlock()
	return t.attach(el)
}

func (t *sockets) attach(el gnet.EventLoop) *Loop {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, known := range t.loopsOf {
		if known != nil {
			continue
		}
		t.loopsOf[i] = el
		l := t.server.loops[i]
		l.setClock(time.Now()) // it had no ticks
		if t.asleep[i] {
			_ = el.Execute(context.Background(), turner{l}) // fails only at the end of all loops
		}
		return l
	}
	panic("engine: gnet has more loops than were asked for")
}

func (t *sockets) attached(l *Loop) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.loopsOf[l.index] != nil
}

// turner is a loop's turn as gnet runs it.
type turner struct{ l *Loop }

func (r turner) Run(context.Context) error {
	r.l.Turn()
	return nil
}

// Wake has gnet run a turn after the current batch of I/O.
func (t *sockets) Wake(l *Loop) {
	t.mu.RLock()
	el := t.loopsOf[l.index]
	t.mu.RUnlock()
	if el == nil {
		t.wakeUnattached(l)
		return
	}
	_ = el.Execute(context.Background(), turner{l}) // fails only at the end of all loops
}

func (t *sockets) wakeUnattached(l *Loop) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if el := t.loopsOf[l.index]; el != nil {
		_ = el.Execute(context.Background(), turner{l}) // fails only at the end of all loops
		return
	}
	t.asleep[l.index] = true
}

// WakeLater goes round by another goroutine: gnet runs tasks until none are
// left before it looks at I/O again, so a loop that woke itself would starve
// its sockets.
func (t *sockets) WakeLater(l *Loop) { t.kicks <- l }

func (t *sockets) kick() {
	for l := range t.kicks {
		if l == nil {
			return
		}
		t.Wake(l)
	}
}

// writable posts what the poller found to the loops.
func (t *sockets) writable(handles []Handle) {
	byLoop := make(map[int]writableTask)
	for _, h := range handles {
		byLoop[LoopOf(h)] = append(byLoop[LoopOf(h)], h)
	}
	for i, task := range byLoop {
		t.server.loops[i].Post(task)
	}
}

type writableTask []Handle

func (hs writableTask) Run(l *Loop) {
	for _, h := range hs {
		l.Writable(h)
	}
}

// Send implements Transport.
func (t *sockets) Send(c *Conn, b []byte) (int, error) { return send(int(c.fd), b) }

// Watch implements Transport.
func (t *sockets) Watch(c *Conn) error { return t.poller.add(int(c.fd), c.Handle()) }

// Unwatch implements Transport.
func (t *sockets) Unwatch(c *Conn) { t.poller.remove(int(c.fd)) }

// CloseWrite implements Transport.
func (t *sockets) CloseWrite(c *Conn) { closeWrite(int(c.fd)) }

// Close implements Transport.
func (t *sockets) Close(c *Conn) {
	gc := c.sock.(gnet.Conn)
	if err := gc.EventLoop().Close(gc); err != nil {
		t.server.cfg.Logger.Debug("closing a socket", "error", err)
	}
}

// Remote implements Transport.
func (t *sockets) Remote(c *Conn) string {
	if a := c.sock.(gnet.Conn).RemoteAddr(); a != nil {
		return a.String()
	}
	return ""
}

// stopListening gives the port to others; connections live on.
func (t *sockets) stopListening() { closeListeners(t.server.addrs) }

// stop ends gnet, which closes what is still open, then the goroutines that
// served it.
func (t *sockets) stop() {
	t.stopOnce.Do(func() {
		t.server.draining.Store(true)
		gone, cancel := context.WithCancel(context.Background())
		cancel() // Stop polls twice a second; Rotate's return tells sooner
		t.mu.RLock()
		eng := t.engine
		t.mu.RUnlock()
		_ = eng.Stop(gone)
		<-t.server.done
		t.poller.stop()
		t.kicks <- nil
		t.background.Wait()
	})
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
