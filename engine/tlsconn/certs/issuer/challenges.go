package issuer

import (
	"context"
	"crypto/tls"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/mholt/acmez/v3"
	"github.com/mholt/acmez/v3/acme"
)

// ALPN is the protocol that an authority's handshake asks for, and nothing else
// (RFC 8737 section 4).
const ALPN = acmez.ACMETLS1Protocol

// HTTPPath begins the paths that an authority fetches (RFC 8555 section 8.3).
const HTTPPath = "/.well-known/acme-challenge/"

// challenges are the answers that an authority may ask for at the moment. They are
// in files as well, as another process that shares the port, or another node that
// shares the name, may be the one that is asked.
type challenges struct {
	folder folder
	names  map[string]bool // that there may be challenges for

	mu     sync.Mutex
	byName map[string]*tls.Certificate // of tls-alpn-01
}

func newChallenges(f folder, names []string) *challenges {
	c := &challenges{folder: f, names: make(map[string]bool), byName: make(map[string]*tls.Certificate)}
	for _, name := range names {
		c.names[name] = true
	}
	return c
}

// token matches what RFC 8555 section 8 allows, and may be the name of a file.
var token = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)

// tlsSolver and httpSolver tell acmez how challenges are met.
type (
	tlsSolver  struct{ *challenges }
	httpSolver struct{ *challenges }
)

func (s tlsSolver) Present(_ context.Context, one acme.Challenge) error {
	name := one.Identifier.Value
	if !s.names[name] {
		return fmt.Errorf("the authority wants a proof for %q, which was not asked for", name)
	}
	cert, err := acmez.TLSALPN01ChallengeCert(one)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.byName[name] = cert
	s.mu.Unlock()
	return s.folder.write([]byte(one.KeyAuthorization), "challenges", "tls-"+name)
}

func (s tlsSolver) CleanUp(_ context.Context, one acme.Challenge) error {
	name := one.Identifier.Value
	if !s.names[name] {
		return nil
	}
	s.mu.Lock()
	delete(s.byName, name)
	s.mu.Unlock()
	return s.folder.remove("challenges", "tls-"+name)
}

func (s httpSolver) Present(_ context.Context, one acme.Challenge) error {
	if !token.MatchString(one.Token) {
		return fmt.Errorf("the authority's token %q is none of RFC 8555", one.Token)
	}
	return s.folder.write([]byte(one.KeyAuthorization), "challenges", "http-"+one.Token)
}

func (s httpSolver) CleanUp(_ context.Context, one acme.Challenge) error {
	if !token.MatchString(one.Token) {
		return nil
	}
	return s.folder.remove("challenges", "http-"+one.Token)
}

// tls is the certificate that answers a handshake for a name.
func (c *challenges) tls(name string) (*tls.Certificate, error) {
	if !c.names[name] {
		return nil, fmt.Errorf("no ACME challenge is expected for %q", name)
	}
	c.mu.Lock()
	cert := c.byName[name]
	c.mu.Unlock()
	if cert != nil {
		return cert, nil
	}
	answer, err := c.folder.read("challenges", "tls-"+name)
	if err != nil || answer == nil {
		return nil, fmt.Errorf("no ACME challenge is under way for %q", name)
	}
	return acmez.TLSALPN01ChallengeCert(acme.Challenge{
		Identifier:       acme.Identifier{Type: "dns", Value: name},
		KeyAuthorization: string(answer),
	})
}

// http is the answer to a request for a path.
func (c *challenges) http(path string) (answer string, ok bool) {
	name, ok := strings.CutPrefix(path, HTTPPath)
	if !ok || !token.MatchString(name) {
		return "", false
	}
	data, err := c.folder.read("challenges", "http-"+name)
	return string(data), err == nil && data != nil
}
