package certs

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"fanfare/engine/tlsconn/certs/issuer"
)

// ALPNChallenge is the protocol of an ACME authority's handshake (RFC 8737). A
// connection that has negotiated it carries nothing more: it is closed after the
// handshake.
const ALPNChallenge = issuer.ALPN

// Config is what a Store has to know.
type Config struct {
	// Pairs are certificates in files. The first one is also for clients that name
	// no host, or an unknown one.
	Pairs []Pair

	// ACME gets certificates from an authority; nil: there are only those of files.
	// Log and Changed in it are the Store's.
	ACME *issuer.Config

	// MinVersion is tls.VersionTLS12 or tls.VersionTLS13; 0 is the former.
	MinVersion uint16

	// ClassicalKeyExchange leaves X25519MLKEM768 out, which protects against quantum
	// computers to come, and takes 3 KB more for each idle connection.
	ClassicalKeyExchange bool

	// Log is told what is odd about certificates, and when they change.
	Log *slog.Logger
}

// Store has the certificates that are served.
type Store struct {
	// Static after construction.
	log    *slog.Logger
	issuer *issuer.Issuer  // nil: none
	acme   map[string]bool // names that the issuer gets certificates for
	config *tls.Config

	table   atomic.Pointer[table]
	refused refusals

	mu    sync.Mutex
	pairs []*pair
	told  map[*tls.Certificate]time.Duration // the last warning of an end, by its distance
}

// pair is a Pair and what is in force of it.
type pair struct {
	Pair
	contents contents // that were looked at last
	cert     *tls.Certificate
	fault    string // why the files as they are now can't be used; empty: they are in force
}

// Open reads all files. All of them have to be good. It asks no ACME authority.
func Open(c Config) (*Store, error) {
	s := &Store{log: c.Log, acme: make(map[string]bool), told: make(map[*tls.Certificate]time.Duration)}
	if len(c.Pairs) == 0 && c.ACME == nil {
		return nil, errors.New("no certificate: name its files, or domains to get one for by ACME")
	}
	var errs []error
	for _, files := range c.Pairs {
		p := &pair{Pair: files}
		_, err := s.load(p)
		errs = append(errs, err)
		s.pairs = append(s.pairs, p)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if c.ACME != nil {
		if err := s.openIssuer(*c.ACME); err != nil {
			return nil, err
		}
	}
	s.config = newTLSConfig(&c)
	s.config.GetCertificate = s.getCertificate
	s.renewTable()
	return s, nil
}

func (s *Store) openIssuer(c issuer.Config) (err error) {
	c.Log, c.Changed = s.log, s.renewTable
	for _, name := range c.Domains {
		s.acme[name] = true
	}
	s.issuer, err = issuer.New(c)
	return err
}

// TLSConfig is what to make server connections with. It is the same one for the life
// of the Store and nobody's to change: copies of it would not resume one another's
// sessions.
func (s *Store) TLSConfig() *tls.Config { return s.config }

// newTLSConfig takes, of TLS 1.2, only suites with forward secrecy and authenticated
// encryption. Those of TLS 1.3 all have it, and are not ours to choose.
func newTLSConfig(c *Config) *tls.Config {
	config := &tls.Config{
		MinVersion: max(c.MinVersion, tls.VersionTLS12),
		NextProtos: []string{"http/1.1", "http/1.0"}, // some health checks and old tools want the latter
		CipherSuites: []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		},
	}
	if c.ACME != nil {
		config.NextProtos = append(config.NextProtos, ALPNChallenge)
	}
	if c.ClassicalKeyExchange {
		config.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP256}
	}
	return config
}

// getCertificate is tls.Config.GetCertificate.
func (s *Store) getCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if s.issuer != nil && len(hello.SupportedProtos) == 1 && hello.SupportedProtos[0] == ALPNChallenge {
		return s.issuer.TLSChallenge(strings.ToLower(hello.ServerName))
	}
	t := s.table.Load()
	list := t.lookup(hello.ServerName)
	if list == nil && !s.acme[strings.ToLower(hello.ServerName)] {
		list = t.first
	}
	if list == nil {
		return nil, s.refuse(hello.ServerName)
	}
	return choose(hello, list), nil
}

// refuse is for names whose certificate the authority has not issued yet.
func (s *Store) refuse(name string) error {
	if n, due := s.refused.count(time.Now()); due {
		s.log.Warn("handshakes are refused, as there is no certificate yet", "name", name, "refused", n)
	}
	return fmt.Errorf("there is no certificate for %q yet", name)
}

// refusals counts handshakes without a certificate, and says when to tell of them:
// at once, and then once a minute.
type refusals struct {
	n    atomic.Int64
	next atomic.Int64 // in nanoseconds since 1970
}

func (r *refusals) count(now time.Time) (n int64, due bool) {
	n = r.n.Add(1)
	next := r.next.Load()
	if now.UnixNano() < next || !r.next.CompareAndSwap(next, now.Add(time.Minute).UnixNano()) {
		return n, false
	}
	return n, true
}

// ChallengeResponse is the body that answers an ACME authority's plain GET of a path
// that begins with /.well-known/acme-challenge/ (RFC 8555 section 8.3); not ok: 404.
// It may read a file, so it is nothing for an event loop.
func (s *Store) ChallengeResponse(path string) (body string, ok bool) {
	if s.issuer == nil {
		return "", false
	}
	return s.issuer.HTTPChallenge(path)
}

// Files are those to watch for changes.
func (s *Store) Files() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var files []string
	for _, p := range s.pairs {
		files = append(files, p.Cert)
		if p.Key != "" {
			files = append(files, p.Key)
		}
	}
	return files
}

// Run keeps certificates until ctx ends: it gets and renews those of the ACME
// authority, tells in time when one will end, and looks again at files that could
// not be used. It is due once when handshakes are answered, as the authority's proof
// is one.
func (s *Store) Run(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	if s.issuer != nil {
		running.Go(func() { s.issuer.Run(ctx) })
	}
	every := time.NewTicker(time.Minute)
	defer every.Stop()
	for hour := 0; ; hour = (hour + 1) % 60 {
		if hour == 0 {
			s.warnOfEnds(time.Now())
			s.renewTable() // what has expired meanwhile goes behind
		}
		select {
		case <-ctx.Done():
			return
		case <-every.C:
			s.retryFaults()
		}
	}
}

// renewTable puts what there is in force.
func (s *Store) renewTable() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.renewTableLocked()
}

func (s *Store) renewTableLocked() {
	s.table.Store(newTable(time.Now(), s.certsLocked()))
}

// certsLocked are all certificates, those of files first.
func (s *Store) certsLocked() []*tls.Certificate {
	var certs []*tls.Certificate
	for _, p := range s.pairs {
		certs = append(certs, p.cert)
	}
	if s.issuer != nil {
		certs = slices.Concat(certs, s.issuer.Certificates())
	}
	return certs
}
