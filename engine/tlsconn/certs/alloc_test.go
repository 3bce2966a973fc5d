package certs

import (
	"crypto/tls"
	"fmt"
	"testing"

	"fanfare/engine/tlsconn/certs/certstest"
)

// storeOf has so many names in certificates of their own, all with one key: it is the
// look-up that matters. The last name has another certificate, with an RSA key.
func storeOf(t testing.TB, names int) (*Store, string) {
	t.Helper()
	a, key := certstest.NewAuthority(t), certstest.ECDSA(t)
	s := &Store{}
	var certs []*tls.Certificate
	var last string
	for n := range names {
		last = fmt.Sprintf("customer-%d.example.com", n)
		certs = append(certs, a.Issue(t, certstest.Order{Names: []string{last}, Key: key}))
	}
	certs = append(certs, a.Issue(t, certstest.Order{Names: []string{last}, Key: certstest.RSA(t)}))
	s.table.Store(newTable(certs[0].Leaf.NotBefore, certs))
	return s, last
}

// helloFor is a ClientHello as crypto/tls hands it over.
func helloFor(t testing.TB, name string) *tls.ClientHelloInfo {
	t.Helper()
	var hello *tls.ClientHelloInfo
	a := certstest.NewAuthority(t)
	server := &tls.Config{GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
		hello = h
		return a.For(t, "x"), nil
	}}
	if _, _, err := dial(t, server, &tls.Config{ServerName: name, InsecureSkipVerify: true}); err != nil {
		t.Fatal(err)
	}
	return hello
}

func TestAllocOfChoice(t *testing.T) {
	s, last := storeOf(t, 100)
	f := func(name string, most float64) {
		t.Helper()
		hello := helloFor(t, name)
		got := testing.AllocsPerRun(1000, func() {
			if _, err := s.getCertificate(hello); err != nil {
				t.Fatal(err)
			}
		})
		if got > most {
			t.Errorf("%q: %v allocations, want %v", name, got, most)
		}
	}
	f("customer-0.example.com", 0)
	f(last, 0)
	f("unknown.example.net", 0)
	f("192.0.2.1", 0)
}

func BenchmarkGetCertificate(b *testing.B) {
	for _, names := range []int{1, 1000} {
		s, last := storeOf(b, names)
		f := func(kind, name string) {
			hello := helloFor(b, name)
			b.Run(fmt.Sprintf("names=%d/%s", names, kind), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := s.getCertificate(hello); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		f("ECDSA and RSA", last)
		if names > 1 {
			f("one", "customer-0.example.com")
		}
		f("unknown", "unknown.example.net")
	}
}
