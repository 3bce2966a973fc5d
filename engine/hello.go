package engine

import (
	"bytes"
	"container/list"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync/atomic"

	"fanfare/engine/http1"
	"fanfare/engine/tlsconn"
)

// hello is a connection's TLS handshake under way.
type hello struct {
	*tlsconn.Handshake
	loop   *Loop
	handle Handle
	client netip.AddrPort
	begun  atomic.Bool   // it has a goroutine, and has had a turn
	list   *list.List    // guarded by handshakes.mu: where it waits
	place  *list.Element // guarded by handshakes.mu
}

// The reasons for which a handshake is ended from outside.
var (
	errPeerLeft  = errors.New("the peer has gone")
	errHelloLate = errors.New("the handshake was not over in time")
	errCrowded   = errors.New("too many handshakes wait for their peers, and this one does so for the longest time")
)

// acmeProtocol is what a certificate authority negotiates that only wants to see
// the certificate (RFC 8737).
const acmeProtocol = "acme-tls/1"

// readHello takes what comes until the handshake is over, and begins it when its
// first record is complete: a peer that sends nothing costs nothing.
func (l *Loop) readHello(c *Conn, data []byte) int {
	if s := l.secureOf(c); s.hello != nil {
		l.feedHello(c, data)
		return len(data)
	}
	if data[0] != recordHandshake {
		return l.refuseHello(c, data)
	}
	if len(data) < recordHeader || len(data) < recordHeader+int(data[3])<<8+int(data[4]) {
		return l.awaitHello(c, data)
	}
	if l.shakes.paused.Load() {
		return 0
	}
	l.beginHello(c)
	l.feedHello(c, data)
	return len(data)
}

// PauseHandshakes has no TLS handshake begin until ResumeHandshakes: what newcomers
// have said waits, and can be written down. Those under way go on, and Handshakes.Open
// counts them. Any goroutine.
func (s *Server) PauseHandshakes() {
	if s.shakes != nil {
		s.shakes.paused.Store(true)
	}
}

// ResumeHandshakes undoes PauseHandshakes, and returns when all loops know.
func (s *Server) ResumeHandshakes(ctx context.Context) error {
	if s.shakes == nil || !s.shakes.paused.Swap(false) {
		return nil
	}
	return s.EachConn(ctx, func(c *Conn) {
		if c.state == stateHello {
			c.loop.resume(c)
		}
	})
}

const (
	recordHandshake = 22 // RFC 8446 section 5.1
	recordHeader    = 5
	maxRecord       = 16<<10 + 256
)

// awaitHello leaves an incomplete record where it is.
func (l *Loop) awaitHello(c *Conn, data []byte) int {
	if len(data) >= recordHeader && int(data[3])<<8+int(data[4]) > maxRecord {
		return l.refuseHello(c, data)
	}
	return 0
}

// refuseHello ends a connection that begins with something else. If that is HTTP,
// its answer can be read.
func (l *Loop) refuseHello(c *Conn, data []byte) int {
	l.shakes.failed(failNotTLS)
	if !bytes.ContainsAny(data[:1], "GPHDOCT") { // of GET, POST, and the like
		c.Abort(CauseProtocol)
		return len(data)
	}
	c.state = stateHTTP
	return l.refuse(c, &http1.Error{Status: 400, Message: "this port speaks TLS: use https:// or wss://"}, data)
}

func (l *Loop) beginHello(c *Conn) {
	h := &hello{loop: l, handle: c.Handle(), client: c.Client()}
	h.Handshake = l.shakes.config.Server(tlsconn.Peer{
		Remote: net.TCPAddrFromAddrPort(h.client),
		Local:  net.TCPAddrFromAddrPort(netip.AddrPort{}),
		Send:   func(b []byte) { l.Post(helloSays{h.handle, b}) },
		Idle:   func(waits bool) { l.shakes.waits(h, waits) },
	})
	l.secureOf(c).hello = h
	if !l.shakes.begin(h) {
		c.Abort(CauseOverload)
	}
}

const (
	// Bytes of a ClientHello, which may have several records. Who has not been
	// answered has nothing else to say.
	maxHello = 128 << 10
	// Bytes of that and of what a client sends on the heels of its last word, in the
	// main a request: of TLS 1.3 it does not wait for us there. So this is more than
	// any request may have, and the node's budget bounds what all send together.
	maxAhead = 65 << 20
)

// feedHello hands on what has come, and notes it for the node's budget.
func (l *Loop) feedHello(c *Conn, data []byte) {
	in, h := l.inboundOf(c), l.secureOf(c).hello
	in.early += len(data)
	most := maxHello
	if h.begun.Load() {
		most = maxAhead
	}
	if !h.Feed(data, most) {
		c.Abort(CauseProtocol)
	}
}

// helloSays is what the handshake has for the peer.
type helloSays struct {
	handle Handle
	bytes  []byte
}

// Run implements Task.
func (s helloSays) Run(l *Loop) {
	if c := l.Conn(s.handle); c != nil && c.state == stateHello {
		c.push(NewRaw(Protocol, s.bytes))
	}
}

// helloOver is a handshake that has succeeded, or not.
type helloOver struct {
	hello *hello
	conn  *tlsconn.Conn
	state tls.ConnectionState
	err   error
}

// Run implements Task.
func (o helloOver) Run(l *Loop) {
	if errors.Is(o.err, errPanicked) {
		l.counters.panics++
	}
	c := l.Conn(o.hello.handle)
	if c == nil || c.state != stateHello {
		return
	}
	if o.err != nil {
		c.linger(CauseTLS)
		return
	}
	l.flushConn(c) // what the handshake had to say is no record of ours
	if c.state != stateHello {
		return
	}
	l.secured(c, o.conn)
	if o.state.NegotiatedProtocol == acmeProtocol {
		c.linger(CauseLocal)
		return
	}
	l.unseal(c, o.hello.Rest())
	l.weigh(c)
}

// secured goes on with records.
func (l *Loop) secured(c *Conn, conn *tlsconn.Conn) {
	s := l.secureOf(c)
	s.hello, s.conn = nil, conn
	c.dropInput()
	c.state = stateHTTP
	c.set(flagTLS | flagSealed)
	if c.q != nil {
		l.keepHello(c.q)
	}
	c.setDue(l.headSeconds)
}

// keepHello makes a handshake's bytes the rest of something sealed, should the
// socket not even have taken those.
func (l *Loop) keepHello(q *queue) {
	var rest []byte
	q.each(func(_ uint32, f *Frame) { rest = append(rest, f.flat()...) })
	rest = rest[q.off:]
	l.discard(q)
	l.setRest(q, rest)
}

// expireHello ends a handshake that takes too long.
func (l *Loop) expireHello(c *Conn) {
	if l.secureOf(c).hello == nil {
		l.shakes.failed(failTimeout)
	}
	l.endHello(c, errHelloLate)
	c.Abort(CauseTimeout)
}

// endHello ends the handshake of a connection that is going away.
func (l *Loop) endHello(c *Conn, why error) {
	p := l.slots.page(c.slot)
	if p.secure == nil {
		return
	}
	if s := p.secure[c.slot%pageSize]; s != nil && s.hello != nil {
		l.shakes.end(s.hello, why)
		s.hello = nil
	}
}
