//go:build e2e

package systemd

import (
	"errors"
	"slices"
	"testing"

	"fanfare/deploy/page"
)

// The page is followed on a machine where that of systemd has installed the service; then a certificate is renewed as certbot
// would, and newcomers see it.
func TestTLSPage(t *testing.T) {
	m := boot(t)
	install, err := page.Commands("../../docs/systemd.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks, err := page.Commands("../../docs/tls.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range slices.Concat(install[:3], blocks) {
		m.run(block)
	}
	const serial = "openssl s_client -connect localhost:443 -servername ws.example.com </dev/null 2>/dev/null | openssl x509 -noout -serial"
	before, process := m.run(serial), m.property("MainPID")
	m.run(`mkdir /tmp/renewed && cd /tmp/renewed
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 60 -subj /CN=ws.example.com \
    -addext subjectAltName=DNS:ws.example.com -out fullchain.pem -keyout privkey.pem
RENEWED_LINEAGE=$PWD /etc/letsencrypt/renewal-hooks/deploy/fanfare`)
	m.eventually("newcomers see the renewed certificate", func() error {
		if now, err := m.try(serial); err != nil || now == before+"\n" {
			return errors.New("they see " + now)
		}
		return nil
	})
	if want, got := m.run("openssl x509 -noout -serial -in /tmp/renewed/fullchain.pem"), m.run(serial); got != want {
		t.Errorf("newcomers see %s, want %s", got, want)
	}
	if got := m.property("MainPID"); got != process {
		t.Errorf("process %s serves now, it was %s", got, process)
	}
	m.run("! curl -sS http://localhost:443/up | grep OK")
}
