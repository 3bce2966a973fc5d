package certs

import (
	"bytes"
	"crypto/tls"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"

	"fanfare/engine/tlsconn/certs/certstest"
)

// logged is a log that a test can read while others write.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// count is how many lines have all the words.
func (l *logged) count(words ...string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.buf.String()) {
		has := true
		for _, word := range words {
			has = has && strings.Contains(line, word)
		}
		if has {
			n++
		}
	}
	return n
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func newLog() (*slog.Logger, *logged) {
	l := &logged{}
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug})), l
}

// open makes a Store of certificates that are written into a folder of the test.
func open(t testing.TB, c Config, certs ...*tls.Certificate) (*Store, *logged) {
	t.Helper()
	log, lines := newLog()
	folder := t.TempDir()
	for n, cert := range certs {
		certFile, keyFile := certstest.Write(t, folder, string(rune('a'+n)), cert)
		c.Pairs = append(c.Pairs, Pair{certFile, keyFile})
	}
	c.Log = log
	s, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return s, lines
}

// dial makes a handshake with a server of the configuration. Both ends are closed when
// the test ends. Its error is the client's.
func dial(t testing.TB, server, client *tls.Config) (state tls.ConnectionState, serverErr, err error) {
	t.Helper()
	ours, theirs := net.Pipe()
	t.Cleanup(func() { ours.Close(); theirs.Close() })
	ended := make(chan error, 1)
	go func() {
		c := tls.Server(ours, server)
		err := c.Handshake()
		if err == nil {
			_, err = c.Write([]byte{1}) // for a client to read, which session tickets come before
		}
		ours.Close()
		ended <- err
	}()
	c := tls.Client(theirs, client)
	if err = c.Handshake(); err == nil {
		_, err = c.Read(make([]byte, 1))
	}
	theirs.Close()
	serverErr = <-ended
	return c.ConnectionState(), serverErr, err
}

// names are those of the certificate that a client who asks for name is served.
func served(t testing.TB, s *Store, client *tls.Config) string {
	t.Helper()
	client.InsecureSkipVerify = true
	state, serverErr, err := dial(t, s.TLSConfig(), client)
	if err != nil {
		t.Fatalf("%q: client: %v, server: %v", client.ServerName, err, serverErr)
	}
	leaf := state.PeerCertificates[0]
	return leaf.PublicKeyAlgorithm.String() + " " + strings.Join(leaf.DNSNames, " ")
}
