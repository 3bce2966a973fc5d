package tlsconn

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// serveWith is serve with a configuration that lives on.
func serveWith(t testing.TB, config *Config, client *tls.Config) (*end, *tls.Conn) {
	t.Helper()
	a, b := sockets(t)
	theirs := tls.Client(a, client)
	failed := make(chan error, 1)
	go func() { failed <- theirs.Handshake() }()
	ours, err := shake(b, 4096, config.Server)
	must(t, err)
	must(t, <-failed)
	return ours, theirs
}

func TestHandshakeFails(t *testing.T) {
	server := &tls.Config{Certificates: []tls.Certificate{newCertificate(t, ecdsaKey)}, NextProtos: []string{"http/1.1"}}
	config, err := NewConfig(server)
	must(t, err)
	for name, change := range map[string]func(*tls.Config){
		"certificate": func(c *tls.Config) { c.InsecureSkipVerify = false },
		"version":     func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 },
		"protocol":    func(c *tls.Config) { c.NextProtos = []string{"h2"} },
		"suite": func(c *tls.Config) {
			c.MaxVersion, c.CipherSuites = tls12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}
		},
	} {
		client := insecure()
		change(client)
		a, b := sockets(t)
		theirs := make(chan error, 1)
		go func() { theirs <- tls.Client(a, client).Handshake() }()
		if _, err := shake(b, 4096, config.Server); err == nil {
			t.Errorf("%s: the handshake succeeded", name)
		}
		if err := <-theirs; err == nil {
			t.Errorf("%s: the client's handshake succeeded", name)
		}
	}
}

func TestHandshakeEnds(t *testing.T) {
	config, err := NewConfig(&tls.Config{Certificates: []tls.Certificate{newCertificate(t, ecdsaKey)}})
	must(t, err)
	late := errors.New("too late")
	waits := make(chan bool, 2)
	h := config.Server(Peer{Send: func([]byte) {}, Idle: func(w bool) { waits <- w }})
	failed := make(chan error, 1)
	go func() {
		_, _, err := h.Run()
		failed <- err
	}()
	if !<-waits {
		t.Error("it did not say that it waits")
	}
	h.End(late)
	if err := <-failed; !errors.Is(err, late) {
		t.Errorf("got %v", err)
	}
	if <-waits {
		t.Error("it did not say that it goes on")
	}
}

func TestFeedIsBounded(t *testing.T) {
	config, err := NewConfig(&tls.Config{Certificates: []tls.Certificate{newCertificate(t, ecdsaKey)}})
	must(t, err)
	h := config.Server(Peer{})
	if !h.Feed(make([]byte, 100), 100) || h.Feed([]byte{0}, 100) || !h.Feed([]byte{0}, 101) {
		t.Error("the bound does not hold")
	}
}

func TestConfigRefuses(t *testing.T) {
	_, err := NewConfig(&tls.Config{ClientAuth: tls.RequireAnyClientCert})
	if err == nil || !strings.Contains(err.Error(), "ClientAuth") {
		t.Errorf("got %v", err)
	}
	_, err = NewConfig(&tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return nil, io.EOF }})
	if err == nil || !strings.Contains(err.Error(), "GetCertificate") {
		t.Errorf("got %v", err)
	}
}

// A client of ours and a server of crypto/tls.
func TestClient(t *testing.T) {
	a, b := sockets(t)
	theirs := tls.Server(b, &tls.Config{Certificates: []tls.Certificate{newCertificate(t, ecdsaKey)}})
	failed := make(chan error, 1)
	go func() { failed <- theirs.Handshake() }()
	ours, err := shake(a, 4096, func(p Peer) *Handshake { return Client(insecure(), p) })
	must(t, err)
	must(t, <-failed)
	talk(t, ours, theirs)
}

// A ClientHello may be cut into records of one byte. What that costs must not grow
// with the square of its length: a few such clients would take all of a processor.
func TestHelloInManyRecords(t *testing.T) {
	config, err := NewConfig(&tls.Config{Certificates: []tls.Certificate{newCertificate(t, ecdsaKey)}})
	must(t, err)
	const size = 60 << 10 // crypto/tls takes 64 KiB
	hello := append([]byte{1, 0, size >> 8, 0}, make([]byte, size)...)
	var records []byte
	for _, b := range hello {
		records = append(records, typeHandshake, 3, 1, 0, 1, b)
	}
	records = append(records, make([]byte, 600<<10)...) // which is in the way
	h := config.Server(Peer{Send: func([]byte) {}})
	if !h.Feed(records, len(records)) {
		t.Fatal("there is no room")
	}
	start := time.Now()
	if _, _, err := h.Run(); err == nil {
		t.Error("zeroes make a ClientHello")
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("%d records took %v", len(hello), took)
	}
}

// cutter is a client's socket that cuts what it seals by TLS 1.2, its Finished, into
// two records, after an empty warning.
type cutter struct {
	net.Conn
	secrets secrets
	got     []byte
	conn    *Conn // what goes on, once Finished is cut
}

func (c *cutter) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.got = append(c.got, p[:n]...)
	return n, err
}

func (c *cutter) Write(p []byte) (int, error) {
	change := bytes.Index(p, []byte{typeChangeCipherSpec, 3, 3, 0, 1, 1})
	if change < 0 {
		return c.Conn.Write(p)
	}
	s, err := findSuite(tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)
	if err != nil {
		return 0, err
	}
	ours := &Conn{suite: s} // the same keys, from the server's side
	if err := c.secrets.derive12(ours, c.got); err != nil {
		return 0, err
	}
	c.conn = &Conn{suite: s, in: half{keys: ours.out.keys, seq: 1}, out: half{keys: ours.in.keys}}
	at := change + headerLen + 1
	_, finished, err := ours.decrypt(bytes.Clone(p[at:]))
	if err != nil {
		return 0, err
	}
	out := c.conn.seal(bytes.Clone(p[:at]), typeAlert, []byte{1, byte(userCanceled)})
	out = c.conn.seal(out, typeHandshake, finished[:5])
	_, err = c.Conn.Write(c.conn.seal(out, typeHandshake, finished[5:]))
	return len(p), err
}

// What a client seals of its handshake need not be one record.
func TestFinishedInPieces(t *testing.T) {
	a, b := sockets(t)
	client := insecure()
	client.MaxVersion, client.CipherSuites = tls12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}
	socket := &cutter{Conn: a}
	client.KeyLogWriter = &socket.secrets
	failed := make(chan error, 1)
	go func() { failed <- tls.Client(socket, client).Handshake() }()
	config, err := NewConfig(&tls.Config{Certificates: []tls.Certificate{newCertificate(t, ecdsaKey)}})
	must(t, err)
	ours, err := shake(b, 4096, config.Server)
	must(t, err)
	must(t, <-failed)
	theirs := &end{raw: a, conn: socket.conn, step: 4096}
	if ours.conn.in.seq != 3 {
		t.Errorf("the next record is number %d, want 3", ours.conn.in.seq)
	}
	talk(t, ours, theirs)
}

// Secrets do not outlive the handshake in which they were told.
func TestSecretsAreForgotten(t *testing.T) {
	s := secrets{client: []byte("client"), server: []byte("server"), master: []byte("master")}
	all := [][]byte{s.client, s.server, s.master}
	s.forget()
	for _, b := range all {
		if strings.Trim(string(b), "\x00") != "" {
			t.Errorf("%q is still there", b)
		}
	}
}
