//go:build unix

package node

import (
	"bytes"
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanfare/cmd/fanfare/config"
	"fanfare/cmd/fanfare/config/setting"
	"fanfare/cmd/fanfare/config/setting/settingtest"
	"fanfare/engine/tlsconn/certs"
	"fanfare/engine/tlsconn/certs/certstest"
	"fanfare/engine/tlsconn/certs/issuer"
)

// keptCertificates are those of a node with one pair of files, which are watched.
func keptCertificates(t *testing.T, certFile, keyFile string) *certs.Store {
	t.Helper()
	m := newNode(t, func(c *config.Config) { c.TLS.Enabled, c.TLS.Cert, c.TLS.Key = true, certFile, keyFile })
	store, err := m.openCertificates()
	must(t, err)
	t.Cleanup(m.keepCertificates(t.Context(), store))
	return store
}

// servedLeaf makes a handshake and gives the certificate that it was served.
func servedLeaf(t *testing.T, store *certs.Store) []byte {
	t.Helper()
	ours, theirs := net.Pipe()
	defer theirs.Close()
	ended := make(chan error, 1)
	go func() {
		defer ours.Close()
		ended <- tls.Server(ours, store.TLSConfig()).HandshakeContext(t.Context())
	}()
	// Nobody reads session tickets: the client hangs up after the handshake.
	c := tls.Client(theirs, &tls.Config{ServerName: "example.com", InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12}) //nolint:gosec // it is compared
	must(t, c.HandshakeContext(t.Context()), <-ended)
	return c.ConnectionState().PeerCertificates[0].Raw
}

// awaitServed waits until the certificate is served.
func awaitServed(t *testing.T, store *certs.Store, want *tls.Certificate, what string) {
	t.Helper()
	every := time.NewTicker(20 * time.Millisecond)
	defer every.Stop()
	late := time.After(patience)
	for !bytes.Equal(servedLeaf(t, store), want.Leaf.Raw) {
		select {
		case <-every.C:
		case <-late:
			t.Fatalf("%s: the certificate is not served", what)
		}
	}
}

// certbot keeps all versions in archive/, and in live/ links to the newest, which it
// replaces one after the other.
func TestCertificatesOfCertbot(t *testing.T) {
	a, dir := certstest.NewAuthority(t), t.TempDir()
	archive, live := filepath.Join(dir, "archive/example.com"), filepath.Join(dir, "live/example.com")
	must(t, os.MkdirAll(archive, 0o755), os.MkdirAll(live, 0o755))
	renew := func(version string) *tls.Certificate {
		cert := a.For(t, "example.com")
		for name, data := range map[string][]byte{"privkey": certstest.KeyPEM(t, cert), "fullchain": certstest.ChainPEM(cert)} {
			certstest.WriteFile(t, filepath.Join(archive, name+version+".pem"), data)
			link := filepath.Join(live, name+".pem")
			if err := os.Remove(link); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			must(t, os.Symlink(filepath.Join("../../archive/example.com", name+version+".pem"), link))
		}
		return cert
	}
	first := renew("1")
	store := keptCertificates(t, filepath.Join(live, "fullchain.pem"), filepath.Join(live, "privkey.pem"))
	awaitServed(t, store, first, "start")
	awaitServed(t, store, renew("2"), "renewal")
	awaitServed(t, store, renew("3"), "second renewal")
}

// The kubelet swaps the whole of a mounted secret by one link.
func TestCertificatesOfKubernetes(t *testing.T) {
	a, mount := certstest.NewAuthority(t), t.TempDir()
	update := func(version string) *tls.Certificate {
		cert := a.For(t, "example.com")
		write(t, filepath.Join(mount, version, "tls.crt"), string(certstest.ChainPEM(cert)))
		write(t, filepath.Join(mount, version, "tls.key"), string(certstest.KeyPEM(t, cert)))
		old, _ := os.Readlink(filepath.Join(mount, "..data"))
		must(t,
			os.Symlink(version, filepath.Join(mount, "..data_tmp")),
			os.Rename(filepath.Join(mount, "..data_tmp"), filepath.Join(mount, "..data")))
		if old != "" {
			must(t, os.RemoveAll(filepath.Join(mount, old)))
		}
		return cert
	}
	first := update("..2026_11_23")
	for _, name := range []string{"tls.crt", "tls.key"} {
		must(t, os.Symlink(filepath.Join("..data", name), filepath.Join(mount, name)))
	}
	store := keptCertificates(t, filepath.Join(mount, "tls.crt"), filepath.Join(mount, "tls.key"))
	awaitServed(t, store, first, "start")
	awaitServed(t, store, update("..2026_11_24"), "update")
	awaitServed(t, store, update("..2026_11_25"), "second update")
}

// Written in place, one file after the other, as people and acme.sh do it.
func TestCertificatesThatAreOverwritten(t *testing.T) {
	a, dir := certstest.NewAuthority(t), t.TempDir()
	certFile, keyFile := certstest.Write(t, dir, "x", a.For(t, "example.com"))
	store := keptCertificates(t, certFile, keyFile)
	next := a.For(t, "example.com")
	certstest.Write(t, dir, "x", next)
	awaitServed(t, store, next, "overwritten")
}

func TestNoCertificatesWithoutTLS(t *testing.T) {
	m := newNode(t, func(c *config.Config) { c.TLS.Cert = "/none" })
	store, err := m.openCertificates()
	if store != nil || err != nil {
		t.Errorf("got %v, %v", store, err)
	}
	m.keepCertificates(t.Context(), store)()
}

func TestCertificatesThatCannotBeServed(t *testing.T) {
	f := func(change func(*config.TLS), want string) {
		t.Helper()
		m := newNode(t, func(c *config.Config) {
			c.TLS.Enabled = true
			change(&c.TLS)
		})
		_, err := m.openCertificates()
		if err == nil || !strings.HasPrefix(err.Error(), "[tls]: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	f(func(c *config.TLS) { c.Cert = "/none.pem" }, "open /none.pem: no such file")
	f(func(c *config.TLS) { c.ACMEDomains, c.ACMEDir = []string{"*.example.com"}, t.TempDir() }, "is a wildcard")
	f(func(c *config.TLS) { c.ACMEDomains, c.ACMEDir = []string{"example.com"}, "/proc/none" }, "cannot make the folder")
}

// The defaults of [tls] are those of the packages, and every key arrives there.
func TestCertificateConfig(t *testing.T) {
	m := newNode(t, func(c *config.Config) {
		c.TLS.Cert, c.TLS.Key, c.TLS.ACMEDomains = "a.crt", "a.key", []string{"example.com"}
		c.TLS.Certificates = []config.Certificate{{Cert: "b.pem"}}
	})
	m.Log = nil
	want := certs.Config{
		Pairs:      []certs.Pair{{Cert: "a.crt", Key: "a.key"}, {Cert: "b.pem"}},
		ACME:       &issuer.Config{Domains: []string{"example.com"}, Directory: issuer.LetsEncrypt, Challenge: issuer.TLSALPN01},
		MinVersion: tls.VersionTLS12,
	}
	compare := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().Type().Kind().String() == "func" }, cmp.Ignore())
	if diff := cmp.Diff(want, m.certsConfig(), compare, cmp.AllowUnexported(slog.Logger{})); diff != "" {
		t.Errorf("(-package +here):\n%s", diff)
	}
	for _, s := range setting.Of(&m.Config.TLS) {
		if slices.Contains([]string{"enabled", "port", "handshakes", "handshakes_open"}, s.Name()) {
			continue // they are the listener's
		}
		before := m.certsConfig()
		must(t, s.Set(settingtest.Another(s)))
		if cmp.Equal(before, m.certsConfig(), compare) {
			t.Errorf("%s has no effect on the certificates", s.Path)
		}
	}
}

// A signal ends the context with which the node was started, and newcomers are
// served for as long as the drain takes.
func TestCertificatesAreKeptWhileDraining(t *testing.T) {
	a, dir := certstest.NewAuthority(t), t.TempDir()
	certFile, keyFile := certstest.Write(t, dir, "x", a.For(t, "example.com"))
	m := newNode(t, func(c *config.Config) { c.TLS.Enabled, c.TLS.Cert, c.TLS.Key, c.TLS.Port = true, certFile, keyFile, 0 })
	signalled, signal := context.WithCancel(t.Context())
	must(t, m.Run(signalled))
	defer func() { must(t, m.Close()) }()
	signal()
	for range 4 { // the first may have been on its way already
		next := a.For(t, "example.com")
		certstest.Write(t, dir, "x", next)
		awaitServed(t, m.certs, next, "renewed after the signal")
	}
}
