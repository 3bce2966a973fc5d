package engine_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"

	"fanfare/engine"
	"fanfare/engine/http1"
)

// slowCertificates makes handshakes for "slow" compute until they may end, and those
// for "bug" panic.
type slowCertificates struct {
	tls.Certificate
	begun, wait chan struct{}
	end         func()
}

func (s *slowCertificates) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	switch hello.ServerName {
	case "slow.test":
		s.begun <- struct{}{}
		<-s.wait
	case "bug.test":
		panic("a bug in the choice of certificates")
	case "none.test":
		return nil, errors.New("there is none")
	}
	return &s.Certificate, nil
}

func startSlow(t *testing.T, cfg engine.Config, h engine.Handler) (*engine.Server, *slowCertificates) {
	t.Helper()
	cfg.TLS = serverTLS(t)
	certs := &slowCertificates{Certificate: cfg.TLS.Certificates[0], begun: make(chan struct{}), wait: make(chan struct{})}
	certs.end = sync.OnceFunc(func() { close(certs.wait) })
	cfg.TLS.Certificates, cfg.TLS.GetCertificate = nil, certs.get
	cfg.TLSAddrs = []string{"127.0.0.1:0"}
	s := start(t, cfg, h)
	t.Cleanup(certs.end) // before the server's, which waits for handshakes
	return s, certs
}

func named(name string) *tls.Config {
	c := clientTLS()
	c.ServerName = name
	return c
}

// A panic in a handshake, as one of a choice of certificates, costs one connection.
func TestHandshakePanics(t *testing.T) {
	s, _ := startSlow(t, engine.Config{}, echo{})
	for name, want := range map[string]string{"bug.test": "panic", "none.test": "refused"} {
		conn, raw := dialTLS(t, s, named(name))
		if err := conn.Handshake(); err == nil {
			t.Errorf("%s: the handshake succeeded", name)
		}
		io.Copy(io.Discard, raw) // it is counted between the alert and the end
		if got := failures(s); got[want] != 1 {
			t.Errorf("%s: failures %v, want one of %s", name, got, want)
		}
	}
	says(t, upgradeTLS(t, s, named("good.test")), []byte("still there"))
	if st := s.Stats(); st.Panics != 1 {
		t.Errorf("%d panics were counted, want 1", st.Panics)
	}
}

func failures(s *engine.Server) map[string]uint64 {
	got := map[string]uint64{}
	st := s.Stats()
	st.Handshakes.EachFailed(func(f engine.HandshakeFailure, n uint64) {
		if n > 0 {
			got[f.String()] = n
		}
	})
	return got
}

// pausing is a client's socket that stops before the second thing that it sends: of
// TLS 1.3 its Finished.
type pausing struct {
	net.Conn
	writes  int
	reached chan struct{} // closed when it stops
	resume  chan struct{}
}

func (p *pausing) Write(b []byte) (int, error) {
	if p.writes++; p.writes == 2 {
		close(p.reached)
		<-p.resume
	}
	return p.Conn.Write(b)
}

// largeBodies takes requests of several megabytes.
type largeBodies struct{ echo }

func (largeBodies) BodyLimit(*http1.Request) int { return 4 << 20 }

// A client of TLS 1.3 sends its request right behind its Finished, which may have to
// wait until others are computed. All of a large request is there by then.
func TestRequestBehindFinished(t *testing.T) {
	s, certs := startSlow(t, engine.Config{Handshakes: 1}, largeBodies{})
	_, raw := dialTLS(t, s, clientTLS())
	socket := &pausing{Conn: raw, reached: make(chan struct{}), resume: make(chan struct{})}
	client := tls.Client(socket, named("good.test"))
	body := bytes.Repeat([]byte("large "), 500_000)
	sent := make(chan error, 1)
	go func() {
		_, err := fmt.Fprintf(client, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		sent <- err
	}()
	<-socket.reached // it has our answer
	slow, _ := dialTLS(t, s, named("slow.test"))
	inTheWay := make(chan error, 1)
	go func() { inTheWay <- slow.Handshake() }()
	<-certs.begun
	close(socket.resume)
	if err := <-sent; err != nil {
		t.Errorf("while another is computed: %v", err)
	}
	statsAre(t, s, "the request is there", func(st engine.Stats) bool { return st.InputBytes > int64(len(body)) })
	certs.end()
	if err := <-inTheWay; err != nil {
		t.Error(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(client), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got, err := io.ReadAll(resp.Body); err != nil || !bytes.Equal(got, body) {
		t.Errorf("%d bytes came back as %d, %v", len(body), len(got), err)
	}
}

// Who has not been answered has a ClientHello to send, and nothing else.
func TestMuchBeforeTheAnswer(t *testing.T) {
	s, certs := startSlow(t, engine.Config{Handshakes: 1}, echo{})
	slow, _ := dialTLS(t, s, named("slow.test"))
	inTheWay := make(chan error, 1)
	go func() { inTheWay <- slow.Handshake() }()
	<-certs.begun
	_, raw := dialTLS(t, s, clientTLS())
	sent := make(chan error, 1)
	go func() {
		_, err := raw.Write(append([]byte{22, 3, 1, 0, 4, 1, 0, 0xff, 0xff}, make([]byte, 1<<20)...))
		sent <- err
	}()
	if _, err := io.Copy(io.Discard, raw); err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Error(err)
	}
	<-sent
	if n := s.Stats().InputBytes; n > 1<<20 {
		t.Errorf("%d bytes were kept", n)
	}
	certs.end()
	if err := <-inTheWay; err != nil {
		t.Error(err)
	}
}

// The state of a connection does not tell its secrets or messages to a log.
func TestConnStateIsDiscreet(t *testing.T) {
	server, _ := twins(t)
	state := engine.ConnState{
		Input: []byte("private"), Secure: &engine.SecureState{State: server.State()},
		Frames: &engine.FrameBook{Frames: []engine.FrameRecord{{Bytes: []byte("words"), Name: "quote"}}}, Request: &engine.RequestState{Head: []byte("bearer")},
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "state", state, "secure", state.Secure)
	for _, v := range []any{state, state.Secure, *state.Secure, state.Frames, state.Frames.Frames, state.Request} {
		fmt.Fprintf(&log, "%v %+v %#v %s", v, v, v, v)
	}
	for _, word := range []string{"private", "words", "quote", "bearer", "secret\"", strings.Trim(fmt.Sprintf("%d", state.Secure.Out.Secret[:4]), "[]")} {
		if strings.Contains(log.String(), word) {
			t.Errorf("it tells %q:\n%s", word, &log)
		}
	}
}

// Who looks whether handshakes are under way sees those that compute, too.
func TestHandshakesThatCompute(t *testing.T) {
	s, certs := startSlow(t, engine.Config{}, echo{})
	conn, _ := dialTLS(t, s, named("slow.test"))
	shaken := make(chan error, 1)
	go func() { shaken <- conn.Handshake() }()
	<-certs.begun
	if h := s.Stats().Handshakes; h.Open != 1 || h.Queued+h.Away != 0 {
		t.Errorf("%d handshakes are open, %d of them queued and %d away; want one that computes", h.Open, h.Queued, h.Away)
	}
	certs.end()
	if err := <-shaken; err != nil {
		t.Error(err)
	}
	statsAre(t, s, "no handshake is open", func(st engine.Stats) bool { return st.Handshakes.Open == 0 })
}
