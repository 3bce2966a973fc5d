package certs

import (
	"bytes"
	"crypto/tls"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fanfare/engine/tlsconn/certs/certstest"
)

// encryptedPKCS1 and encryptedPKCS8 are how openssl writes keys with a passphrase.
// What is encrypted does not matter: it isn't looked at.
const (
	encryptedPKCS1 = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,AD\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"
	encryptedPKCS8 = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"
)

// Files that can't be served are refused with a sentence that names them and says what
// would be right.
func TestPairsThatAreRefused(t *testing.T) {
	a := certstest.NewAuthority(t)
	one, other := a.For(t, "example.com"), a.For(t, "example.com")
	chain, key := certstest.ChainPEM(one), certstest.KeyPEM(t, one)
	swapped := *one
	swapped.Certificate = [][]byte{one.Certificate[1], one.Certificate[0]}
	nameless := a.Issue(t, certstest.Order{})
	f := func(cert, key []byte, want string) {
		t.Helper()
		t.Chdir(t.TempDir())
		for name, data := range map[string][]byte{"x.crt": cert, "x.key": key} {
			if data != nil {
				certstest.WriteFile(t, name, data)
			}
		}
		log, _ := newLog()
		_, err := Open(Config{Pairs: []Pair{{Cert: "x.crt", Key: "x.key"}}, Log: log})
		if err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	f(nil, key, "cannot read the certificate: open x.crt: no such file or directory")
	f(chain, nil, "cannot read the key: open x.key: no such file or directory")
	f([]byte{}, key, "x.crt has no certificate: want PEM, with lines -----BEGIN CERTIFICATE-----")
	f(chain[:len(chain)/8], key, "x.crt has no certificate: want PEM, with lines -----BEGIN CERTIFICATE-----")
	f(key, key, "x.crt has no certificate: want PEM, with lines -----BEGIN CERTIFICATE-----")
	f([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), key, "x.crt: certificate number 1 cannot be read: x509: malformed certificate")
	f(bytes.Repeat([]byte("x"), maxFile+1), key, "cannot read the certificate: x.crt is larger than 1048576 bytes: it is no certificate or key")
	f(chain, []byte{}, "x.key has no private key: want PEM, with a line -----BEGIN PRIVATE KEY-----")
	f(chain, chain, "x.key has no private key: want PEM, with a line -----BEGIN PRIVATE KEY-----")
	for _, encrypted := range []string{encryptedPKCS1, encryptedPKCS8} {
		f(chain, []byte(encrypted), "x.key: the key is encrypted, and nobody is there to type a passphrase when the server starts: "+
			"decrypt it with `openssl pkey -in x.key -out NEW` and let only the server's user read NEW (chmod 600)")
	}
	f(chain, certstest.KeyPEM(t, other), "x.key is not the key of the certificate in x.crt: give the two that were made together")
	f(certstest.ChainPEM(&swapped), key, "x.crt: the chain is out of order: the key is that of certificate number 2, which has to be the first, followed by the one that issued it")
	f(certstest.ChainPEM(nameless), certstest.KeyPEM(t, nameless), "x.crt: the certificate is for no name: "+
		"clients look at subjectAltName alone, not at the subject (CN=leaf of a test); have it issued with the host names there")
}

// One error has a line for each pair that is wrong.
func TestAllPairsAreToldOf(t *testing.T) {
	log, _ := newLog()
	_, err := Open(Config{Pairs: []Pair{{Cert: "/none/a"}, {Cert: "/none/b"}}, Log: log})
	if err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("got %v, want two lines", err)
	}
	if _, err := Open(Config{Log: log}); err == nil {
		t.Error("a Store of nothing was opened")
	}
}

// What is odd is served, and told.
func TestPairsThatAreRemarkedOn(t *testing.T) {
	a, now := certstest.NewAuthority(t), time.Now()
	stranger := certstest.NewAuthority(t)
	fine := a.For(t, "example.com")
	broken := *fine
	broken.Certificate = [][]byte{fine.Certificate[0], stranger.For(t, "example.org").Certificate[0], a.Root.Raw}
	lonely := *a.Issue(t, certstest.Order{Names: []string{"example.com"}, Issuers: []string{"http://ca.example.com/issuer.crt"}})
	lonely.Certificate = lonely.Certificate[:1]
	private := *fine
	private.Certificate = fine.Certificate[:1]
	f := func(cert *tls.Certificate, mode os.FileMode, want string) {
		t.Helper()
		folder := t.TempDir()
		certFile, keyFile := certstest.Write(t, folder, "x", cert)
		if err := os.Chmod(keyFile, mode); err != nil {
			t.Fatal(err)
		}
		log, lines := newLog()
		if _, err := Open(Config{Pairs: []Pair{{certFile, keyFile}}, Log: log}); err != nil {
			t.Fatal(err)
		}
		n := 0
		if want != "" {
			n = 1
		}
		if lines.count("level=WARN") != n || lines.count(want) == 0 {
			t.Errorf("want %q, got:\n%s", want, lines)
		}
	}
	f(fine, 0o600, "")
	f(fine, 0o640, "")
	f(fine, 0o644, "everybody on this machine can read the key")
	f(a.Issue(t, certstest.Order{Names: []string{"example.com"}, NotBefore: now.AddDate(-1, 0, 0)}), 0o600, "has expired")
	f(a.Issue(t, certstest.Order{Names: []string{"example.com"}, NotBefore: now.AddDate(1, 0, 0)}), 0o600, "not valid yet")
	f(&lonely, 0o600, "give the full chain")
	f(&private, 0o600, "")
	f(&broken, 0o600, "certificate number 1 is not by the one after it")
}

// Keys may be in the certificate's file, and in any of the forms that openssl writes.
func TestOneFileForBoth(t *testing.T) {
	a := certstest.NewAuthority(t)
	cert := a.For(t, "example.com")
	file := filepath.Join(t.TempDir(), "both.pem")
	certstest.WriteFile(t, file, append(certstest.KeyPEM(t, cert), certstest.ChainPEM(cert)...))
	log, _ := newLog()
	s, err := Open(Config{Pairs: []Pair{{Cert: file}}, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	if got := served(t, s, &tls.Config{ServerName: "example.com"}); got != "ECDSA example.com" {
		t.Errorf("served %s", got)
	}
	if got := s.Files(); len(got) != 1 {
		t.Errorf("files %v, want the one", got)
	}
}

// Whatever a file has, parsing it ends in a certificate that can be served or in an
// error that names the file.
func FuzzPair(f *testing.F) {
	a := certstest.NewAuthority(f)
	cert := a.For(f, "example.com")
	f.Add(certstest.ChainPEM(cert), certstest.KeyPEM(f, cert))
	f.Add(certstest.ChainPEM(cert), []byte(encryptedPKCS1))
	f.Add([]byte(encryptedPKCS8), []byte{})
	f.Fuzz(func(t *testing.T, cert, key []byte) {
		p := Pair{Cert: "x.crt", Key: "x.key"}
		got, err := p.parse(contents{cert, key})
		if err != nil {
			if !strings.Contains(err.Error(), "x.crt") && !strings.Contains(err.Error(), "x.key") {
				t.Errorf("%v names no file", err)
			}
			return
		}
		p.remarks(got, time.Now())
		if newTable(time.Now(), []*tls.Certificate{got}).first == nil {
			t.Error("a certificate is in no table")
		}
		firstName(got)
	})
}
