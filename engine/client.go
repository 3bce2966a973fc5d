package engine

import (
	"fmt"
	"net/netip"

	"fanfare/engine/http1"
	"fanfare/engine/proxyproto"
)

// Client is the address of whoever is at the other end: the client that a
// trusted proxy named in a PROXY header, else the socket's peer. It is not
// valid when that is not known, and never an IPv4 address in IPv6's clothes. It
// does not allocate.
func (c *Conn) Client() netip.AddrPort {
	if !c.has(flagNamed) {
		return c.loop.transport.Remote(c)
	}
	e := c.loop.slots.page(c.slot).named[c.slot%pageSize]
	return netip.AddrPortFrom(netip.AddrFrom16(e.addr).Unmap(), e.port)
}

// Remote is Client as "ip:port", for logs; empty when it is not known.
func (c *Conn) Remote() string {
	if addr := c.Client(); addr.IsValid() {
		return addr.String()
	}
	return ""
}

// OverTLS tells that the client's connection is encrypted, be it to us or, as
// a PROXY header says, to the proxy.
func (c *Conn) OverTLS() bool { return c.has(flagTLS) }

// name notes what is known of the client beside its socket.
func (c *Conn) name(client netip.AddrPort, tls bool) {
	if tls {
		c.set(flagTLS)
	}
	if !client.IsValid() {
		return
	}
	p := c.loop.slots.page(c.slot)
	if p.named == nil {
		p.named = new([pageSize]endpoint)
	}
	p.named[c.slot%pageSize] = endpoint{addr: client.Addr().As16(), port: client.Port()}
	c.set(flagNamed)
}

// expectProxyHeader has a newcomer begin with a PROXY header when it is a
// proxy that may say who its client is.
func (l *Loop) expectProxyHeader(c *Conn) {
	if l.cfg.ProxyProtocol && proxyproto.Trusted(l.cfg.TrustedProxies).Contains(l.transport.Remote(c).Addr()) {
		c.set(flagProxyHeader)
	}
}

// readProxyHeader takes the PROXY header and returns its length, 0 as long as
// it is not complete. Requests follow it.
func (l *Loop) readProxyHeader(c *Conn, data []byte) int {
	h, n, err := proxyproto.Parse(data)
	if err != nil {
		l.refuseProxy(c, err)
		return len(data)
	}
	if n > 0 {
		c.unset(flagProxyHeader)
		c.name(h.Source, h.TLS)
		l.counters.proxied++
	}
	return n
}

// refuseProxy ends a connection whose client is not known. The proxy may hand
// the answer through to whoever wonders why nothing works.
func (l *Loop) refuseProxy(c *Conn, err error) {
	l.counters.violations++
	l.counters.refuse(400)
	e := http1.Error{Status: 400, Message: fmt.Sprintf("connections from %v, a trusted proxy, must begin with a PROXY protocol header, version 1 or 2: %v",
		l.transport.Remote(c).Addr(), err)}
	answer := e.Response()
	answer.Minor = 1
	c.pushReply(http1.AppendResponse(l.runs.paper(), &answer, l.date))
	c.linger(CauseProxy)
}
