package issuer

import (
	"testing"

	"github.com/mholt/acmez/v3"
	"github.com/mholt/acmez/v3/acme"
)

// Proofs are answered while they are awaited, by any process that uses the folder, and
// for names of ours alone.
func TestChallenges(t *testing.T) {
	f, dir := newFake(t), newFolder(t)
	asks, _ := f.open(dir, "example.com")
	other, _ := f.open(dir, "example.com")
	one := acme.Challenge{Type: TLSALPN01, Token: "tok_en-1", KeyAuthorization: "tok_en-1.thumb", Identifier: acme.Identifier{Type: "dns", Value: "example.com"}}
	for _, s := range []acmez.Solver{tlsSolver{asks.challenges}, httpSolver{asks.challenges}} {
		if err := s.Present(t.Context(), one); err != nil {
			t.Fatal(err)
		}
	}
	for _, i := range []*Issuer{asks, other} {
		cert, err := i.TLSChallenge("example.com")
		if err != nil || cert.Leaf.VerifyHostname("example.com") != nil {
			t.Errorf("handshake: %v", err)
		}
		if cert, err := i.TLSChallenge("example.org"); err == nil {
			t.Errorf("a name that is not ours is answered: %v", cert.Leaf.DNSNames)
		}
		if got, ok := i.HTTPChallenge("/.well-known/acme-challenge/tok_en-1"); !ok || got != "tok_en-1.thumb" {
			t.Errorf("path: %q, %v", got, ok)
		}
	}
	for _, path := range []string{"", "/", "/.well-known/acme-challenge/", "/.well-known/acme-challenge/other", "/.well-known/acme-challenge/../account.key", "/.well-known/acme-challenge/..%2f", "tok_en-1"} {
		if got, ok := asks.HTTPChallenge(path); ok {
			t.Errorf("%s is answered with %q", path, got)
		}
	}
	if err := (tlsSolver{asks.challenges}).CleanUp(t.Context(), one); err != nil {
		t.Error(err)
	}
	if err := (httpSolver{asks.challenges}).CleanUp(t.Context(), one); err != nil {
		t.Error(err)
	}
	for _, i := range []*Issuer{asks, other} {
		if _, err := i.TLSChallenge("example.com"); err == nil {
			t.Error("a proof is answered that nobody awaits any more")
		}
		if _, ok := i.HTTPChallenge("/.well-known/acme-challenge/tok_en-1"); ok {
			t.Error("a path is answered that nobody fetches any more")
		}
	}
}

// An authority's words are not made names of files as they are.
func TestChallengesOfHostileAuthorities(t *testing.T) {
	i, _ := newFake(t).open(newFolder(t), "example.com")
	for _, token := range []string{"", "../../x", "a/b", "a.b", string(make([]byte, 200))} {
		if err := (httpSolver{i.challenges}).Present(t.Context(), acme.Challenge{Token: token}); err == nil {
			t.Errorf("token %q is taken", token)
		}
	}
	for _, name := range []string{"", "../x", "example.org"} {
		one := acme.Challenge{Identifier: acme.Identifier{Type: "dns", Value: name}}
		if err := (tlsSolver{i.challenges}).Present(t.Context(), one); err == nil {
			t.Errorf("name %q is taken", name)
		}
	}
}
