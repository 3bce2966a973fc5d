package proxyproto_test

import (
	"net/netip"
	"testing"

	"fanfare/engine/proxyproto"
)

// FuzzParse: a header is bounded, is the same however much follows it and
// however it arrives, and what it says can be written down and read again.
func FuzzParse(f *testing.F) {
	for _, c := range good {
		f.Add([]byte(c.wire + "GET"))
	}
	f.Add([]byte("PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\n"))
	f.Add([]byte(signature + "\x21\x11\x00\x0fshort of a few"))
	f.Fuzz(func(t *testing.T, wire []byte) {
		h, n, err := proxyproto.Parse(wire)
		switch {
		case err != nil && (n != 0 || h != proxyproto.Header{}):
			t.Fatalf("%+v and %d bytes with error %v", h, n, err)
		case n < 0 || n > len(wire) || n > proxyproto.MaxV2:
			t.Fatalf("%d of %d bytes", n, len(wire))
		case err == nil && n == 0 && len(wire) >= proxyproto.MaxV2:
			t.Fatalf("more than %d bytes are asked for", len(wire))
		}
		for i := range min(len(wire), proxyproto.MaxV2) {
			before, m, early := proxyproto.Parse(wire[:i])
			switch {
			case early != nil && err == nil:
				t.Fatalf("%d bytes are refused (%v), but %d are good", i, early, len(wire))
			case early == nil && m != 0 && (m != n || before != h):
				t.Fatalf("%d bytes give %+v, %d; all give %+v, %d", i, before, m, h, n)
			case m == 0 && n != 0 && i >= n:
				t.Fatalf("%d bytes are not enough for a header of %d", i, n)
			}
		}
		if h.Source.IsValid() {
			roundTrip(t, h)
		}
	})
}

func roundTrip(t *testing.T, h proxyproto.Header) {
	if h.Source.Addr().Is4In6() || h.Source.Addr().Zone() != "" {
		t.Fatalf("source is %v", h.Source)
	}
	destination, family, tls := netip.MustParseAddrPort("192.0.2.1:1"), byte(0x11), ""
	if h.Source.Addr().Is6() {
		destination, family = netip.MustParseAddrPort("[2001:db8::1]:1"), 0x21
	}
	if h.TLS {
		tls = tlsTLV
	}
	again := checked(header(0x21, family, ends(h.Source, destination), tls, emptyCRC))
	if got, n, err := proxyproto.Parse([]byte(again)); got != h || n != len(again) || err != nil {
		t.Fatalf("%+v came back as %+v, %d, %v", h, got, n, err)
	}
	again = lineV1(h.Source, destination)
	h.TLS = false
	if got, n, err := proxyproto.Parse([]byte(again)); got != h || n != len(again) || err != nil {
		t.Fatalf("%+v came back as %+v, %d, %v", h, got, n, err)
	}
}

func BenchmarkParse(b *testing.B) {
	for _, name := range []string{"v1 IPv4", "v1 IPv6", "v2 IPv4", "v2 checksum"} {
		for _, c := range good {
			if c.name != name {
				continue
			}
			b.Run(name, func(b *testing.B) {
				wire := []byte(c.wire)
				b.ReportAllocs()
				for b.Loop() {
					if _, n, _ := proxyproto.Parse(wire); n == 0 {
						b.Fatal("not read")
					}
				}
			})
		}
	}
}
