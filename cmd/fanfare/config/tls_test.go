package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What one terminal sets by variables and flags is enough for one certificate.
func TestTLSFromVariablesAndFlags(t *testing.T) {
	l, err := Load(Sources{
		Env:   []string{EnvConfig + "=testdata/empty.txt", "FANFARE_TLS_ENABLED=true", "FANFARE_TLS_CERT=a.crt", "FANFARE_TLS_ACME_DOMAINS=a.test,b.test", "FANFARE_TLS_ACME_DIR=/acme"},
		Flags: map[string]string{"tls-key": "a.key", "tls-port": "6001"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Certificate{{"a.crt", "a.key"}}, l.TLS.Pairs()); diff != "" {
		t.Errorf("pairs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"a.test", "b.test"}, l.TLS.ACMEDomains); diff != "" {
		t.Errorf("domains (-want +got):\n%s", diff)
	}
	if !l.IsTLSAlone() {
		t.Error("tls.port is server.port, and yet something is served in the clear")
	}
}

// Two free ports are two ports.
func TestTLSIsAloneOnlyOnOnePort(t *testing.T) {
	f := func(flags map[string]string, want bool) {
		t.Helper()
		l, err := Load(Sources{Env: []string{EnvConfig + "=testdata/empty.txt", "FANFARE_TLS_CERT=a.crt"}, Flags: flags})
		if err != nil {
			t.Fatal(err)
		}
		if got := l.IsTLSAlone(); got != want {
			t.Errorf("%v: alone is %v", flags, got)
		}
	}
	f(map[string]string{"tls-enabled": "true"}, false)
	f(map[string]string{"tls-enabled": "true", "tls-port": "6001"}, true)
	f(map[string]string{"tls-enabled": "true", "port": "443"}, true)
	f(map[string]string{"tls-enabled": "false", "port": "443"}, false)
	f(map[string]string{"tls-enabled": "true", "tls-port": "0", "port": "0"}, false)
}

// A list that has changed needs a restart, as any key of [tls] does.
func TestChangedCertificatesAreNamed(t *testing.T) {
	before, now := &Config{}, &Config{}
	now.TLS.Certificates = []Certificate{{Cert: "a.crt"}}
	now.TLS.MinVersion = "1.3"
	if diff := cmp.Diff("tls.min_version tls.certificates", strings.Join(ChangedKeys(before, now), " ")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
