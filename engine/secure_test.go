package engine_test

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fanfare/engine"
	"fanfare/engine/enginetest"
	"fanfare/engine/tlsconn"
	"fanfare/engine/websocket"
)

// serverTLS is a configuration with a certificate that clients are not to verify.
func serverTLS(t testing.TB) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"example.test"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, NextProtos: []string{"http/1.1"}}
}

// startTLS runs a server that speaks TLS.
func startTLS(t testing.TB, cfg engine.Config) *engine.Server {
	t.Helper()
	cfg.TLS = serverTLS(t)
	cfg.TLSAddrs = []string{"127.0.0.1:0"}
	return start(t, cfg, echo{})
}

func clientTLS() *tls.Config { return &tls.Config{InsecureSkipVerify: true} }

// dialTLS connects to the server's TLS address, without a handshake yet.
func dialTLS(t testing.TB, s *engine.Server, config *tls.Config) (*tls.Conn, net.Conn) {
	t.Helper()
	raw, err := net.Dial("tcp", s.TLSAddrs()[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { raw.Close() })
	if err := raw.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return tls.Client(raw, config), raw
}

func upgradeTLS(t testing.TB, s *engine.Server, config *tls.Config) *tls.Conn {
	t.Helper()
	conn, _ := dialTLS(t, s, config)
	if _, err := io.WriteString(conn, upgradeRequest); err != nil {
		t.Fatal(err)
	}
	if err := readUpgrade(conn); err != nil {
		t.Fatal(err)
	}
	return conn
}

// says sends a message and expects it back.
func says(t testing.TB, conn io.ReadWriter, text []byte) {
	t.Helper()
	failed := make(chan error, 1)
	go func() {
		_, err := conn.Write(websocket.AppendMasked(nil, websocket.Text, true, text, [4]byte{1, 2, 3, 4}))
		failed <- err
	}()
	want := websocket.AppendFrame(nil, websocket.Text, text)
	got := make([]byte, len(want))
	if _, err := io.ReadFull(conn, got); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("a message of %d bytes came back otherwise", len(text))
	}
}

func TestTLS(t *testing.T) {
	for _, loops := range []int{1, 2} {
		s := startTLS(t, engine.Config{Loops: loops})
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			config := clientTLS()
			config.MinVersion, config.MaxVersion = version, version
			conn := upgradeTLS(t, s, config)
			for _, size := range []int{1, 200, 20_000, 300_000} {
				says(t, conn, bytes.Repeat([]byte("x"), size))
			}
			if got := conn.ConnectionState().Version; got != version {
				t.Errorf("version %#x, want %#x", got, version)
			}
		}
		if st := s.Stats(); st.Handshakes.Done != 2 {
			t.Errorf("%d handshakes were counted, want 2", st.Handshakes.Done)
		}
	}
}

// Plain and TLS addresses live side by side.
func TestTLSBesidePlain(t *testing.T) {
	s := startTLS(t, engine.Config{Addrs: []string{"127.0.0.1:0"}})
	says(t, upgrade(t, s), []byte("plain"))
	says(t, upgradeTLS(t, s, clientTLS()), []byte("sealed"))
}

// net/http is the client: bodies, keep-alive, and many at once.
func TestHTTPS(t *testing.T) {
	s := startTLS(t, engine.Config{})
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: clientTLS()}}
	defer client.CloseIdleConnections()
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			body := bytes.Repeat([]byte{'a' + byte(i)}, i*10_000+1)
			resp, err := client.Post("https://"+s.TLSAddrs()[0]+"/", "text/plain", bytes.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			if got, err := io.ReadAll(resp.Body); err != nil || !bytes.Equal(got, body) {
				t.Errorf("%d bytes came back as %d, %v", len(body), len(got), err)
			}
		})
	}
	all.Wait()
}

// A client that is done says so, and is told the same.
func TestTLSCloseNotify(t *testing.T) {
	s := startTLS(t, engine.Config{})
	conn := upgradeTLS(t, s, clientTLS())
	if err := conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(conn); err != nil {
		t.Errorf("read %q, %v: want an end in order", b, err)
	}
}

// A shutdown says goodbye, and ends those whose handshake has not begun or is not
// over.
func TestTLSShutdown(t *testing.T) {
	s := startTLS(t, engine.Config{})
	conn := upgradeTLS(t, s, clientTLS())
	_, silent := dialTLS(t, s, clientTLS())
	_, halfway := dialTLS(t, s, clientTLS())
	if _, err := halfway.Write(clientHello(t)); err != nil {
		t.Fatal(err)
	}
	if b := make([]byte, 1); !reads(halfway, b) { // the server's turn is over
		t.Fatal("the server does not answer a client hello")
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		shutdown(t, s)
	}()
	if got, err := io.ReadAll(conn); err != nil || !bytes.Equal(got, []byte("\x88\x05\x10\x68bye")) {
		t.Errorf("got %q, %v, want a close frame 4200", got, err)
	}
	conn.Close()
	for name, c := range map[string]net.Conn{"who has said nothing": silent, "who is in the middle of a handshake": halfway} {
		if _, err := io.ReadAll(c); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s is not ended", name)
		}
		c.Close()
	}
	<-stopped
}

func reads(c net.Conn, b []byte) bool {
	_, err := io.ReadFull(c, b)
	return err == nil
}

// clientHello is the first record of a client.
func clientHello(t *testing.T) []byte {
	t.Helper()
	ours, theirs := net.Pipe()
	client := make(chan error, 1)
	go func() { client <- tls.Client(theirs, clientTLS()).HandshakeContext(t.Context()) }()
	header := make([]byte, 5)
	if !reads(ours, header) {
		t.Fatal(<-client)
	}
	body := make([]byte, int(header[3])<<8+int(header[4]))
	if !reads(ours, body) {
		t.Fatal(<-client)
	}
	ours.Close()
	<-client
	return slices.Concat(header, body)
}

func TestHTTPOnTheTLSPort(t *testing.T) {
	s := startTLS(t, engine.Config{})
	_, raw := dialTLS(t, s, clientTLS())
	if _, err := io.WriteString(raw, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(raw), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, _ := io.ReadAll(resp.Body); resp.StatusCode != 400 || !strings.Contains(string(b), "https://") {
		t.Errorf("status %d, %q", resp.StatusCode, b)
	}
}

// What is no handshake, or one that fails, is counted by its cause.
func TestHandshakeFailures(t *testing.T) {
	s := startTLS(t, engine.Config{HeadTimeout: time.Second, Handshakes: 1})
	tests := []struct {
		want string
		talk func(conn *tls.Conn, raw net.Conn)
	}{
		{"not_tls", func(_ *tls.Conn, raw net.Conn) { fmt.Fprint(raw, "SSH-2.0-x\r\n") }},
		{"not_tls", func(_ *tls.Conn, raw net.Conn) { raw.Write([]byte{22, 3, 1, 0xff, 0xff}) }},
		{"refused", func(_ *tls.Conn, raw net.Conn) { raw.Write([]byte{22, 3, 1, 0, 4, 1, 0, 0, 0}) }},
		{"timeout", func(_ *tls.Conn, raw net.Conn) { raw.Write([]byte{22, 3, 1, 0, 9, 1, 0, 0, 5}) }},
		{"timeout", func(*tls.Conn, net.Conn) {}},
		{"rejected", func(_ *tls.Conn, raw net.Conn) { tls.Client(raw, &tls.Config{ServerName: "example.test"}).Handshake() }},
		{"refused", func(_ *tls.Conn, raw net.Conn) {
			tls.Client(raw, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}).Handshake()
		}},
	}
	want := map[string]uint64{}
	for _, test := range tests {
		conn, raw := dialTLS(t, s, clientTLS())
		test.talk(conn, raw)
		io.Copy(io.Discard, raw)
		want[test.want]++
	}
	if got := failures(s); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// twins are both ends of a TLS connection after its handshake.
func twins(t testing.TB) (server, client *tlsconn.Conn) {
	t.Helper()
	config, err := tlsconn.NewConfig(serverTLS(t))
	if err != nil {
		t.Fatal(err)
	}
	var s, c *tlsconn.Handshake
	s = config.Server(tlsconn.Peer{Send: func(b []byte) { c.Feed(b, 1<<20) }})
	c = tlsconn.Client(clientTLS(), tlsconn.Peer{Send: func(b []byte) { s.Feed(b, 1<<20) }})
	done := make(chan *tlsconn.Conn)
	go func() {
		conn, _, err := c.Run()
		if err != nil {
			t.Error(err)
		}
		done <- conn
	}()
	if server, _, err = s.Run(); err != nil {
		t.Fatal(err)
	}
	return server, <-done
}

// opened gives what is in the records that a peer got.
func opened(t testing.TB, c *tlsconn.Conn, records []byte) (all string) {
	t.Helper()
	for len(records) > 0 {
		plain, n, err := c.Open(records)
		if err != nil || n == 0 {
			t.Fatalf("after %q: %d bytes, %v", all, n, err)
		}
		all, records = all+string(plain), records[n:]
	}
	return all
}

// A connection by TLS goes on elsewhere: in the middle of a record that it gets, of
// one that it sends, and of a message in fragments.
func TestTLSIsHandedOver(t *testing.T) {
	l := enginetest.New(engine.Config{}, echo{})
	server, client := twins(t)
	state := engine.ConnState{TLS: true, Secure: &engine.SecureState{State: server.State()}}
	var sealed, received []byte
	want := ""
	for i := range 20 {
		text := strings.Repeat(string(rune('a'+i)), 100*i)
		sealed = client.Seal(sealed, websocket.AppendMasked(nil, websocket.Text, false, []byte(text), [4]byte{}))
		sealed = client.Seal(sealed, websocket.AppendMasked(nil, websocket.Continuation, true, []byte(text), [4]byte{}))
		want += string(websocket.AppendFrame(nil, websocket.Text, []byte(text+text)))
	}
	for len(sealed) > 0 {
		p := l.Dial()
		p.Stall(true)
		if err := p.Conn().Adopt(plainData(t, state), echoReceiver{}, nil); err != nil {
			t.Fatal(err)
		}
		p.Limit(317)
		n := min(len(sealed), 997)
		p.Write(sealed[:n])
		sealed = sealed[n:]
		state, received = stateOf(t, p), append(received, p.Received()...)
	}
	last := l.Dial()
	if err := last.Conn().Adopt(state, echoReceiver{}, nil); err != nil {
		t.Fatal(err)
	}
	last.Stall(false)
	if got := opened(t, client, append(received, last.Received()...)); got != want {
		t.Errorf("%d bytes came back, want %d", len(got), len(want))
	}
}

// plainData takes a state through JSON.
func plainData(t *testing.T, s engine.ConnState) (next engine.ConnState) {
	t.Helper()
	b, err := json.Marshal(s)
	if err == nil {
		err = json.Unmarshal(b, &next)
	}
	if err != nil {
		t.Fatal(err)
	}
	return next
}

// stateOf writes a connection down, with a book of its own.
func stateOf(t testing.TB, p *enginetest.Peer) engine.ConnState {
	t.Helper()
	s, ok := p.Conn().State(nil)
	if !ok {
		t.Fatal("the connection can't be written down")
	}
	return s
}

// waitingFor is how many bytes of frames wait for a connection.
func waitingFor(t testing.TB, p *enginetest.Peer) int {
	t.Helper()
	s := stateOf(t, p)
	n := -s.Sent
	for _, i := range s.Waiting {
		n += len(s.Frames.Frames[i].Bytes)
	}
	return n
}
