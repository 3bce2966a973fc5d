package issuer

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestConfigsThatAreRefused(t *testing.T) {
	f := func(change func(*Config), want string) {
		t.Helper()
		c := Config{Domains: []string{"example.com"}, Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)}
		change(&c)
		_, err := New(c)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	f(func(c *Config) { c.Domains = nil }, "no domain is named")
	f(func(c *Config) { c.Domains = []string{"*.example.com"} }, `domain "*.example.com" is a wildcard`)
	f(func(c *Config) { c.Domains = []string{"192.0.2.1"} }, "is an address")
	f(func(c *Config) { c.Domains = []string{"::1"} }, "is an address")
	for _, name := range []string{"", "Example.com", "example.com:443", "example..com", "exämple.com", "-x.com", "../x", strings.Repeat("a", 64) + ".com", "example.com."} {
		f(func(c *Config) { c.Domains = []string{name} }, "is no host name")
	}
	f(func(c *Config) { c.Dir = "" }, "no folder is named")
	f(func(c *Config) { c.Dir = "/proc/none" }, "cannot make the folder for ACME")
	f(func(c *Config) { c.Directory = "acme.example.com" }, "want a URL such as")
	f(func(c *Config) { c.Directory = "http://acme.example.com/dir" }, "want a URL such as")
	f(func(c *Config) { c.EABKeyID = "kid" }, "one is missing")
	f(func(c *Config) { c.EABKeyID, c.EABKey = "kid", "no base64!" }, "is no base64url")
	f(func(c *Config) { c.Challenge = "dns-01" }, "want tls-alpn-01 or http-01")
	f(func(c *Config) { c.RootsFile = "/none" }, "cannot read the roots")
	f(func(c *Config) { c.RootsFile = os.Args[0] }, "has no certificate in PEM form")
	f(func(c *Config) {
		c.Dir = filepath.Join(c.Dir, "file")
		if err := os.WriteFile(c.Dir, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}, "cannot make the folder for ACME")
	f(func(c *Config) {
		i, err := New(*c)
		if err == nil {
			err = i.folder.write([]byte("damaged"), "account.key")
		}
		if err != nil {
			t.Fatal(err)
		}
	}, "account.key has no key in PEM form")
}

func TestDomainsThatAreTaken(t *testing.T) {
	for _, name := range []string{"example.com", "a-b.example.com", "xn--exmple-cua.com", "localhost", "1.example.com"} {
		if err := ValidateDomain(name); err != nil {
			t.Error(err)
		}
	}
}

// A folder that others can look into is used, and told of.
func TestOpenFoldersAreToldOf(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // it is what is to be told of
		t.Fatal(err)
	}
	_, log := newFake(t).open(dir, "example.com")
	if log.count("chmod 700") != 1 {
		t.Errorf("not told:\n%s", log)
	}
}
