package gate

import (
	"bytes"
	"net/netip"

	"fanfare/engine"
	"fanfare/engine/http1"
	"fanfare/protocol/borrow"
)

// Caller is the client that a request comes from.
type Caller struct {
	// Addr is its address, without a zone and never IPv4 in IPv6's clothes; not
	// valid when it is not known.
	Addr netip.Addr
	// TLS tells that its connection is encrypted, to us or to the first proxy
	// on its way.
	TLS bool
}

// Caller tells who sent a request. Loop only; r is borrowed until return.
func (g *Gate) Caller(c *engine.Conn, r *http1.Request) Caller {
	who := Caller{Addr: c.Client().Addr(), TLS: c.OverTLS()}
	if !g.Trusts(who.Addr) {
		return who
	}
	hops := g.walk(&who, r)
	if scheme, ok := entry(r, forwardedProto, max(hops-1, 0)); ok {
		who.TLS = isTLS(scheme)
	}
	return who
}

// Trusts tells whether an address is one of the trusted proxies. Any goroutine.
func (g *Gate) Trusts(addr netip.Addr) bool { return g != nil && g.trusted.Contains(addr) }

// Trusting tells whether there are any. Any goroutine.
func (g *Gate) Trusting() bool { return g != nil && len(g.trusted) > 0 }

// maxHops is how many proxies in a row are believed.
const maxHops = 32

var (
	forwardedFor   = []byte("X-Forwarded-For")
	forwardedProto = []byte("X-Forwarded-Proto")
)

// walk follows X-Forwarded-For from a trusted proxy to whoever is none, and
// tells how many entries it took.
func (g *Gate) walk(who *Caller, r *http1.Request) (hops int) {
	l := list{fields: r.Fields, name: forwardedFor}
	for hops < maxHops && g.trusted.Contains(who.Addr) {
		e, ok := l.next()
		if !ok {
			break
		}
		addr, ok := parseAddr(e)
		if !ok {
			break
		}
		who.Addr = addr
		hops++
	}
	return hops
}

// entry gives the entry of a header that is n entries away from the last one,
// or the first when there are fewer; false when there is none.
func entry(r *http1.Request, name []byte, n int) (found []byte, ok bool) {
	l := list{fields: r.Fields, name: name}
	for ; n >= 0; n-- {
		e, more := l.next()
		if !more {
			break
		}
		found, ok = e, true
	}
	return found, ok
}

// list gives the entries of a header, all fields of its name taken together
// (RFC 9110 section 5.3), from the last to the first.
type list struct {
	fields []http1.Field // not visited yet
	name   []byte
	rest   []byte // of the field that is being visited
	inside bool   // rest has an entry, if only an empty one
}

func (l *list) next() (entry []byte, ok bool) {
	for !l.inside {
		n := len(l.fields)
		if n == 0 {
			return nil, false
		}
		f := &l.fields[n-1]
		l.fields = l.fields[:n-1]
		if bytes.EqualFold(f.Name, l.name) {
			l.rest, l.inside = f.Value, true
		}
	}
	comma := bytes.LastIndexByte(l.rest, ',')
	entry = bytes.Trim(l.rest[comma+1:], " \t")
	l.rest, l.inside = l.rest[:max(comma, 0)], comma >= 0
	return entry, true
}

// parseAddr reads an address as proxies write them: 192.0.2.1, 2001:db8::1,
// [2001:db8::1], and each of the first and last with a port.
func parseAddr(b []byte) (netip.Addr, bool) {
	const most = len("[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535")
	if len(b) > most || bytes.IndexByte(b, '%') >= 0 {
		return netip.Addr{}, false
	}
	text := borrow.String(b)
	if addr, err := netip.ParseAddr(text); err == nil {
		return addr.Unmap(), true
	}
	if n := len(text); n > 2 && text[0] == '[' && text[n-1] == ']' {
		addr, err := netip.ParseAddr(text[1 : n-1])
		return addr.Unmap(), err == nil && addr.Is6()
	}
	both, err := netip.ParseAddrPort(text)
	return both.Addr().Unmap(), err == nil
}

func isTLS(scheme []byte) bool {
	return bytes.EqualFold(scheme, []byte("https")) || bytes.EqualFold(scheme, []byte("wss"))
}
