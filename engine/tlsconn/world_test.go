package tlsconn

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"testing"
	"time"
)

const ecdsaKey, rsaKey = false, true

// newCertificate makes a certificate for example.test, signed by itself.
func newCertificate(t testing.TB, useRSA bool) tls.Certificate {
	t.Helper()
	var public, private any
	if useRSA {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		must(t, err)
		public, private = key.Public(), key
	} else {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must(t, err)
		public, private = key.Public(), key
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "example.test"}, DNSNames: []string{"example.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	must(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// end is our end of a connection, as a reader and writer that blocks: what the
// event loop is to do, done by the book.
type end struct {
	raw  net.Conn
	conn *Conn
	tls.ConnectionState
	buf   []byte // received and not opened
	plain []byte // opened and not read
	step  int    // most bytes to take from raw at once
}

func (e *end) Read(p []byte) (int, error) {
	for len(e.plain) == 0 {
		plain, n, err := e.conn.Open(e.buf)
		if err != nil {
			return 0, err
		}
		e.plain, e.buf = append(e.plain, plain...), e.buf[n:]
		if n == 0 {
			if err := e.fill(); err != nil {
				return 0, err
			}
		}
	}
	n := copy(p, e.plain)
	e.plain = e.plain[n:]
	return n, nil
}

func (e *end) fill() error {
	b := make([]byte, e.step)
	n, err := e.raw.Read(b)
	e.buf = append(e.buf, b[:n]...)
	return err
}

func (e *end) Write(p []byte) (int, error) {
	_, err := e.raw.Write(e.conn.Seal(nil, p))
	return len(p), err
}

// shake makes our side of a handshake over a socket.
func shake(raw net.Conn, step int, make func(Peer) *Handshake) (*end, error) {
	h := make(Peer{Send: func(b []byte) { _, _ = raw.Write(b) }})
	fed := feed(raw, step, h)
	c, state, err := h.Run()
	_ = raw.SetReadDeadline(time.Unix(1, 0)) // ends feed
	<-fed
	_ = raw.SetReadDeadline(time.Time{})
	return &end{raw: raw, conn: c, ConnectionState: state, buf: h.Rest(), step: step}, err
}

func feed(raw net.Conn, step int, h *Handshake) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, step)
		for {
			n, err := raw.Read(b)
			h.Feed(b[:n], 1<<20)
			if err != nil {
				h.End(io.ErrUnexpectedEOF)
				return
			}
		}
	}()
	return done
}

// sockets are both ends of a TCP connection.
func sockets(t testing.TB) (a, b net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer func() { _ = ln.Close() }()
	a, err = net.Dial("tcp", ln.Addr().String())
	must(t, err)
	b, err = ln.Accept()
	must(t, err)
	t.Cleanup(func() { _, _ = a.Close(), b.Close() })
	return a, b
}

// serve connects a client of crypto/tls with a server of ours.
func serve(t testing.TB, server, client *tls.Config, step int) (ours *end, theirs *tls.Conn) {
	t.Helper()
	a, b := sockets(t)
	theirs = tls.Client(a, client)
	failed := make(chan error, 1)
	go func() { failed <- theirs.Handshake() }()
	config, err := NewConfig(server)
	must(t, err)
	ours, err = shake(b, step, config.Server)
	must(t, err)
	must(t, <-failed)
	return ours, theirs
}

// insecure is a client that takes any certificate.
func insecure() *tls.Config {
	return &tls.Config{InsecureSkipVerify: true, ServerName: "example.test"}
}

// twins are two ends of ours that go on from one handshake.
func twins(t testing.TB) (server, client *Conn) {
	t.Helper()
	a, b := sockets(t)
	config, err := NewConfig(&tls.Config{Certificates: []tls.Certificate{newCertificate(t, ecdsaKey)}})
	must(t, err)
	done := make(chan *end, 1)
	go func() {
		e, err := shake(a, 4096, func(p Peer) *Handshake { return Client(insecure(), p) })
		if err != nil {
			t.Error(err)
		}
		done <- e
	}()
	e, err := shake(b, 4096, config.Server)
	must(t, err)
	return e.conn, (<-done).conn
}
