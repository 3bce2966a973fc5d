package proxyproto_test

import (
	"net/netip"
	"strings"
	"testing"

	"fanfare/engine/proxyproto"
)

var (
	client4 = netip.MustParseAddrPort("192.0.2.7:56324")
	server4 = netip.MustParseAddrPort("198.51.100.1:443")
	client6 = netip.MustParseAddrPort("[2001:db8::7]:56324")
	server6 = netip.MustParseAddrPort("[2001:db8:ffff:ffff:ffff:ffff:ffff:1]:65535")
)

// good are headers and what they say. Every package above may send each to a
// whole server.
var good = []struct {
	name, wire string
	want       proxyproto.Header
}{
	{"v1 IPv4", "PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n", proxyproto.Header{Source: client4}},
	{"v1 IPv6", "PROXY TCP6 2001:db8::7 2001:db8::1 56324 443\r\n", proxyproto.Header{Source: client6}},
	{"v1 IPv4 in IPv6", "PROXY TCP6 ::ffff:192.0.2.7 ::1 56324 443\r\n", proxyproto.Header{Source: client4}},
	{"v1 IPv6 written out", "PROXY TCP6 2001:0db8:0000:0000:0000:0000:0000:0007 ::1 56324 443\r\n", proxyproto.Header{Source: client6}},
	{"v1 destination of the other family", "PROXY TCP6 2001:db8::7 198.51.100.1 56324 443\r\n", proxyproto.Header{Source: client6}},
	{"v1 least ports", "PROXY TCP4 192.0.2.7 198.51.100.1 0 0\r\n", proxyproto.Header{Source: netip.AddrPortFrom(client4.Addr(), 0)}},
	{"v1 largest ports", "PROXY TCP4 192.0.2.7 198.51.100.1 65535 65535\r\n", proxyproto.Header{Source: netip.AddrPortFrom(client4.Addr(), 65535)}},
	{"v1 unknown", "PROXY UNKNOWN\r\n", proxyproto.Header{}},
	{"v1 unknown with addresses", "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n", proxyproto.Header{}},
	{"v1 unknown with anything", "PROXY UNKNOWN  \x00\r\xff\r\n", proxyproto.Header{}},
	{"v2 IPv4", header(0x21, 0x11, ends(client4, server4)), proxyproto.Header{Source: client4}},
	{"v2 IPv6", header(0x21, 0x21, ends(client6, server6)), proxyproto.Header{Source: client6}},
	{"v2 IPv4 in IPv6", header(0x21, 0x21, ends(netip.AddrPortFrom(netip.AddrFrom16(client4.Addr().As16()), 56324), server6)), proxyproto.Header{Source: client4}},
	{"v2 TLS", header(0x21, 0x11, ends(client4, server4), tlsTLV), proxyproto.Header{Source: client4, TLS: true}},
	{"v2 told that it was not TLS", header(0x21, 0x11, ends(client4, server4), tlv(0x20, "\x00\x00\x00\x00\x01")), proxyproto.Header{Source: client4}},
	{"v2 unknown records", header(0x21, 0x11, ends(client4, server4), tlv(0x02, "example.com"), tlv(0x04, ""), tlv(0xEA, "\x01vpce-1"), tlsTLV), proxyproto.Header{Source: client4, TLS: true}},
	{"v2 checksum", checked(header(0x21, 0x21, ends(client6, server6), tlsTLV, emptyCRC)), proxyproto.Header{Source: client6, TLS: true}},
	{"v2 local", header(0x20, 0x00), proxyproto.Header{}},
	{"v2 local with what is to be ignored", header(0x20, 0xEE, "not addresses"), proxyproto.Header{}},
	{"v2 unspecified", header(0x21, 0x00), proxyproto.Header{}},
	{"v2 unspecified with what is to be ignored", header(0x21, 0x00, "\x20"), proxyproto.Header{}},
	{"v2 UDP", header(0x21, 0x12, ends(client4, server4)), proxyproto.Header{}},
	{"v2 Unix", header(0x21, 0x31, strings.Repeat("x", 216), tlsTLV), proxyproto.Header{TLS: true}},
	{"v2 longest", header(0x21, 0x11, ends(client4, server4), tlv(0x04, strings.Repeat("x", proxyproto.MaxV2-16-12-3))), proxyproto.Header{Source: client4}},
}

// TestParse has every header arrive byte by byte, with a request behind it.
func TestParse(t *testing.T) {
	for _, c := range good {
		t.Run(c.name, func(t *testing.T) {
			wire := []byte(c.wire + "GET / HTTP/1.1\r\n\r\n")
			for i := range len(c.wire) {
				if h, n, err := proxyproto.Parse(wire[:i]); h != (proxyproto.Header{}) || n != 0 || err != nil {
					t.Fatalf("after %d bytes: %+v, %d, %v, want to be called again", i, h, n, err)
				}
			}
			for _, buf := range [][]byte{wire[:len(c.wire)], wire} {
				h, n, err := proxyproto.Parse(buf)
				if h != c.want || n != len(c.wire) || err != nil {
					t.Errorf("got %+v, %d, %v, want %+v, %d", h, n, err, c.want, len(c.wire))
				}
			}
		})
	}
}

// What each of the specification's bounds is there for must not be let in.
func TestRefusals(t *testing.T) {
	f := func(wire, want string) {
		t.Helper()
		h, n, err := proxyproto.Parse([]byte(wire))
		if err == nil || !strings.Contains(err.Error(), want) || n != 0 || h != (proxyproto.Header{}) {
			t.Errorf("%q: got %+v, %d, %v, want an error with %q", wire, h, n, err, want)
		}
	}
	f("GET / HTTP/1.1\r\n", `begins with "GET / HTTP/1"`)
	f("\x16\x03\x01", "no PROXY")
	f("PROXX", "no PROXY")
	f("PROXY\tTCP4", "no PROXY")
	f("proxy TCP4", "no PROXY")
	f("\r\n\r\n\x00\r\nQUIT\r", "no PROXY")

	const malformed = `is malformed: it must read "PROXY TCP4`
	f("PROXY \n", malformed)
	f("PROXY \r\n", malformed)
	f("PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\n", malformed)
	f("PROXY TCP4 192.0.2.7 198.51.100.1 56324\r\n", malformed)
	f("PROXY TCP4 192.0.2.7 198.51.100.1 56324 443 1\r\n", malformed)
	f("PROXY TCP4  192.0.2.7 198.51.100.1 56324 443\r\n", malformed)
	f("PROXY TCP4 192.0.2.7 198.51.100.1 56324 443 \r\n", malformed)
	f("PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\r\n", malformed)
	f("PROXY TCP4 192.0.2.007 198.51.100.1 56324 443\r\n", malformed)
	f("PROXY TCP4 192.0.2 198.51.100.1 56324 443\r\n", malformed)
	f("PROXY TCP4 192.0.2.7 example.com 56324 443\r\n", malformed)
	f("PROXY TCP4 192.0.2.7 198.51.100.1 65536 443\r\n", malformed)
	f("PROXY TCP4 192.0.2.7 198.51.100.1 56324 65536\r\n", malformed)
	f("PROXY TCP4 192.0.2.7 198.51.100.1 080 443\r\n", malformed)
	f("PROXY TCP4 192.0.2.7 198.51.100.1 +80 443\r\n", malformed)
	f("PROXY TCP4 192.0.2.7 198.51.100.1 -1 443\r\n", malformed)
	f("PROXY TCP4 2001:db8::7 198.51.100.1 56324 443\r\n", malformed)
	f("PROXY TCP6 192.0.2.7 ::1 56324 443\r\n", malformed)
	f("PROXY TCP6 fe80::1%eth0 ::1 56324 443\r\n", malformed)
	f("PROXY UDP4 192.0.2.7 198.51.100.1 56324 443\r\n", malformed)
	f("PROXY UNKNOWNED\r\n", malformed)
	f("PROXY UNKNOWN"+strings.Repeat(" ", 107-13), "after 107 bytes")
	f("PROXY UNKNOWN"+strings.Repeat(" ", 107-13-1)+"\r\n", "after 107 bytes")

	f(signature+"\x11\x11\x00\x0c", "version and command 0x11")
	f(signature+"\x22\x11\x00\x0c", "version and command 0x22")
	f(signature+"\x31\x11\x00\x0c", "version and command 0x31")
	f(signature+"\x21\x11\x10\x01", "announces 4113 bytes: at most 4112")
	f(signature+"\x20\x00\xff\xff", "announces 65551 bytes")
	f(header(0x21, 0x13, ends(client4, server4)), "family 0x13")
	f(header(0x21, 0x10, ends(client4, server4)), "family 0x10")
	f(header(0x21, 0x41, ends(client4, server4)), "family 0x41")
	f(header(0x21, 0x11, "short"), "takes 12")
	f(header(0x21, 0x21, ends(client4, server4)), "takes 36")
	f(header(0x21, 0x31, ends(client6, server6)), "takes 216")

	const sum = "lengths do not add up"
	f(header(0x21, 0x11, ends(client4, server4), "\x04"), sum)
	f(header(0x21, 0x11, ends(client4, server4), "\x04\x00"), sum)
	f(header(0x21, 0x11, ends(client4, server4), "\x04\x00\x01"), sum)
	f(header(0x21, 0x11, ends(client4, server4), tlsTLV[:len(tlsTLV)-1]), sum)
	f(header(0x21, 0x11, ends(client4, server4), tlv(0x20, "\x01\x00\x00\x00")), "4 bytes about TLS")
	f(header(0x21, 0x11, ends(client4, server4), tlv(0x03, "\x00\x00\x00")), "3 bytes: CRC32c")
	f(header(0x21, 0x11, ends(client4, server4), emptyCRC), "checksum 00000000: its bytes give")
	whole := checked(header(0x21, 0x11, ends(client4, server4), emptyCRC))
	f(strings.Replace(whole, "\xc0\x00\x02\x07", "\xc0\x00\x02\x08", 1), "its bytes give")
}

func TestTrusted(t *testing.T) {
	trusted := proxyproto.Trusted{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8"), netip.MustParsePrefix("192.0.2.1/32")}
	f := func(addr string, want bool) {
		t.Helper()
		if got := trusted.Contains(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: got %v, want %v", addr, got, want)
		}
	}
	f("10.255.255.255", true)
	f("::ffff:10.1.2.3", true)
	f("11.0.0.0", false)
	f("192.0.2.1", true)
	f("192.0.2.2", false)
	f("fd00::1%eth0", true)
	f("fe00::1", false)
	f("::1", false)
	if trusted.Contains(netip.Addr{}) {
		t.Error("nobody is trusted")
	}
	if proxyproto.Trusted(nil).Contains(netip.MustParseAddr("127.0.0.1")) {
		t.Error("loopback is trusted without being named")
	}
}

func TestTrustedValidate(t *testing.T) {
	f := func(p netip.Prefix, want string) {
		t.Helper()
		err := proxyproto.Trusted{netip.MustParsePrefix("10.0.0.0/8"), p}.Validate()
		if (err == nil) != (want == "") || (err != nil && !strings.Contains(err.Error(), want)) {
			t.Errorf("%v: got %v, want %q", p, err, want)
		}
	}
	f(netip.MustParsePrefix("0.0.0.0/0"), "")
	f(netip.MustParsePrefix("::/0"), "")
	f(netip.Prefix{}, "invalid Prefix is no prefix")
	f(netip.PrefixFrom(netip.MustParseAddr("10.0.0.1"), 33), "is no prefix")
	f(netip.PrefixFrom(netip.MustParseAddr("::ffff:10.0.0.0"), 104), "IPv4 written as IPv6")
}
