package gate_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"fanfare/engine"
	"fanfare/engine/enginetest"
	"fanfare/engine/http1"
	"fanfare/protocol/gate"
)

// asking notes who the gate says is calling.
type asking struct {
	gate *gate.Gate
	who  gate.Caller
	each func(*engine.Conn, *http1.Request)
}

func (a *asking) BodyLimit(*http1.Request) int { return 0 }

func (a *asking) Request(c *engine.Conn, r *http1.Request) {
	a.who = a.gate.Caller(c, r)
	if a.each != nil {
		a.each(c, r)
	}
	c.Respond(&http1.Response{Status: 200})
}

// call sends a request with these header lines from an address, and gives who
// the gate took it for. opening comes before the request.
func (a *asking) call(t testing.TB, cfg engine.Config, from, opening string, headers ...string) gate.Caller {
	t.Helper()
	l := enginetest.New(cfg, a)
	p := l.DialFrom(netip.MustParseAddrPort(from))
	a.who = gate.Caller{}
	p.Write(fmt.Appendf(nil, "%sGET / HTTP/1.1\r\nHost: x\r\n%s\r\n", opening, strings.Join(append(headers, ""), "\r\n")))
	if got := string(p.Received()); !strings.HasPrefix(got, "HTTP/1.1 200 ") {
		t.Fatalf("answered %q", got)
	}
	return a.who
}

func caller(addr string, tls bool) gate.Caller {
	return gate.Caller{Addr: netip.MustParseAddr(addr), TLS: tls}
}

const fromProxy, fromStranger = "10.0.0.1:1234", "198.51.100.9:1234"

func TestCaller(t *testing.T) {
	a := &asking{gate: gate.New(gate.Config{TrustedProxies: proxies})}
	f := func(from string, want gate.Caller, headers ...string) {
		t.Helper()
		if got := a.call(t, engine.Config{}, from, "", headers...); got != want {
			t.Errorf("%s with %q: got %v, want %v", from, headers, got, want)
		}
	}
	// Nobody but a trusted proxy is believed.
	f(fromStranger, caller("198.51.100.9", false), "X-Forwarded-For: 192.0.2.7", "X-Forwarded-Proto: https")
	f("[2001:db8::9]:1", caller("2001:db8::9", false), "X-Forwarded-For: 192.0.2.7", "X-Forwarded-Proto: https")
	f("127.0.0.1:1", caller("127.0.0.1", false), "X-Forwarded-For: 192.0.2.7", "X-Forwarded-Proto: https")

	// One proxy, which set or appended.
	f(fromProxy, caller("192.0.2.7", false), "X-Forwarded-For: 192.0.2.7")
	f(fromProxy, caller("192.0.2.7", true), "x-forwarded-for: 192.0.2.7", "x-forwarded-proto: HTTPS")
	f(fromProxy, caller("192.0.2.7", true), "X-Forwarded-For: 192.0.2.7", "X-Forwarded-Proto: wss")
	f(fromProxy, caller("192.0.2.7", false), "X-Forwarded-For: 192.0.2.7", "X-Forwarded-Proto: ws")
	f("[fd00::1]:1", caller("192.0.2.7", true), "X-Forwarded-For: 192.0.2.7", "X-Forwarded-Proto: https")
	f(fromProxy, caller("192.0.2.7", false), "X-Forwarded-For: 203.0.113.66, 192.0.2.7", "X-Forwarded-Proto: https, http")
	f(fromProxy, caller("192.0.2.7", false), "X-Forwarded-For: 10.0.0.2, 192.0.2.7", "X-Forwarded-Proto: https,http")
	f(fromProxy, caller("192.0.2.7", false), "X-Forwarded-For: 203.0.113.66", "X-Forwarded-For: 192.0.2.7", "X-Forwarded-Proto: https", "X-Forwarded-Proto: http")

	// Several proxies.
	f(fromProxy, caller("192.0.2.7", true), "X-Forwarded-For: 192.0.2.7, fd00::5,10.9.9.9", "X-Forwarded-Proto: https, http, http")
	f(fromProxy, caller("192.0.2.7", true), "X-Forwarded-For: 192.0.2.7, 10.9.9.9", "X-Forwarded-Proto: https")
	f(fromProxy, caller("192.0.2.7", false), "X-Forwarded-For: 203.0.113.66, 192.0.2.7, 10.9.9.9", "X-Forwarded-Proto: https, http, https")
	f(fromProxy, caller("10.5.5.5", true), "X-Forwarded-For: 10.5.5.5, 10.9.9.9", "X-Forwarded-Proto: https, http")

	// It names nobody.
	f(fromProxy, caller("10.0.0.1", false))
	f(fromProxy, caller("10.0.0.1", true), "X-Forwarded-Proto: https")
	f(fromProxy, caller("10.0.0.1", false), "X-Forwarded-For:")
	f(fromProxy, caller("10.0.0.1", false), "X-Forwarded-For: unknown")

	// What is no address stops the walk: what is left of it may be anybody's.
	f(fromProxy, caller("10.9.9.9", false), "X-Forwarded-For: 192.0.2.7, unknown, 10.9.9.9")
	f(fromProxy, caller("10.9.9.9", false), "X-Forwarded-For: 192.0.2.7,, 10.9.9.9")
	f(fromProxy, caller("10.0.0.1", false), "X-Forwarded-For: 192.0.2.7,")
	f(fromProxy, caller("10.0.0.1", false), "X-Forwarded-For: 192.0.2.7", "X-Forwarded-For: ")
	f(fromProxy, caller("10.0.0.1", false), "X-Forwarded-For: 192.0.2.7, "+strings.Repeat("1", 4000))
	f(fromProxy, caller("10.0.0.1", false), "X-Forwarded-For: fe80::1%eth0")
	f(fromProxy, caller("10.0.0.1", false), "X-Forwarded-For: 192.0.2.7:http")
	f(fromProxy, caller("10.0.0.1", false), "X-Forwarded-For: [192.0.2.7]")
	f(fromProxy, caller("10.0.0.1", false), "X-Forwarded-For: []")
	f(fromProxy, caller("10.0.0.1", false), "X-Forwarded-For: \"192.0.2.7\"")
	f(fromProxy, caller("10.0.0.1", false), "Forwarded: for=192.0.2.7;proto=https")

	// The ways to write an address.
	f(fromProxy, caller("192.0.2.7", false), "X-Forwarded-For: 192.0.2.7:56324")
	f(fromProxy, caller("192.0.2.7", false), "X-Forwarded-For: ::ffff:192.0.2.7")
	f(fromProxy, caller("192.0.2.7", false), "X-Forwarded-For: [::ffff:192.0.2.7]:80")
	f(fromProxy, caller("192.0.2.7", false), "X-Forwarded-For: [::ffff:192.0.2.7]")
	f(fromProxy, caller("2001:db8::7", false), "X-Forwarded-For: 2001:db8::7")
	f(fromProxy, caller("2001:db8::7", false), "X-Forwarded-For: [2001:db8::7]")
	f(fromProxy, caller("2001:db8::7", false), "X-Forwarded-For: \t[2001:db8::7]:443 ")
}

// A chain that never ends is followed for as many hops as anybody has.
func TestCallerFollowsNoEndlessChain(t *testing.T) {
	a := &asking{gate: gate.New(gate.Config{TrustedProxies: proxies})}
	chain := "192.0.2.7" + strings.Repeat(",10.1.1.1", 31)
	if got := a.call(t, engine.Config{}, fromProxy, "", "X-Forwarded-For: "+chain); got.Addr != alice {
		t.Errorf("32 hops: got %v, want %v", got.Addr, alice)
	}
	if got := a.call(t, engine.Config{}, fromProxy, "", "X-Forwarded-For: "+chain+",10.2.2.2"); got.Addr != netip.MustParseAddr("10.1.1.1") {
		t.Errorf("33 hops: got %v, want the 32nd", got.Addr)
	}
}

// With a PROXY header it is the client named there whose word counts, or does
// not.
func TestCallerBehindProxyProtocol(t *testing.T) {
	a := &asking{gate: gate.New(gate.Config{TrustedProxies: proxies})}
	cfg := engine.Config{ProxyProtocol: true, TrustedProxies: proxies}
	f := func(opening string, want gate.Caller, headers ...string) {
		t.Helper()
		if got := a.call(t, cfg, fromProxy, opening, headers...); got != want {
			t.Errorf("%q with %q: got %v, want %v", opening, headers, got, want)
		}
	}
	forged := []string{"X-Forwarded-For: 203.0.113.66", "X-Forwarded-Proto: https"}
	f("PROXY TCP4 192.0.2.7 10.0.0.9 1 2\r\n", caller("192.0.2.7", false), forged...)
	f("PROXY TCP4 10.0.0.3 10.0.0.9 1 2\r\n", caller("203.0.113.66", true), forged...)
	f("PROXY UNKNOWN\r\n", caller("203.0.113.66", true), forged...)
	tls := "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x14\xc0\x00\x02\x07\x0a\x00\x00\x09\x00\x01\x00\x02\x20\x00\x05\x01\x00\x00\x00\x00"
	f(tls, caller("192.0.2.7", true))
	f(tls, caller("192.0.2.7", true), "X-Forwarded-Proto: http") // it came to us through a proxy that did not look at it
}

// A nil gate believes nobody but the engine.
func TestCallerWithoutGate(t *testing.T) {
	a := &asking{}
	if got := a.call(t, engine.Config{}, fromProxy, "", "X-Forwarded-For: 192.0.2.7"); got != caller("10.0.0.1", false) {
		t.Errorf("got %v", got)
	}
}

// FuzzCaller: whatever a proxy hands through, the caller is the proxy or an
// address that is written there, and what untrusted peers write counts nothing.
func FuzzCaller(f *testing.F) {
	f.Add("192.0.2.7, 10.0.0.2", "https, http")
	f.Add("[2001:db8::1]:80,[::1]", "")
	f.Add("::ffff:10.0.0.1:1,unknown,", "wss")
	f.Fuzz(func(t *testing.T, forwarded, proto string) {
		r := http1.Request{Fields: []http1.Field{
			{Name: []byte("X-Forwarded-For"), Value: []byte(forwarded)},
			{Name: []byte("X-Forwarded-Proto"), Value: []byte(proto)},
		}}
		a := &asking{gate: gate.New(gate.Config{TrustedProxies: proxies})}
		a.each = func(c *engine.Conn, _ *http1.Request) { a.who = a.gate.Caller(c, &r) }
		got := a.call(t, engine.Config{}, fromProxy, "")
		if !got.Addr.IsValid() || got.Addr.Zone() != "" || got.Addr.Is4In6() {
			t.Fatalf("caller %v", got.Addr)
		}
		if got.Addr != proxy && !named(forwarded, got.Addr) {
			t.Fatalf("caller %v is not among %q", got.Addr, forwarded)
		}
		if got.TLS && !strings.Contains(strings.ToLower(proto), "https") && !strings.Contains(strings.ToLower(proto), "wss") {
			t.Fatalf("TLS by %q", proto)
		}
		if got := a.call(t, engine.Config{}, fromStranger, ""); got != caller("198.51.100.9", false) {
			t.Fatalf("a stranger is taken for %v", got)
		}
	})
}

// named looks for the address in any of its spellings.
func named(list string, addr netip.Addr) bool {
	for e := range strings.SplitSeq(list, ",") {
		e = strings.Trim(e, " \t")
		if a, err := netip.ParseAddr(strings.Trim(e, "[]")); err == nil && a.Unmap() == addr {
			return true
		}
		if a, err := netip.ParseAddrPort(e); err == nil && a.Addr().Unmap() == addr {
			return true
		}
	}
	return false
}
