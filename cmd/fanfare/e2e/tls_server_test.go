//go:build e2e

package e2e

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pusher/pusher-http-go/v5"

	"fanfare/cmd/fanfare/e2e/process"
	"fanfare/engine/tlsconn/certs/certstest"
)

// tlsServer is a server that speaks TLS with certificates of an authority of the test's own.
type tlsServer struct {
	*server

	secure    string // host:port of TLS, the host by a name that the certificate has
	authority *certstest.Authority
	roots     string // PEM file that clients check certificates by
	folder    string // of certificates
}

// tlsToml has the apps that TLS is tried with, a certificate of ECDSA and one of RSA.
const tlsToml = `
[tls]
enabled = true
port = 0
cert = %q
key = %q

[[tls.certificates]]
cert = %q
key = %q

[[apps]]
id = "app-id"
key = "app-key"
secret = "app-secret"
client_events = true

[[apps]]
id = "tls"
key = "tls"
secret = "a-secret-of-the-tests"
tls_only = true

[apps.limit]
event_data = "256KiB"
`

// serveTLS starts a server with a plain port and one for TLS. The settings go before all others, flags after.
func serveTLS(t *testing.T, settings string, flags ...string) *tlsServer {
	t.Helper()
	s := &tlsServer{authority: certstest.NewAuthority(t), folder: t.TempDir()}
	s.roots = filepath.Join(s.folder, "roots.pem")
	certstest.WriteFile(t, s.roots, certstest.ChainPEM(&tls.Certificate{Certificate: [][]byte{s.authority.Root.Raw}}))
	cert, key := certstest.Write(t, s.folder, "ecdsa", s.authority.For(t, "localhost"))
	rsaCert, rsaKey := certstest.Write(t, s.folder, "rsa",
		s.authority.Issue(t, certstest.Order{Names: []string{"localhost"}, Key: certstest.RSA(t)}))
	s.server = serveConfigured(t, settings+fmt.Sprintf(tlsToml, cert, key, rsaCert, rsaKey), flags...)
	s.secure = byName(t, s.TLS)
	return s
}

// serveConfigured starts a server with a configuration file.
func serveConfigured(t *testing.T, settings string, flags ...string) *server {
	t.Helper()
	file := filepath.Join(t.TempDir(), "fanfare.toml")
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	flags = append([]string{"serve", "--config", file, "--host", "127.0.0.1", "--port", "0", "--metrics-port", "0"}, flags...)
	s := process.Serve(t, process.Fanfare(t, flags...))
	return &server{Server: s, addr: s.Addr, metrics: s.Metrics}
}

// byName is an address on 127.0.0.1 by that address's name.
func byName(t *testing.T, addr string) string {
	t.Helper()
	port, ok := strings.CutPrefix(addr, "127.0.0.1:")
	if !ok {
		t.Fatalf("TLS is served on %q, want a port of 127.0.0.1", addr)
	}
	return "localhost:" + port
}

// options lead pusher-js to the TLS port, and nowhere else.
func (s *tlsServer) options(t *testing.T) args {
	t.Helper()
	options := stockOptions(t, s.secure)
	options["wssPort"], options["forceTLS"] = options["wsPort"], true
	return options
}

// node starts a script that trusts the authority.
func (s *tlsServer) node(t *testing.T, script string) *node {
	t.Helper()
	return startNode(t, script, "NODE_EXTRA_CA_CERTS="+s.roots)
}

// client is Go's, which trusts the authority.
func (s *tlsServer) client(t *testing.T, sessions tls.ClientSessionCache) *http.Client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.authority.Roots, ClientSessionCache: sessions}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// overTLS is the Pusher library for Go, by https.
func (s *tlsServer) overTLS(t *testing.T) *pusher.Client {
	t.Helper()
	library := s.library()
	library.Host, library.Secure, library.HTTPClient = s.secure, true, s.client(t, nil)
	return library
}

// application starts one that publishes by TLS, and whose pages connect by it.
func (s *tlsServer) application(t *testing.T) *application {
	t.Helper()
	return startApplicationWith(t, s.overTLS(t), s.options(t))
}

// keyHash names the key of the certificate that is served to most, as Chromium wants it.
func (s *tlsServer) keyHash(t *testing.T) string {
	t.Helper()
	state, err := s.shake(&tls.Config{})
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256(state.PeerCertificates[0].RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(hash[:])
}

// shake makes a handshake and a request, so that tickets are read, and tells how the handshake ended.
func (s *tlsServer) shake(config *tls.Config) (tls.ConnectionState, error) {
	if config.RootCAs == nil {
		config.RootCAs = s.authority.Roots
	}
	config.ServerName = "localhost"
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: patience}, "tcp", s.secure, config)
	if err != nil {
		return tls.ConnectionState{}, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return tls.ConnectionState{}, err
	}
	if _, err := fmt.Fprint(conn, "GET /up HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"); err != nil {
		return tls.ConnectionState{}, err
	}
	_, err = conn.Read(make([]byte, 1024))
	return conn.ConnectionState(), err
}
