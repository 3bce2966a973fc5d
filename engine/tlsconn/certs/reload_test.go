package certs

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanfare/engine/tlsconn/certs/certstest"
)

// leafOf is the certificate that a client without a name would be served.
func leafOf(s *Store) *tls.Certificate { return s.table.Load().first[0] }

// What can't be used changes nothing, and is told once, until it can be.
func TestReloadOfBadFiles(t *testing.T) {
	a := certstest.NewAuthority(t)
	s, lines := open(t, Config{}, a.For(t, "example.com"))
	before, next := leafOf(s), a.For(t, "example.com")
	certFile, keyFile := s.Files()[0], s.Files()[1]
	f := func(file string, data []byte, why string) {
		t.Helper()
		said := lines.count("was not reloaded")
		certstest.WriteFile(t, file, data)
		for range 3 {
			s.Reload(false)
		}
		if leafOf(s) != before {
			t.Errorf("%s: another certificate is in force", why)
		}
		if n := lines.count("was not reloaded") - said; n != 1 || lines.count("was not reloaded", why) == 0 {
			t.Errorf("%s: told %d times, want once:\n%s", why, n, lines)
		}
	}
	chain := certstest.ChainPEM(next)
	f(certFile, chain[:len(chain)/4], "has no certificate")
	f(certFile, chain, "is not the key of the certificate")
	said := lines.count("was not reloaded")
	s.Reload(true)
	if n := lines.count("was not reloaded") - said; n != 1 {
		t.Errorf("SIGHUP told %d times what is wrong, want once", n)
	}
	if err := os.Remove(certFile); err != nil {
		t.Fatal(err)
	}
	s.Reload(false)
	if leafOf(s) != before || lines.count("was not reloaded", "no such file") != 1 {
		t.Errorf("a file that is gone:\n%s", lines)
	}
	certstest.WriteFile(t, certFile, chain)
	certstest.WriteFile(t, keyFile, certstest.KeyPEM(t, next))
	s.Reload(false)
	if !leafOf(s).Leaf.Equal(next.Leaf) || lines.count("certificate reloaded") != 1 {
		t.Errorf("good files are not in force:\n%s", lines)
	}
	s.Reload(false)
	if lines.count("certificate reloaded") != 1 {
		t.Errorf("files that are as they were are reloaded:\n%s", lines)
	}
}

// One bad pair does not keep others from being reloaded.
func TestReloadOfOneAmongOthers(t *testing.T) {
	a := certstest.NewAuthority(t)
	s, _ := open(t, Config{}, a.For(t, "example.com"), a.For(t, "example.org"))
	next := a.For(t, "example.org")
	certstest.WriteFile(t, s.Files()[0], nil)
	certstest.Write(t, filepath.Dir(s.Files()[0]), "b", next)
	s.Reload(false)
	if got := s.table.Load().lookup("example.org")[0]; !got.Leaf.Equal(next.Leaf) {
		t.Error("the good pair was not reloaded")
	}
	if got := served(t, s, &tls.Config{ServerName: "example.com"}); got != "ECDSA example.com" {
		t.Errorf("of the bad pair %s is served", got)
	}
}

// Nobody tells when permissions are mended: Run looks again by itself.
func TestRunTriesBadFilesAgain(t *testing.T) {
	a := certstest.NewAuthority(t)
	s, lines := open(t, Config{}, a.For(t, "example.com"))
	next := a.For(t, "example.com")
	hidden := s.Files()[1] + ".hidden"
	if err := os.Rename(s.Files()[1], hidden); err != nil {
		t.Fatal(err)
	}
	certstest.WriteFile(t, s.Files()[0], certstest.ChainPEM(next))
	certstest.WriteFile(t, hidden, certstest.KeyPEM(t, next))
	s.Reload(false)
	synctest.Test(t, func(t *testing.T) {
		go s.Run(t.Context())
		time.Sleep(30 * time.Second) //nolint:forbidigo // the bubble's clock
		if err := os.Rename(hidden, s.Files()[1]); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute) //nolint:forbidigo // the bubble's clock
		synctest.Wait()
		if lines.count("certificate reloaded") != 1 {
			t.Errorf("the pair is not in force:\n%s", lines)
		}
	})
}

// A certificate that nobody renews is told of at 14, 7 and 1 days before its end, and
// at its end, once each; one that is renewed is not.
func TestWarningsOfEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := certstest.NewAuthority(t)
		start := time.Now()
		s, lines := open(t, Config{},
			a.Issue(t, certstest.Order{Names: []string{"old.example.com"}, NotBefore: start, NotAfter: start.Add(90*day + time.Minute)}),
			a.Issue(t, certstest.Order{Names: []string{"brief.example.com"}, NotBefore: start, NotAfter: start.Add(6*day + time.Minute)}),
			a.Issue(t, certstest.Order{Names: []string{"new.example.com"}, NotBefore: start, NotAfter: start.AddDate(1, 0, 0)}),
		)
		go s.Run(t.Context())
		var got []int
		until := func(days int) {
			time.Sleep(time.Until(start.Add(time.Duration(days)*day + 2*time.Hour))) //nolint:forbidigo // the bubble's clock
			synctest.Wait()
			got = append(got, lines.count("a certificate ends soon", "old.example.com"))
		}
		for _, days := range []int{75, 76, 82, 83, 88, 89, 90, 91} {
			until(days)
		}
		if diff := cmp.Diff([]int{0, 1, 1, 2, 2, 3, 3, 3}, got); diff != "" {
			t.Errorf("warnings by day (-want +got):\n%s\n%s", diff, lines)
		}
		if n := lines.count("a certificate has expired", "old.example.com"); n != 1 {
			t.Errorf("the end is told %d times, want once", n)
		}
		if n := lines.count("ends soon", "brief.example.com"); n != 1 {
			t.Errorf("of a life of six days %d warnings, want that of the last day alone", n)
		}
		if n := lines.count("new.example.com") - lines.count("loaded", "new.example.com"); n != 0 {
			t.Errorf("%d lines about a certificate that lasts:\n%s", n, lines)
		}
		want := []Expiry{
			{"old.example.com", s.pairs[0].Cert, s.pairs[0].cert.Leaf.NotAfter, s.pairs[0].cert.Leaf.NotBefore},
			{"brief.example.com", s.pairs[1].Cert, s.pairs[1].cert.Leaf.NotAfter, s.pairs[1].cert.Leaf.NotBefore},
			{"new.example.com", s.pairs[2].Cert, s.pairs[2].cert.Leaf.NotAfter, s.pairs[2].cert.Leaf.NotBefore},
		}
		if diff := cmp.Diff(want, s.Expiries()); diff != "" {
			t.Errorf("expiries (-want +got):\n%s", diff)
		}
	})
}
