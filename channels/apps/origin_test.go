package apps

import "testing"

func TestOriginAllowed(t *testing.T) {
	f := func(origin string, want bool, patterns ...string) {
		t.Helper()
		a := &App{AllowedOrigins: patterns}
		if got := a.OriginAllowed(origin); got != want {
			t.Errorf("%q against %q: %v, want %v", origin, patterns, got, want)
		}
	}
	f("https://a.test", true)
	f("", true, "https://a.test") // no browser
	f("null", false, "https://a.test")
	f("null", true, "null")
	f("null", true, "*")
	f("https://a.test", true, "*")

	f("https://a.test", true, "https://b.test", "https://a.test")
	f("HTTPS://A.test", true, "https://a.TEST")
	f("https://a.test.evil", false, "https://a.test")
	f("https://xa.test", false, "https://a.test")
	f("http://a.test", false, "https://a.test")
	f("https://a.test:8443", false, "https://a.test")
	f("https://a.test", false, "https://a.test:8443")
	f("https://a.test:8443", true, "https://a.test:8443")
	f("http://localhost:5173", true, "http://localhost:*")
	f("http://localhost", true, "http://localhost:*")
	f("http://localhost.evil:1", false, "http://localhost:*")
	f("http://[::1]:8080", true, "http://[::1]:*")
	f("http://[::1]", true, "http://[::1]")
	f("http://[::1]:8080", false, "http://[::1]")

	f("https://x.a.test", true, "https://*.a.test")
	f("https://X.Y.A.test", true, "https://*.a.test")
	f("https://a.test", false, "https://*.a.test")
	f("https://.a.test", false, "https://*.a.test")
	f("https://evil-a.test", false, "https://*.a.test")
	f("https://x.a.test.evil", false, "https://*.a.test")
	f("https://x.a.test:444", false, "https://*.a.test")
	f("https://x.a.test:444", true, "https://*.a.test:*")
	f("http://x.a.test", false, "https://*.a.test")

	f("http://a.test:81", true, "a.test")
	f("capacitor://localhost", true, "localhost")
	f("https://b.a.test", false, "a.test")
	f("https://b.a.test:1", true, "*.a.test")

	f("https://evil.test/.a.test", false, "https://*.a.test", "*.a.test")
	f("https://evil.test?.a.test", false, "https://*.a.test")
	f("https://evil.test#.a.test", false, "https://*.a.test")
	f("https://evil.test@x.a.test", false, "https://*.a.test")
	f("https://evil.test, https://x.a.test", false, "https://*.a.test")
	f("https://", false, "https://*.a.test", "a.test")
	f("a.test", false, "*.a.test")
	f("://a.test", false, "a.test")
}

func TestOriginPatterns(t *testing.T) {
	f := func(pattern string, ok bool) {
		t.Helper()
		if err := checkOrigins([]string{pattern}); (err == nil) != ok {
			t.Errorf("%q: %v", pattern, err)
		}
	}
	for _, good := range []string{
		"*", "null", "https://a.test", "https://*.a.test", "http://localhost:*", "http://a.test:81",
		"a.test", "*.a.test", "http://[::1]:8080", "http://[::1]", "[::1]", "capacitor://localhost",
	} {
		f(good, true)
	}
	for _, bad := range []string{
		"", "https://", "://a.test", "https://a.test/", "https://u@a.test", "a.test/x", "a test",
		"https://*", "https://**.a.test", "https://*a.test", "https://x.*.test", "*.", "*a.test", "**",
		"a.test:80", "https://a.test:http", "https://a.test,https://b.test",
	} {
		f(bad, false)
	}
}

func TestOriginAllowedDoesNotAllocate(t *testing.T) {
	a := &App{AllowedOrigins: []string{"https://b.test", "b.test", "https://*.a.test:*"}}
	if n := testing.AllocsPerRun(1000, func() {
		if !a.OriginAllowed("https://X.a.test:8443") {
			t.Error("refused")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Whatever matches a wildcard ends in its suffix and has a host before it.
func FuzzOriginAllowed(f *testing.F) {
	f.Add("https://x.a.test")
	f.Add("https://evil.test/.a.test")
	f.Add("https://x.a.test:1")
	a := &App{AllowedOrigins: []string{"https://*.a.test"}}
	f.Fuzz(func(t *testing.T, origin string) {
		if origin == "" || !a.OriginAllowed(origin) {
			return
		}
		scheme, host, port, ok := splitOrigin(origin)
		if !ok || len(scheme) != len("https") || port != "" || len(host) <= len(".a.test") {
			t.Fatalf("%q is allowed", origin)
		}
	})
}
