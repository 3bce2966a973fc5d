//go:build e2e

package e2e

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"fanfare/cmd/fanfare/e2e/process"
)

// The proxies connect from 127.0.0.1, which is trusted; clients come from other loopback addresses.
const (
	alice = "127.0.0.2"
	bob   = "127.0.0.3"
)

const edgeToml = `
[server]
trusted_proxies = ["127.0.0.1"]
connections_per_ip = 1
proxy_protocol = %v

[[apps]]
id = "open"
key = "open"
secret = "a-secret-of-the-tests"

[[apps]]
id = "tls"
key = "tls"
secret = "a-secret-of-the-tests"
tls_only = true
`

// serveEdge starts a server that believes proxies on 127.0.0.1, and lets every other address have one connection.
func serveEdge(t *testing.T, proxyProtocol bool) *server {
	t.Helper()
	file := filepath.Join(t.TempDir(), "edge.toml")
	if err := os.WriteFile(file, fmt.Appendf(nil, edgeToml, proxyProtocol), 0o600); err != nil {
		t.Fatal(err)
	}
	s := process.Serve(t, process.Fanfare(t, "serve", "--config", file, "--host", "127.0.0.1", "--port", "0", "--metrics-port", "0"))
	return &server{Server: s, addr: s.Addr, metrics: s.Metrics}
}

// inherited is a port that a proxy will serve: it is given the listening socket, because it can't choose a free port itself.
// Who connects early just waits.
func inherited(t *testing.T, cmd *exec.Cmd) (addr string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("cannot listen: %v", err)
	}
	defer listener.Close()
	socket, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatalf("cannot hand a socket over: %v", err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	cmd.ExtraFiles = append(cmd.ExtraFiles, socket) // descriptors 3, 4, ... over there
	return listener.Addr().String()
}

// certificate writes a self-signed certificate and its key into one file, as HAProxy wants it and nginx takes it.
func certificate(t *testing.T) (path string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"ws.example.com"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	b := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
	b = append(b, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...)
	path = filepath.Join(t.TempDir(), "edge.pem")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const haproxyConf = `
global
	log stderr format raw local0 warning
defaults
	mode tcp
	timeout connect 10s
	timeout client 60s
	timeout server 60s
listen v1
	bind fd@3
	server fanfare %[1]s send-proxy
listen v2
	bind fd@4
	server fanfare %[1]s send-proxy-v2 proxy-v2-options crc32c,unique-id,authority
listen v2-ssl
	bind fd@5
	server fanfare %[1]s send-proxy-v2-ssl
listen v2-ssl-tls
	bind fd@6 ssl crt %[2]s
	server fanfare %[1]s send-proxy-v2-ssl-cn proxy-v2-options crc32c,ssl,cert-cn,ssl-cipher,cert-key,cert-sig
listen no-header
	bind fd@7
	server fanfare %[1]s
`

// startHAProxy puts HAProxy in front of a server, with one port for each way to send a PROXY header, the fourth of them behind
// TLS, and one that sends none. It is killed in the end: when HAProxy 2.6.12 is asked to end, it may crash, or spin for ever.
func startHAProxy(t *testing.T, s *server) (v1, v2, v2TLS, v2OverTLS, none string) {
	t.Helper()
	conf := filepath.Join(t.TempDir(), "haproxy.cfg")
	if err := os.WriteFile(conf, fmt.Appendf(nil, haproxyConf, s.addr, certificate(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/usr/sbin/haproxy", "-db", "-q", "-f", conf)
	v1, v2, v2TLS, v2OverTLS, none = inherited(t, cmd), inherited(t, cmd), inherited(t, cmd), inherited(t, cmd), inherited(t, cmd)
	t.Cleanup(process.Launch(t, cmd, nil).Kill)
	return v1, v2, v2TLS, v2OverTLS, none
}

// knock connects from an address as a Pusher client of an app. It returns the code of the refusal, or 0 for a connection that
// stays open to the end of the test. http is the status of an answer that is no upgrade.
func knock(t *testing.T, from, url string, header http.Header) (code, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	transport := &http.Transport{
		DialContext:     dialer.DialContext,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // the certificate is the test's own
	}
	ws, resp, err := websocket.Dial(ctx, url+"?protocol=7&client=js&version=8.6.0", &websocket.DialOptions{ //nolint:bodyclose // Dial closes it
		HTTPClient: &http.Client{Transport: transport}, HTTPHeader: header,
	})
	if resp != nil && resp.StatusCode != http.StatusSwitchingProtocols {
		return 0, resp.StatusCode
	}
	if err != nil {
		t.Fatalf("%s from %s: %v", url, from, err)
	}
	t.Cleanup(func() { _ = ws.CloseNow() })
	_, text, err := ws.Read(ctx)
	if err != nil {
		t.Fatalf("%s from %s: %v", url, from, err)
	}
	if strings.Contains(string(text), "pusher:connection_established") {
		return 0, http.StatusSwitchingProtocols
	}
	var refused struct{ Data struct{ Code int } }
	if err := json.Unmarshal(text, &refused); err != nil {
		t.Fatalf("%s from %s: %q: %v", url, from, text, err)
	}
	if _, _, err := ws.Read(ctx); int(websocket.CloseStatus(err)) != refused.Data.Code {
		t.Errorf("%s from %s: close %v, but pusher:error said %d", url, from, err, refused.Data.Code)
	}
	return refused.Data.Code, http.StatusSwitchingProtocols
}

// knocks wants the outcome: 0 to be let in, or a code.
func knocks(t *testing.T, from, url string, want int, forged ...string) {
	t.Helper()
	header := http.Header{}
	for i := 0; i < len(forged); i += 2 {
		header.Add(forged[i], forged[i+1])
	}
	if code, status := knock(t, from, url, header); code != want || status != http.StatusSwitchingProtocols {
		t.Errorf("%s from %s with %q: code %d, status %d, want %d", url, from, forged, code, status, want)
	}
}

// Behind nginx, clients have the addresses that they connect from, and come by TLS when they did to nginx. What they write
// themselves, through nginx or past it, changes nothing. (CON-15)
func TestCallersBehindNginx(t *testing.T) {
	t.Parallel()
	s := serveEdge(t, false)
	plain, secure, _ := startNginx(t, s)
	knocks(t, alice, "ws://"+plain+"/app/tls", 4000)
	knocks(t, alice, "ws://"+plain+"/app/tls", 4000, "X-Forwarded-Proto", "https")
	knocks(t, alice, "ws://"+s.addr+"/app/tls", 4000, "X-Forwarded-Proto", "https", "X-Forwarded-For", bob)

	knocks(t, alice, "wss://"+secure+"/app/tls", 0)
	knocks(t, alice, "ws://"+plain+"/app/open", 4100)
	knocks(t, alice, "ws://"+plain+"/app/open", 4100, "X-Forwarded-For", "203.0.113.66")
	knocks(t, alice, "ws://"+s.addr+"/app/open", 4100, "X-Forwarded-For", "203.0.113.66")
	knocks(t, bob, "ws://"+plain+"/app/open", 0, "X-Forwarded-For", alice)
	knocks(t, bob, "ws://"+plain+"/app/open", 4100)
}

// The same with PROXY headers, in every form that HAProxy and nginx send.
func TestCallersBehindPROXY(t *testing.T) {
	t.Parallel()
	s := serveEdge(t, true)
	v1, v2, v2TLS, v2OverTLS, none := startHAProxy(t, s)
	_, _, stream := startNginx(t, s)
	for i, proxy := range []string{v1, v2, v2TLS, stream} {
		client, forged := fmt.Sprintf("127.0.1.%d", i), []string{"X-Forwarded-For", "203.0.113.66", "X-Forwarded-Proto", "https"}
		knocks(t, client, "ws://"+proxy+"/app/tls", 4000, forged...)
		knocks(t, client, "ws://"+proxy+"/app/open", 0)
		knocks(t, client, "ws://"+proxy+"/app/open", 4100, forged...)
		knocks(t, client, "ws://"+s.addr+"/app/open", 4100, forged...)
	}
	knocks(t, alice, "wss://"+v2OverTLS+"/app/tls", 0)
	knocks(t, alice, "wss://"+v2OverTLS+"/app/tls", 4100)

	if _, status := knock(t, bob, "ws://"+none+"/app/open", nil); status != http.StatusBadRequest {
		t.Errorf("without a header from a trusted proxy: status %d, want 400", status)
	}
	knocks(t, bob, "ws://"+s.addr+"/app/open", 0)
}

// A PROXY header of somebody who is no trusted proxy is taken for a request, and a bad one.
func TestForgedPROXY(t *testing.T) {
	t.Parallel()
	s := serveEdge(t, true)
	f := func(from, header, want string) {
		t.Helper()
		dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: patience}
		conn, err := dialer.DialContext(t.Context(), "tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(patience))
		if _, err := io.WriteString(conn, header+"GET /up HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil || !strings.HasPrefix(line, want) {
			t.Errorf("%q from %s: got %q, %v, want %s", header, from, line, err, want)
		}
	}
	const good, bad = "HTTP/1.1 200 ", "HTTP/1.1 400 "
	line := "PROXY TCP4 203.0.113.66 127.0.0.1 1 2\r\n"
	binary := "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xcb\x00\x71\x42\x7f\x00\x00\x01\x00\x01\x00\x02"
	f(alice, line, bad)
	f(alice, binary, bad)
	f(alice, "", good)
	f("127.0.0.1", line, good)
	f("127.0.0.1", binary, good)
	f("127.0.0.1", "", bad)
	f("127.0.0.1", line[:20]+"\r\n", bad)
	f("127.0.0.1", line+line, bad)
	f("127.0.0.1", binary+binary, bad)
}
