//go:build unix

package node

import (
	"context"
	"crypto/tls"
	"sync"

	"fanfare/cmd/fanfare/config"
	"fanfare/engine/tlsconn/certs"
	"fanfare/engine/tlsconn/certs/issuer"
)

// openCertificates reads the certificates to serve TLS with, and asks nobody for new
// ones yet. It gives nil where TLS is off.
func (m *Main) openCertificates() (*certs.Store, error) {
	if !m.Config.TLS.Enabled {
		return nil, nil //nolint:nilnil // as its comment says
	}
	store, err := certs.Open(m.certsConfig())
	if err != nil {
		return nil, config.Errorf("[tls]: %w", err)
	}
	return store, nil
}

// tlsVersions are the values of tls.min_version.
var tlsVersions = map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

func (m *Main) certsConfig() certs.Config {
	t := &m.Config.TLS
	c := certs.Config{
		MinVersion:           tlsVersions[t.MinVersion],
		ClassicalKeyExchange: t.KeyExchange == "classical",
		Log:                  m.Log,
	}
	for _, p := range t.Pairs() {
		c.Pairs = append(c.Pairs, certs.Pair{Cert: p.Cert, Key: p.Key})
	}
	if len(t.ACMEDomains) > 0 {
		c.ACME = &issuer.Config{
			Domains:   t.ACMEDomains,
			Dir:       t.ACMEDir,
			Directory: t.ACMEDirectory,
			RootsFile: t.ACMERoots,
			Email:     t.ACMEEmail,
			EABKeyID:  t.ACMEKeyID,
			EABKey:    t.ACMEKey,
			Profile:   t.ACMEProfile,
			Challenge: t.ACMEChallenge,
		}
	}
	return c
}

// keepCertificates takes changed files over, gets and renews certificates by ACME, and
// warns of those that end. It is due once TLS is served, as the authority makes a
// handshake with us before it issues anything. stop returns when nothing of it runs
// any more. A nil store has nothing to keep.
func (m *Main) keepCertificates(ctx context.Context, store *certs.Store) (stop func()) {
	if store == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { store.Run(ctx) })
	if files := store.Files(); len(files) > 0 {
		w := newFileWatch(m.Log, usualPace, files...)
		running.Go(func() { w.run(ctx) })
		running.Go(func() { reloadCertificates(ctx, store, w.changed) })
	}
	return func() {
		cancel()
		running.Wait()
	}
}

func reloadCertificates(ctx context.Context, store *certs.Store, changed <-chan struct{}) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-changed:
			store.Reload(false)
		}
	}
}
