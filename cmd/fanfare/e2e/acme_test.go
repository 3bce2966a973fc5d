//go:build e2e && linux

package e2e

import (
	"crypto/tls"
	"fmt"
	"net"
	"testing"
	"time"

	"fanfare/engine/tlsconn/certs/pebbletest"
)

const acmeToml = `
[tls]
enabled = true
port = %s
acme_domains = ["ws.example.com"]
acme_dir = %q
acme_directory = %q
acme_roots = %q
acme_challenge = %q
acme_key_id = %q
acme_key = %q
`

// TestACME: a server without any certificate gets one by itself, in both ways that it can show that the name is its own.
func TestACME(t *testing.T) {
	t.Parallel()
	for _, challenge := range []string{"tls-alpn-01", "http-01"} {
		t.Run(challenge, func(t *testing.T) {
			t.Parallel()
			plain, secure := freePort(t), freePort(t) // the authority is told them before the server starts
			p := pebbletest.Start(t, "127.0.0.1:"+secure, "127.0.0.1:"+plain)
			settings := fmt.Sprintf(acmeToml, secure, t.TempDir(), p.Directory, p.Roots, challenge, pebbletest.KeyID, pebbletest.Key)
			s := serveConfigured(t, settings, "--port", plain)
			pebbletest.Eventually(t, "a certificate is served", func() error {
				config := &tls.Config{ServerName: "ws.example.com", RootCAs: p.Issued}
				c, err := tls.DialWithDialer(&net.Dialer{Timeout: 5 * time.Second}, "tcp", s.TLS, config)
				if err != nil {
					return err
				}
				return c.Close()
			})
		})
	}
}
