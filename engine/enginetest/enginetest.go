// Package enginetest drives an engine.Loop by hand, with connections in
// memory: rooms above the engine test with it without sockets, goroutines or
// real time. Everything runs on the calling goroutine.
package enginetest

import (
	"log/slog"
	"net/netip"
	"sync/atomic"
	"time"

	"fanfare/engine"
)

// Loop is a loop that moves only when told to.
type Loop struct {
	*engine.Loop
	clock time.Time
	woken atomic.Bool // set by anybody who posts
	sends int
}

// New makes a loop with index 0. Zero fields of cfg have the engine's
// defaults.
func New(cfg engine.Config, h engine.Handler) *Loop {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	cfg.SetDefaults()
	l := &Loop{}
	l.Loop = engine.NewLoop(&cfg, 0, h, (*transport)(l))
	l.clock = l.Now() // and not a moment before: the first second would not count
	return l
}

// Settle runs turns until nothing is due any more.
func (l *Loop) Settle() {
	for l.woken.Swap(false) {
		l.Turn()
	}
}

// Advance lets time pass, second by second, and runs what falls due.
func (l *Loop) Advance(d time.Duration) {
	for ; d > 0; d -= time.Second {
		l.clock = l.clock.Add(time.Second)
		l.Tick(l.clock)
		l.Settle()
	}
}

// Leap lets time pass in which the loop stands still: it has one tick, at the end.
func (l *Loop) Leap(d time.Duration) {
	l.clock = l.clock.Add(d)
	l.Tick(l.clock)
	l.Settle()
}

// Sends is the number of sends so far.
func (l *Loop) Sends() int { return l.sends }

// Dial opens a connection from 192.0.2.1, port 1234.
func (l *Loop) Dial() *Peer { return l.DialFrom(netip.MustParseAddrPort("192.0.2.1:1234")) }

// DialFrom opens a connection from that address.
func (l *Loop) DialFrom(addr netip.AddrPort) *Peer {
	p := &Peer{loop: l, addr: addr, room: -1}
	p.conn = l.Open(engine.Newcomer{Socket: p})
	return p
}

// Peer is the far end of a connection.
type Peer struct {
	loop     *Loop
	conn     *engine.Conn
	addr     netip.AddrPort
	received []byte
	room     int // bytes that the socket takes before it stalls; < 0: any
	watched  engine.Handle
	discard  bool
	panics   Call
	fin      bool
	closed   bool
}

// Conn is the server's end. It must not be used after Closed.
func (p *Peer) Conn() *engine.Conn { return p.conn }

// Write sends bytes to the server, in one piece, and lets it work.
func (p *Peer) Write(b []byte) {
	p.Deliver(b)
	p.loop.Settle()
}

// Deliver is Write without letting the server do more than read.
func (p *Peer) Deliver(b []byte) {
	if !p.closed {
		p.loop.Ingest(p.conn, append([]byte(nil), b...))
	}
}

// Received gives the bytes that came since the last call.
func (p *Peer) Received() []byte {
	b := p.received
	p.received = nil
	return b
}

// Discard makes the peer forget what it receives, for benchmarks.
func (p *Peer) Discard() { p.discard = true }

// Call is what the engine asks of a transport.
type Call uint8

// The calls that can be made to panic.
const (
	Send Call = iota + 1
	Watch
	CloseWrite
)

// PanicOn makes the transport panic instead, as a bug in it would.
func (p *Peer) PanicOn(c Call) { p.panics = c }

// about is where a call for p begins.
func (p *Peer) about(c Call) {
	if p.panics == c {
		panic("as asked")
	}
}

// Stall makes the socket take no more bytes, or take them again.
func (p *Peer) Stall(on bool) {
	if on {
		p.Limit(0)
		return
	}
	p.Limit(-1)
}

// Limit makes the socket take n more bytes before it stalls; negative: any
// number.
func (p *Peer) Limit(n int) {
	p.room = n
	if n != 0 {
		p.writable()
		p.loop.Settle()
	}
}

// writable tells the server, if it waits for it.
func (p *Peer) writable() {
	if h := p.watched; h != 0 {
		p.watched = 0
		p.loop.Writable(h)
	}
}

// MoveTo hands the socket over to another loop, where the connection waits for the
// state of the one before (engine.Conn.Adopt). The loop before must not run any more.
func (p *Peer) MoveTo(l *Loop) {
	p.loop, p.watched = l, 0
	p.conn = l.Open(engine.Newcomer{Socket: p, TakenOver: true})
}

// Hangup closes the connection from the far end.
func (p *Peer) Hangup() {
	if !p.closed {
		p.closed = true
		p.loop.Closed(p.conn)
		p.loop.Settle()
	}
}

// Closed tells whether the server closed the connection; HalfClosed whether
// it sent its last byte.
func (p *Peer) Closed() bool { return p.closed }

// HalfClosed tells whether the server has sent its last byte.
func (p *Peer) HalfClosed() bool { return p.fin }

// transport implements engine.Transport.
type transport Loop

func peer(c *engine.Conn) *Peer { return c.Socket().(*Peer) }

func (t *transport) Send(_ *engine.Loop, list []engine.Sending) {
	for i := range list {
		s := &list[i]
		s.N = t.send(peer(s.Conn), s.Bytes)
		s.Done = true
	}
}

func (t *transport) send(p *Peer, b []byte) int {
	t.sends++
	p.about(Send)
	n := len(b)
	if p.room >= 0 {
		n = min(n, p.room)
		p.room -= n
	}
	if !p.discard {
		p.received = append(p.received, b[:n]...)
	}
	return n
}

func (t *transport) Watch(c *engine.Conn) error {
	p := peer(c)
	p.about(Watch)
	p.watched = c.Handle()
	if p.room != 0 {
		t.Post(engine.TaskFunc(func(*engine.Loop) { p.writable() })) // a socket that takes bytes says so at once
	}
	return nil
}

func (t *transport) Unwatch(c *engine.Conn) { peer(c).watched = 0 }

func (t *transport) CloseWrite(c *engine.Conn) {
	p := peer(c)
	p.about(CloseWrite)
	p.fin = true
}

func (t *transport) Close(c *engine.Conn) {
	p := peer(c)
	p.closed = true
	t.Closed(c)
}

func (t *transport) Remote(c *engine.Conn) netip.AddrPort { return peer(c).addr }

func (t *transport) Wake(*engine.Loop) { t.woken.Store(true) }

func (t *transport) WakeLater(*engine.Loop) { t.woken.Store(true) }
