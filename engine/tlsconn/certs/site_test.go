//go:build e2e && linux

package certs

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"fanfare/engine"
	"fanfare/engine/http1"
	"fanfare/engine/tlsconn/certs/issuer"
)

// site is a server of the engine's that speaks TLS, with one Store after the other.
type site struct {
	addr string

	mu     sync.Mutex
	store  *Store
	proofs int // handshakes of the authority
}

func startSite(t *testing.T) *site {
	t.Helper()
	s := &site{}
	log, _ := newLog()
	config := newTLSConfig(&Config{ACME: &issuer.Config{}})
	config.GetCertificate = s.getCertificate
	server, err := engine.New(engine.Config{TLSAddrs: []string{"127.0.0.1:0"}, TLS: config, Loops: 1, Logger: log}, s)
	if err == nil {
		err = server.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	s.addr = server.TLSAddrs()[0]
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Second)
		defer cancel()
		if err := server.Shutdown(ctx, func(*engine.Conn) {}); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *site) getCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	s.mu.Lock()
	store := s.store
	if slices.Contains(hello.SupportedProtos, ALPNChallenge) {
		s.proofs++
	}
	s.mu.Unlock()
	return store.TLSConfig().GetCertificate(hello)
}

// Request implements engine.Handler.
func (s *site) Request(c *engine.Conn, _ *http1.Request) { c.Respond(&http1.Response{Status: 200}) }

// BodyLimit implements engine.Handler.
func (s *site) BodyLimit(*http1.Request) int { return 0 }

// use has it serve with the Store, which runs until stop, or the test's end.
func (s *site) use(t *testing.T, store *Store) (stop func()) {
	s.mu.Lock()
	s.store = store
	s.mu.Unlock()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { store.Run(ctx) })
	stop = func() {
		cancel()
		running.Wait()
	}
	t.Cleanup(stop)
	return stop
}

// connect makes a handshake as any client, and fails as it.
func (s *site) connect(name string, roots *x509.CertPool) (*tls.Conn, error) {
	d := &net.Dialer{Timeout: 5 * time.Second}
	return tls.DialWithDialer(d, "tcp", s.addr, &tls.Config{ServerName: name, RootCAs: roots})
}

func leafServed(c *tls.Conn) *x509.Certificate { return c.ConnectionState().PeerCertificates[0] }

// ask makes a request over a connection that stays open.
func ask(c *tls.Conn) error {
	if _, err := fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: ws.example.com\r\n\r\n"); err != nil {
		return err
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("it answers %s", resp.Status)
	}
	if err != nil {
		return err
	}
	return resp.Body.Close()
}
