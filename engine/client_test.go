package engine_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanfare/engine"
	"fanfare/engine/enginetest"
	"fanfare/engine/http1"
)

// who answers every request with what the engine knows of its client, and
// echoes WebSocket messages.
type who struct{ echo }

func (w who) Request(c *engine.Conn, r *http1.Request) {
	if r.Upgrade {
		w.echo.Request(c, r)
		return
	}
	c.Respond(&http1.Response{Status: 200, Body: fmt.Appendf(nil, "%s %s tls=%v", r.Path, c.Remote(), c.OverTLS())})
}

const (
	proxyLine = "PROXY TCP4 203.0.113.9 198.51.100.1 56324 443\r\n"
	getA      = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
	getB      = "GET /b HTTP/1.1\r\nHost: x\r\n\r\n"
)

// proxyTLS is a version 2 header from [2001:db8::9]:56324 that says TLS.
const proxyTLS = "\r\n\r\n\x00\r\nQUIT\n\x21\x21\x00\x2c" +
	"\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x09" + "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01" +
	"\xdc\x04\x01\xbb" + "\x20\x00\x05\x01\x00\x00\x00\x01"

const proxyLocal = "\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"

// trusting believes enginetest's peers and loopback.
func trusting() engine.Config {
	return engine.Config{ProxyProtocol: true, TrustedProxies: []netip.Prefix{
		netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"),
	}}
}

// bodies reads the bodies of as many answers as there are.
func bodies(t *testing.T, raw string) (all []string) {
	t.Helper()
	for r := bufio.NewReader(strings.NewReader(raw)); ; {
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			return all
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%d %s", resp.StatusCode, body))
	}
}

// A PROXY header names the client of a trusted peer, however it arrives; what
// follows it is served.
func TestProxyHeaderNamesTheClient(t *testing.T) {
	f := func(header, want string) {
		t.Helper()
		wire := header + getA + getB
		for _, step := range []int{1, 7, len(header), len(header) + 5, len(wire)} {
			l := enginetest.New(trusting(), who{})
			p := l.Dial()
			for rest := wire; rest != ""; {
				n := min(step, len(rest))
				p.Write([]byte(rest[:n]))
				rest = rest[n:]
			}
			if diff := cmp.Diff([]string{"200 /a " + want, "200 /b " + want}, bodies(t, string(p.Received()))); diff != "" {
				t.Errorf("%q in steps of %d (-want +got):\n%s", header, step, diff)
			}
			if n := l.Snapshot().Proxied; n != 1 {
				t.Errorf("%d headers were counted, want 1", n)
			}
		}
	}
	f(proxyLine, "203.0.113.9:56324 tls=false")
	f(proxyTLS, "[2001:db8::9]:56324 tls=true")
	f("PROXY UNKNOWN\r\n", "192.0.2.1:1234 tls=false")
	f(proxyLocal, "192.0.2.1:1234 tls=false")
}

// Who is not trusted, or everybody where it is off, can't say that it is
// somebody else.
func TestProxyHeaderOfOthersIsNone(t *testing.T) {
	f := func(cfg engine.Config, from, header string) {
		t.Helper()
		l := enginetest.New(cfg, who{})
		p := l.DialFrom(netip.MustParseAddrPort(from))
		p.Write([]byte(getA))
		if diff := cmp.Diff([]string{"200 /a " + from + " tls=false"}, bodies(t, string(p.Received()))); diff != "" {
			t.Errorf("without a header (-want +got):\n%s", diff)
		}
		p.Hangup()
		p = l.DialFrom(netip.MustParseAddrPort(from))
		p.Write([]byte(header + getA))
		got := string(p.Received())
		if !strings.HasPrefix(got, "HTTP/1.1 400 ") || strings.Contains(got, "HTTP/1.1 200") || l.Snapshot().Proxied != 0 {
			t.Errorf("%q from %s: %q, want 400", header, from, got)
		}
	}
	for _, header := range []string{proxyLine, proxyTLS} {
		f(trusting(), "198.51.100.7:99", header)
		f(trusting(), "[2001:db8::7]:99", header)
		off := trusting()
		off.ProxyProtocol = false
		f(off, "192.0.2.1:1234", header)
	}
}

// A trusted peer that does not begin with a good header is refused, told why,
// and counted.
func TestBadProxyHeaderIsRefused(t *testing.T) {
	f := func(wire, want string) {
		t.Helper()
		l := enginetest.New(trusting(), who{})
		p := l.Dial()
		p.Write([]byte(wire))
		got := string(p.Received())
		if !strings.HasPrefix(got, "HTTP/1.1 400 ") || !strings.Contains(got, "connections from 192.0.2.1, a trusted proxy") || !strings.Contains(got, want) || strings.Contains(got, "200") {
			t.Errorf("%q: got %q, want 400 with %q", wire, got, want)
		}
		if !p.HalfClosed() {
			t.Errorf("%q: the connection goes on", wire)
		}
		l.Advance(10 * time.Second)
		if n := l.Snapshot().Closed[engine.CauseProxy]; n != 1 || !p.Closed() {
			t.Errorf("%q: %d closed for their header, want 1", wire, n)
		}
	}
	f(getA, "no PROXY protocol header begins with")
	f("PROXY TCP4 203.0.113.9\r\n"+getA, "malformed")
	f(strings.Replace(proxyTLS, "\x21\x21\x00\x2c", "\x21\x21\xff\xff", 1), "at most 4112")
	f("\r\n\r\n\x00\r\nQUIT\n\x41\x21\x00\x2c", "version")
}

// The time for the first request counts from the connection, header included.
func TestProxyHeaderHasToArriveInTime(t *testing.T) {
	f := func(wire, want string) {
		t.Helper()
		cfg := trusting()
		cfg.HeadTimeout = 5 * time.Second
		l := enginetest.New(cfg, who{})
		p := l.Dial()
		for i := range 4 {
			p.Write([]byte(wire[i*len(wire)/4 : (i+1)*len(wire)/4]))
			l.Advance(time.Second)
			if p.HalfClosed() {
				t.Fatalf("%q was refused early: %q", wire, p.Received())
			}
		}
		l.Advance(4 * time.Second)
		if got := string(p.Received()); !p.HalfClosed() || !strings.HasPrefix(got, want) {
			t.Errorf("%q: got %q, want %q and the end", wire, got, want)
		}
	}
	f("", "")
	f(proxyLine[:20], "HTTP/1.1 408 ")
	f(proxyTLS[:40], "HTTP/1.1 408 ")
	f(proxyLine, "")
	f(proxyLine+getA[:10], "HTTP/1.1 408 ")
}

// Who comes to a seat does not inherit the name of who left it.
func TestNameLeavesWithItsConnection(t *testing.T) {
	l := enginetest.New(trusting(), who{})
	p := l.Dial()
	p.Write([]byte(proxyTLS + getA))
	slot := p.Conn().Handle() & (1<<28 - 1)
	p.Hangup()
	p = l.DialFrom(netip.MustParseAddrPort("198.51.100.7:99"))
	if p.Conn().Handle()&(1<<28-1) != slot {
		t.Fatal("the seat was not given again")
	}
	p.Write([]byte(getA))
	if diff := cmp.Diff([]string{"200 /a 198.51.100.7:99 tls=false"}, bodies(t, string(p.Received()))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What a header said goes to whoever takes the connection over, which is not
// sent another.
func TestNameIsHandedOver(t *testing.T) {
	l := enginetest.New(trusting(), who{})
	f := func(header, client string, tls bool) {
		t.Helper()
		p := l.Dial()
		p.Write([]byte(header + upgradeRequest))
		next := l.Dial()
		if err := next.Conn().Adopt(plainData(t, stateOf(t, p)), echoReceiver{}, nil); err != nil {
			t.Fatal(err)
		}
		if got := next.Conn(); got.Remote() != client || got.OverTLS() != tls {
			t.Errorf("%q: %s, tls %v, want %s, %v", header, got.Remote(), got.OverTLS(), client, tls)
		}
		next.Write([]byte("\x81\x81\x00\x00\x00\x00x"))
		if got := string(next.Received()); got != "\x81\x01x" {
			t.Errorf("a message is answered with %q", got)
		}
	}
	f(proxyTLS, "[2001:db8::9]:56324", true)
	f(proxyLine, "203.0.113.9:56324", false)
	f(proxyLocal, "192.0.2.1:1234", false)
}

// On sockets: the header, the upgrade and the first frame in one piece.
func TestProxyHeaderOnSockets(t *testing.T) {
	f := func(addr, header string) {
		t.Helper()
		cfg := trusting()
		cfg.Addrs = []string{addr}
		s := start(t, cfg, who{})
		conn := dial(t, s)
		io.WriteString(conn, header+upgradeRequest+"\x81\x81\x00\x00\x00\x00x")
		if err := readUpgrade(conn); err != nil {
			t.Fatal(err)
		}
		echoed := make([]byte, 3)
		if _, err := io.ReadFull(conn, echoed); err != nil || string(echoed) != "\x81\x01x" {
			t.Fatalf("got %q, %v", echoed, err)
		}
		conn = dial(t, s)
		io.WriteString(conn, header+getA)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		want := "/a 203.0.113.9:56324 tls=false"
		if header == proxyLocal {
			want = "/a " + conn.LocalAddr().String() + " tls=false"
		}
		if err != nil || string(body) != want {
			t.Errorf("got %q, %v, want %q", body, err, want)
		}
	}
	for _, addr := range []string{"127.0.0.1:0", "[::1]:0"} {
		f(addr, proxyLine)
		f(addr, proxyLocal)
	}
}

func TestClientDoesNotAllocate(t *testing.T) {
	s := start(t, trusting(), who{})
	conn := dial(t, s)
	exchange(t, conn, proxyLine+getA, 1)
	direct := enginetest.New(engine.Config{}, who{}).Dial().Conn()
	if n := testing.AllocsPerRun(100, func() { _ = direct.Client() }); n != 0 {
		t.Errorf("a direct client: %v allocations", n)
	}
	seen := 0
	if err := s.EachConn(t.Context(), func(c *engine.Conn) {
		seen++
		if n := testing.AllocsPerRun(100, func() { _ = c.Client() }); n != 0 {
			t.Errorf("a named client: %v allocations", n)
		}
	}); err != nil || seen != 1 {
		t.Errorf("%d connections, %v", seen, err)
	}
}

func TestProxyConfigErrors(t *testing.T) {
	f := func(cfg engine.Config, want string) {
		t.Helper()
		cfg.Addrs = []string{"127.0.0.1:0"}
		if _, err := engine.New(cfg, echo{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	f(engine.Config{ProxyProtocol: true}, "there are no trusted proxies")
	f(engine.Config{TrustedProxies: []netip.Prefix{{}}}, "is no prefix")
}
