package certs

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/tls"
	"slices"
	"strings"
	"time"
)

// table says which certificates there are for a name. It is never changed.
type table struct {
	exact map[string][]*tls.Certificate
	wild  map[string][]*tls.Certificate // by what follows the first label
	first []*tls.Certificate            // for names that are in neither; nil: there is none
}

// newTable makes the table of certificates, of which the first one is for unknown
// names, and others for the same name with it.
func newTable(now time.Time, certs []*tls.Certificate) *table {
	t := &table{exact: make(map[string][]*tls.Certificate), wild: make(map[string][]*tls.Certificate)}
	for _, cert := range certs {
		for _, name := range cert.Leaf.DNSNames {
			name = strings.ToLower(strings.TrimSuffix(name, "."))
			names := t.exact
			if rest, ok := strings.CutPrefix(name, "*."); ok {
				name, names = rest, t.wild
			}
			if !slices.Contains(names[name], cert) {
				names[name] = append(names[name], cert)
			}
		}
	}
	for _, names := range []map[string][]*tls.Certificate{t.exact, t.wild} {
		for _, list := range names {
			sortByWorth(now, list)
		}
	}
	if len(certs) > 0 {
		t.first = t.likeFirst(certs[0])
	}
	return t
}

// likeFirst are the certificates of the name that the first one has first, or that one
// alone, where it is for addresses.
func (t *table) likeFirst(first *tls.Certificate) []*tls.Certificate {
	if len(first.Leaf.DNSNames) == 0 {
		return []*tls.Certificate{first}
	}
	name := strings.ToLower(strings.TrimSuffix(first.Leaf.DNSNames[0], "."))
	if rest, ok := strings.CutPrefix(name, "*."); ok {
		return t.wild[rest]
	}
	return t.exact[name]
}

func sortByWorth(now time.Time, list []*tls.Certificate) {
	slices.SortStableFunc(list, func(a, b *tls.Certificate) int {
		return cmp.Or(
			cmp.Compare(worth(now, b), worth(now, a)),
			b.Leaf.NotAfter.Compare(a.Leaf.NotAfter),
		)
	})
}

// worth puts valid certificates first, then those whose handshakes cost least.
func worth(now time.Time, cert *tls.Certificate) (points int) {
	if !now.Before(cert.Leaf.NotBefore) && !now.After(cert.Leaf.NotAfter) {
		points += 4
	}
	switch cert.Leaf.PublicKey.(type) {
	case *ecdsa.PublicKey:
		points += 2
	case ed25519.PublicKey: // cheaper still, but browsers don't take them
		points++
	}
	return points
}

// lookup gives the certificates for a name; nil: there are none but the first.
func (t *table) lookup(name string) []*tls.Certificate {
	name = strings.ToLower(name) // which copies only what has capitals
	if list := t.exact[name]; list != nil {
		return list
	}
	if _, rest, ok := strings.Cut(name, "."); ok {
		return t.wild[rest]
	}
	return nil
}

// choose gives the first that the client can verify, or the first of all, so that the
// handshake fails with a reason. The name has been looked at already.
func choose(hello *tls.ClientHelloInfo, list []*tls.Certificate) *tls.Certificate {
	if len(list) == 1 || verifies(hello, list[0]) {
		return list[0]
	}
	nameless := *hello
	nameless.ServerName = ""
	for _, cert := range list {
		if nameless.SupportsCertificate(cert) == nil {
			return cert
		}
	}
	return list[0]
}

// verifies tells of most clients at once, and without a copy of their hello, that they
// take an ECDSA certificate: in TLS 1.3 it depends on the signature scheme alone. Not
// to know it of a client is no mistake.
func verifies(hello *tls.ClientHelloInfo, cert *tls.Certificate) bool {
	key, ok := cert.Leaf.PublicKey.(*ecdsa.PublicKey)
	return ok && key.Curve == elliptic.P256() &&
		slices.Contains(hello.SupportedVersions, tls.VersionTLS13) &&
		slices.Contains(hello.SignatureSchemes, tls.ECDSAWithP256AndSHA256)
}
