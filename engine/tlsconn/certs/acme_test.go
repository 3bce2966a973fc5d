//go:build e2e && linux

package certs

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"fanfare/engine/tlsconn/certs/certstest"
	"fanfare/engine/tlsconn/certs/issuer"
	"fanfare/engine/tlsconn/certs/pebbletest"
)

// TestPebble gets certificates from a real authority on this machine, in both ways.
func TestPebble(t *testing.T) {
	s := startSite(t)
	web := startWeb(t, s)
	p := pebbletest.Start(t, s.addr, web)
	config := func(c issuer.Config) Config {
		c.Directory, c.RootsFile = p.Directory, p.Roots
		c.Email, c.EABKeyID, c.EABKey = "ops@example.com", pebbletest.KeyID, pebbletest.Key
		return Config{ACME: &c}
	}
	t.Run("renewal", func(t *testing.T) { testRenewal(t, s, p, config) })
	t.Run("http-01", func(t *testing.T) { testHTTP01(t, s, p, config) })
	t.Run("stranger", func(t *testing.T) { testStranger(t, s, p, config) })
	t.Run("refusals", func(t *testing.T) { testRefusals(t, s, config) })
	t.Run("restart", func(t *testing.T) { testRestart(t, s, p, config) }) // the last: it ends Pebble
}

// startWeb answers plain requests for proofs.
func startWeb(t *testing.T, s *site) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		store := s.store
		s.mu.Unlock()
		body, ok := store.ChallengeResponse(r.URL.Path)
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, body)
	})}
	var running sync.WaitGroup
	running.Go(func() { _ = server.Serve(l) })
	t.Cleanup(func() {
		server.Close()
		running.Wait()
	})
	return l.Addr().String()
}

type configure func(issuer.Config) Config

// A name gets a certificate by tls-alpn-01, and the next before it ends. Connections
// that are there at the time go on.
func testRenewal(t *testing.T, s *site, p *pebbletest.Pebble, config configure) {
	const name = "ws.example.com"
	store, lines := open(t, config(issuer.Config{Domains: []string{name}, Dir: t.TempDir(), Profile: pebbletest.Brief}))
	s.use(t, store)
	var first *tls.Conn
	pebbletest.Eventually(t, "a certificate is served", func() (err error) {
		first, err = s.connect(name, p.Issued)
		return err
	})
	defer first.Close()
	if err := ask(first); err != nil {
		t.Error(err)
	}
	pebbletest.Eventually(t, "the next one is served", func() error {
		c, err := s.connect(name, p.Issued)
		if err != nil {
			t.Fatalf("between the two certificates: %v", err)
		}
		defer c.Close()
		if leafServed(c).Equal(leafServed(first)) {
			return errors.New("it is the first")
		}
		return nil
	})
	if err := ask(first); err != nil {
		t.Errorf("a connection from before the renewal: %v", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proofs < 2 || lines.count("certificate obtained") < 2 {
		t.Errorf("%d handshakes of the authority for two certificates:\n%s", s.proofs, lines)
	}
}

func testHTTP01(t *testing.T, s *site, p *pebbletest.Pebble, config configure) {
	const name = "http.example.com"
	store, lines := open(t, config(issuer.Config{Domains: []string{name}, Dir: t.TempDir(), Challenge: issuer.HTTP01}))
	s.use(t, store)
	pebbletest.Eventually(t, "a certificate is served", func() error {
		c, err := s.connect(name, p.Issued)
		if err != nil {
			return fmt.Errorf("%w\n%s", err, lines)
		}
		return c.Close()
	})
}

// A certificate that the authority does not know is renewed as well: it refuses an
// order that would replace it, and takes one that says nothing of it.
func testStranger(t *testing.T, s *site, p *pebbletest.Pebble, config configure) {
	const name = "moved.example.com"
	dir := t.TempDir()
	old := certstest.NewAuthority(t).Issue(t, certstest.Order{Names: []string{name}, NotBefore: time.Now().AddDate(0, -2, 0), NotAfter: time.Now().Add(time.Hour)})
	folder := filepath.Join(dir, strings.NewReplacer("https://", "", ":", "-", "/", "-").Replace(p.Directory))
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, name+".pem")
	certstest.WriteFile(t, file, append(certstest.ChainPEM(old), certstest.KeyPEM(t, old)...))
	lastMonth := time.Now().AddDate(0, -1, 0)
	if err := os.Chtimes(file, lastMonth, lastMonth); err != nil {
		t.Fatal(err)
	}
	store, lines := open(t, config(issuer.Config{Domains: []string{name}, Dir: dir}))
	s.use(t, store)
	pebbletest.Eventually(t, "the authority's certificate is served", func() error {
		c, err := s.connect(name, p.Issued)
		if err != nil {
			return fmt.Errorf("%w\n%s", err, lines)
		}
		return c.Close()
	})
	if lines.count("cannot get a certificate") != 0 {
		t.Error(lines)
	}
}

// What the authority has against an order is in the log, in its words.
func testRefusals(t *testing.T, s *site, config configure) {
	f := func(change func(*issuer.Config), want string) {
		t.Helper()
		c := issuer.Config{Domains: []string{"other.example.com"}, Dir: t.TempDir()}
		full := config(c)
		change(full.ACME)
		store, lines := open(t, full)
		stop := s.use(t, store)
		pebbletest.Eventually(t, want, func() error {
			if lines.count("cannot get a certificate", want, "next_attempt=") == 0 {
				return errors.New(lines.String())
			}
			return nil
		})
		stop()
	}
	f(func(c *issuer.Config) { c.Domains = []string{"blocked.example.com"} }, "rejectedIdentifier")
	f(func(c *issuer.Config) { c.EABKeyID, c.EABKey = "", "" }, "externalAccountRequired")
	f(func(c *issuer.Config) { c.EABKeyID = "kid-9" }, "unauthorized")
	f(func(c *issuer.Config) { c.Profile = "none" }, "supported profiles: map")
	f(func(c *issuer.Config) { c.RootsFile = "" }, "certificate signed by unknown authority")
}

// A restart finds the certificate in the folder: it serves with the authority gone.
func testRestart(t *testing.T, s *site, p *pebbletest.Pebble, config configure) {
	const name = "stays.example.com"
	dir := t.TempDir()
	store, _ := open(t, config(issuer.Config{Domains: []string{name}, Dir: dir}))
	stop := s.use(t, store)
	var before *x509.Certificate
	pebbletest.Eventually(t, "a certificate is served", func() error {
		c, err := s.connect(name, p.Issued)
		if err != nil {
			return err
		}
		before = leafServed(c)
		return c.Close()
	})
	stop()
	p.Stop()
	again, lines := open(t, config(issuer.Config{Domains: []string{name}, Dir: dir}))
	s.use(t, again)
	c, err := s.connect(name, p.Issued)
	if err != nil {
		t.Fatalf("after the restart: %v\n%s", err, lines)
	}
	defer c.Close()
	if !leafServed(c).Equal(before) || lines.count("level=ERROR") != 0 {
		t.Errorf("another certificate is served, or something failed:\n%s", lines)
	}
}
