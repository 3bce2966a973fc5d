//go:build linux

package loadgen

import (
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
)

func TestSockaddr(t *testing.T) {
	f := func(addr string, family int) {
		t.Helper()
		if got, _ := sockaddrOf(netip.MustParseAddrPort(addr)); got != family {
			t.Errorf("%s: family %d, want %d", addr, got, family)
		}
	}
	f("127.0.0.1:80", unix.AF_INET)
	f("[::1]:80", unix.AF_INET6)
	f("[::ffff:127.0.0.1]:80", unix.AF_INET)
}

func TestResolve(t *testing.T) {
	f := func(hostPort, want string) {
		t.Helper()
		got, err := Resolve(hostPort)
		if err != nil || got.String() != want {
			t.Errorf("%s: %v, %v, want %s", hostPort, got, err, want)
		}
	}
	f("127.0.0.1:80", "127.0.0.1:80")
	f("[::1]:80", "[::1]:80")
	f("localhost:80", "127.0.0.1:80")
	for _, bad := range []string{"", "127.0.0.1", "localhost", "127.0.0.1:many"} {
		if got, err := Resolve(bad); err == nil {
			t.Errorf("%q: %v, want an error", bad, got)
		}
	}
}
