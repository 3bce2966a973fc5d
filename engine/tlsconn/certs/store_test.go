package certs

import (
	"context"
	"crypto/tls"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"fanfare/engine/tlsconn"
	"fanfare/engine/tlsconn/certs/certstest"
	"fanfare/engine/tlsconn/certs/issuer"
)

func TestChoiceByName(t *testing.T) {
	a := certstest.NewAuthority(t)
	s, _ := open(t, Config{},
		a.For(t, "first.example.com", "also.example.com"),
		a.For(t, "*.example.com"),
		a.For(t, "*.deep.example.com", "example.org"),
	)
	f := func(name, want string) {
		t.Helper()
		if got := served(t, s, &tls.Config{ServerName: name}); got != "ECDSA "+want {
			t.Errorf("%q is served %s, want %s", name, got, want)
		}
	}
	const first, wild, deep = "first.example.com also.example.com", "*.example.com", "*.deep.example.com example.org"
	f("first.example.com", first)
	f("also.example.com", first)
	f("FIRST.Example.COM", first)
	f("other.example.com", wild)
	f("OTHER.example.com", wild)
	f("x.deep.example.com", deep)
	f("example.org", deep)
	f("deep.example.com", wild)
	f("x.y.example.com", first) // * is one label
	f("example.com", first)
	f("example.net", first)
	f("localhost", first)
	f("192.0.2.1", first) // for which clients send no name
}

// Clients of old that verify no ECDSA get the RSA certificate, whichever is given
// first.
func TestChoiceByKey(t *testing.T) {
	a := certstest.NewAuthority(t)
	rsa := a.Issue(t, certstest.Order{Names: []string{"*.example.com", "x.example.com"}, Key: certstest.RSA(t)})
	ecdsa := a.For(t, "*.example.com", "x.example.com")
	f := func(certs ...*tls.Certificate) {
		t.Helper()
		s, _ := open(t, Config{}, certs...)
		for _, name := range []string{"x.example.com", "other.example.com", "unknown.org", "192.0.2.1"} {
			both := &tls.Config{ServerName: name}
			old := &tls.Config{ServerName: name, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}}
			if got := served(t, s, both); !strings.HasPrefix(got, "ECDSA") {
				t.Errorf("%s: a client that takes both gets %s", name, got)
			}
			if got := served(t, s, old); !strings.HasPrefix(got, "RSA") {
				t.Errorf("%s: a client that takes RSA alone gets %s", name, got)
			}
		}
	}
	f(rsa, ecdsa)
	f(ecdsa, rsa)
}

// Of two for one name that one is served which is valid, and which lasts longer.
func TestChoiceByValidity(t *testing.T) {
	a, now := certstest.NewAuthority(t), time.Now()
	old := a.Issue(t, certstest.Order{Names: []string{"example.com"}, NotBefore: now.AddDate(0, -3, 0), NotAfter: now.Add(-time.Hour)})
	short := a.Issue(t, certstest.Order{Names: []string{"example.com"}, NotAfter: now.Add(time.Hour)})
	long := a.Issue(t, certstest.Order{Names: []string{"example.com"}, NotAfter: now.AddDate(0, 1, 0)})
	later := a.Issue(t, certstest.Order{Names: []string{"example.com"}, NotBefore: now.AddDate(0, 2, 0)})
	f := func(now time.Time, want *tls.Certificate) {
		t.Helper()
		table := newTable(now, []*tls.Certificate{old, short, long, later})
		if got := choose(&tls.ClientHelloInfo{}, table.lookup("example.com")[:1]); got != want {
			t.Errorf("at %v the one until %v is served, want that until %v", now, got.Leaf.NotAfter, want.Leaf.NotAfter)
		}
	}
	f(now, long)
	f(now.AddDate(0, -2, 0), old)
	f(now.AddDate(0, 3, 0), later)
}

// The engine's own handshakes take the configuration as it is.
func TestConfigIsTheEngines(t *testing.T) {
	s, _ := open(t, Config{ACME: &issuer.Config{Domains: []string{"new.example.com"}, Dir: t.TempDir()}})
	if _, err := tlsconn.NewConfig(s.TLSConfig()); err != nil {
		t.Error(err)
	}
}

func TestProtocols(t *testing.T) {
	a := certstest.NewAuthority(t)
	s, _ := open(t, Config{}, a.For(t, "example.com"))
	strict, _ := open(t, Config{MinVersion: tls.VersionTLS13, ClassicalKeyExchange: true}, a.For(t, "example.com"))
	f := func(s *Store, client *tls.Config, want string) {
		t.Helper()
		client.ServerName, client.RootCAs = "example.com", a.Roots
		state, _, err := dial(t, s.TLSConfig(), client)
		got := fmt.Sprintf("%s %v %q", tls.VersionName(state.Version), state.CurveID, state.NegotiatedProtocol)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	f(s, &tls.Config{}, `TLS 1.3 X25519MLKEM768 ""`)
	f(s, &tls.Config{NextProtos: []string{"h2", "http/1.1"}}, `TLS 1.3 X25519MLKEM768 "http/1.1"`)
	f(s, &tls.Config{NextProtos: []string{"h2"}}, "remote error: tls: no application protocol")
	f(s, &tls.Config{NextProtos: []string{ALPNChallenge}}, "remote error: tls: no application protocol") // there is no ACME
	f(s, &tls.Config{MaxVersion: tls.VersionTLS12}, `TLS 1.2 X25519 ""`)
	f(s, &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, "remote error: tls: protocol version not supported")
	cbc := []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}
	f(s, &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: cbc}, "remote error: tls: handshake failure")
	f(strict, &tls.Config{}, `TLS 1.3 X25519 ""`)
	f(strict, &tls.Config{CurvePreferences: []tls.CurveID{tls.X25519MLKEM768}}, "remote error: tls: handshake failure")
	f(strict, &tls.Config{MaxVersion: tls.VersionTLS12}, "remote error: tls: protocol version not supported")
}

// Handshakes go on while certificates are replaced, and each is served the old one or
// the new one. Who asks again after Reload gets the new one.
func TestReloadAmidHandshakes(t *testing.T) {
	a := certstest.NewAuthority(t)
	s, lines := open(t, Config{}, a.For(t, "example.com"))
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			for ctx.Err() == nil {
				if _, serverErr, err := dial(t, s.TLSConfig(), &tls.Config{ServerName: "example.com", RootCAs: a.Roots}); err != nil {
					t.Errorf("client: %v, server: %v", err, serverErr)
				}
			}
		})
	}
	folder := filepath.Dir(s.Files()[0])
	for range 20 {
		next := a.For(t, "example.com")
		certstest.Write(t, folder, "a", next)
		s.Reload(false)
		state, _, err := dial(t, s.TLSConfig(), &tls.Config{ServerName: "example.com", RootCAs: a.Roots})
		if err != nil || !state.PeerCertificates[0].Equal(next.Leaf) {
			t.Fatalf("after a reload the one before is served (%v)", err)
		}
	}
	cancel()
	running.Wait()
	if n := lines.count("certificate reloaded"); n != 20 {
		t.Errorf("%d lines tell of a reload, want 20:\n%s", n, lines)
	}
}

// A client that was there before a reload resumes after it, in both versions.
func TestResumptionAcrossReload(t *testing.T) {
	a := certstest.NewAuthority(t)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			s, _ := open(t, Config{}, a.For(t, "example.com"))
			client := &tls.Config{ServerName: "example.com", RootCAs: a.Roots, MaxVersion: version, ClientSessionCache: tls.NewLRUClientSessionCache(1)}
			if state, _, err := dial(t, s.TLSConfig(), client); err != nil || state.DidResume {
				t.Fatalf("the first handshake: resumed %v, %v", state.DidResume, err)
			}
			certstest.Write(t, filepath.Dir(s.Files()[0]), "a", a.For(t, "example.com"))
			s.Reload(false)
			if state, serverErr, err := dial(t, s.TLSConfig(), client); err != nil || !state.DidResume {
				t.Errorf("after a reload: resumed %v, client: %v, server: %v", state.DidResume, err, serverErr)
			}
		})
	}
}

// While a name of ACME has no certificate its handshakes fail at once, which is told
// once a minute. Files that are for the name serve it, and other names are served.
func TestNamesThatWaitForACME(t *testing.T) {
	a := certstest.NewAuthority(t)
	acme := &issuer.Config{Domains: []string{"new.example.com", "new.example.org"}, Dir: t.TempDir()}
	s, lines := open(t, Config{ACME: acme}, a.For(t, "*.example.org"))
	for range 3 {
		_, serverErr, err := dial(t, s.TLSConfig(), &tls.Config{ServerName: "new.example.com", RootCAs: a.Roots})
		if err == nil || serverErr == nil || !strings.Contains(serverErr.Error(), `there is no certificate for "new.example.com" yet`) {
			t.Fatalf("client: %v, server: %v", err, serverErr)
		}
	}
	if n := lines.count("handshakes are refused", "new.example.com"); n != 1 {
		t.Errorf("%d lines tell of it, want one:\n%s", n, lines)
	}
	for _, name := range []string{"new.example.org", "unknown.net"} {
		if got := served(t, s, &tls.Config{ServerName: name}); got != "ECDSA *.example.org" {
			t.Errorf("%s is served %s", name, got)
		}
	}
	_, serverErr, err := dial(t, s.TLSConfig(), &tls.Config{ServerName: "new.example.com", NextProtos: []string{ALPNChallenge}})
	if err == nil || serverErr == nil || !strings.Contains(serverErr.Error(), "no ACME challenge is under way") {
		t.Errorf("a challenge that nobody awaits: client: %v, server: %v", err, serverErr)
	}
}
