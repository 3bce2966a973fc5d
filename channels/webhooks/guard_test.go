package webhooks

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"fanfare/channels/apps"
)

func TestPrivacy(t *testing.T) {
	f := func(why string, addresses ...string) {
		t.Helper()
		for _, a := range addresses {
			if got := privacy(netip.MustParseAddr(a)); got != why {
				t.Errorf("%s: %q, want %q", a, got, why)
			}
		}
	}
	f("", "1.1.1.1", "8.8.8.8", "172.15.255.255", "172.32.0.0", "100.63.255.255", "100.128.0.0", "192.167.255.255", "198.17.0.1", "223.255.255.255",
		"168.63.129.15", "168.63.129.17", "192.88.98.255", "192.88.100.0",
		"2000::", "2001:200::1", "2001:db7:ffff::1", "2001:db9::1", "2003::1", "3ffe::1", "3fff:1000::1", "2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8")
	f("loopback", "127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1")
	f("private", "10.0.0.0", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "fc00::1", "fd00:ec2::254", "::ffff:10.1.2.3")
	f("link-local", "169.254.169.254", "fe80::1", "fe80::1%eth0", "ff02::1", "224.0.0.1", "::ffff:169.254.169.254")
	f("unspecified", "0.0.0.0", "::", "::ffff:0.0.0.0")
	f("multicast", "239.1.2.3", "ff0e::1")
	f("carrier-grade NAT", "100.64.0.0", "100.100.100.200", "100.127.255.255")
	f("this-network", "0.1.2.3")
	f("cloud platform", "168.63.129.16", "::ffff:168.63.129.16")
	f("protocol assignment", "192.0.0.192", "192.0.0.0", "192.0.0.255", "2001:1::1", "2001:3::1", "2001:30::1", "2001:1ff:ffff::1")
	f("benchmarking", "198.18.0.1", "198.19.255.255", "2001:2::1", "2001:2:0:ffff::1")
	f("reserved", "240.0.0.1", "255.255.255.255", "::1:0:0:1", "64:ff9b:2::1", "101::1", "1fff::1", "4000::1", "5eff::1", "5f01::1", "e000::1", "fe00::1")
	f("NAT64", "64:ff9b::a00:1", "64:ff9b::127.0.0.1", "64:ff9b::8.8.8.8", "64:ff9b:1::1", "64:ff9b:1:ffff::10.0.0.1")
	f("6to4", "2002:7f00:1::", "2002:a9fe:a9fe::1", "2002:808:808::1")
	f("6to4 relay anycast", "192.88.99.1")
	f("Teredo", "2001:0:1::", "2001:0:4136:e378:8000:63bf:80ff:fffe") // the last is behind 127.0.0.1
	f("ORCHID", "2001:10::1", "2001:1f:ffff::1", "2001:20::1", "2001:2f:ffff::1")
	f("segment routing", "5f00::1", "5f00:ffff::1")
	f("IPv4-compatible", "::127.0.0.1")
	f("IPv4-translated", "::ffff:0:127.0.0.1")
	f("documentation", "192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1", "3fff:fff:ffff::1")
	f("site-local", "fec0::1")
	f("discard", "100::1")
	f("dummy", "100:0:0:1::1")
	if privacy(netip.Addr{}) == "" {
		t.Error("no address is taken for a public one")
	}
}

func TestGuardErrorNamesAddressAndSetting(t *testing.T) {
	err := guard("tcp", "10.1.2.3:443", nil)
	for _, want := range []string{"10.1.2.3", "private", "private_targets", "webhooks.allow_private"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: does not name %s", err, want)
		}
	}
	if err := guard("tcp", "[2606:4700::1111]:443", nil); err != nil {
		t.Error(err)
	}
	if guard("tcp", "localhost:443", nil) == nil {
		t.Error("what is no address passes")
	}
}

// tryPost makes one request to a real server on loopback.
func tryPost(t *testing.T, cfg Config, hook apps.Webhook) error {
	t.Helper()
	cfg.Apps = static(t)
	if err := cfg.fill(); err != nil {
		t.Fatal(err)
	}
	c := newCourier(&cfg)
	defer c.close()
	return c.post(t.Context(), hooked("app"), &hook, []byte(`{"time_ms":1,"events":[]}`))
}

func TestPrivateTargetsAreRefusedUnlessAllowed(t *testing.T) {
	box := newLetterbox(nil)
	addr := box.serve(t)
	_, port, _ := strings.Cut(strings.TrimPrefix(addr, "http://"), ":")
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1"} {
		err := tryPost(t, Config{}, apps.Webhook{URL: "http://" + host + ":" + port})
		if err == nil || host != "127.1" && !strings.Contains(err.Error(), "private_targets") {
			t.Errorf("%s: %v", host, err)
		}
	}
	if n := len(box.all()); n != 0 {
		t.Fatalf("%d requests came through", n)
	}
	if err := tryPost(t, Config{}, apps.Webhook{URL: addr, PrivateTargets: true}); err != nil {
		t.Error(err)
	}
	if err := tryPost(t, Config{AllowPrivate: true}, apps.Webhook{URL: addr}); err != nil {
		t.Error(err)
	}
	proxy, _ := url.Parse(addr) // it answers instead of the target
	if err := tryPost(t, Config{Proxy: proxy}, apps.Webhook{URL: "http://target.invalid/hook"}); err != nil {
		t.Error(err)
	}
	if n := len(box.all()); n != 3 {
		t.Errorf("%d of 3 requests came through", n)
	}
}

// A guarded webhook must not find the connection of one that may go there.
func TestGuardedAndOpenShareNoConnections(t *testing.T) {
	box := newLetterbox(nil)
	addr := box.serve(t)
	cfg := Config{Apps: static(t)}
	if err := cfg.fill(); err != nil {
		t.Fatal(err)
	}
	c := newCourier(&cfg)
	defer c.close()
	body := []byte(`{}`)
	if err := c.post(t.Context(), hooked("app"), &apps.Webhook{URL: addr, PrivateTargets: true}, body); err != nil {
		t.Fatal(err)
	}
	if err := c.post(t.Context(), hooked("app"), &apps.Webhook{URL: addr}, body); err == nil {
		t.Error("it found the other's connection")
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	box := newLetterbox(nil)
	addr := box.serve(t)
	for _, status := range []int{301, 302, 303, 307, 308} {
		s := httptest.NewServer(http.RedirectHandler(addr, status))
		err := tryPost(t, Config{AllowPrivate: true}, apps.Webhook{URL: s.URL})
		if err == nil || !strings.Contains(err.Error(), fmt.Sprint(status)) {
			t.Errorf("%d: %v", status, err)
		}
		s.Close()
	}
	if n := len(box.all()); n != 0 {
		t.Errorf("%d redirects were followed", n)
	}
}

func TestErrorsDoNotTellTheQuery(t *testing.T) {
	for _, raw := range []string{"http://127.0.0.1:1/?token=sesame", "http://sesame.invalid\x7f"} {
		err := tryPost(t, Config{AllowPrivate: true}, apps.Webhook{URL: raw})
		if err == nil || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%v", err)
		}
	}
	if got := withoutQuery("https://a.example/p?token=sesame#x"); got != "https://a.example/p" {
		t.Error(got)
	}
}

// An answer that never ends is read to a bound, and one that is 2xx counts.
func TestEndlessAnswer(t *testing.T) {
	written := make(chan int, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		line, n := make([]byte, 1<<16), 0
		for late := time.Now().Add(20 * time.Second); time.Now().Before(late); {
			m, err := w.Write(line)
			if n += m; err != nil {
				break
			}
		}
		written <- n
	}))
	defer s.Close()
	if err := tryPost(t, Config{AllowPrivate: true}, apps.Webhook{URL: s.URL}); err != nil {
		t.Error(err)
	}
	if n := <-written; n > 64<<20 { // what the kernel's buffers take is beyond us
		t.Errorf("%d bytes were taken", n)
	}
}
