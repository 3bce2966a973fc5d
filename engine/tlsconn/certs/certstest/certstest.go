// Package certstest makes certificates for tests, by an authority of their own that
// nobody else trusts. What fails ends the test, so all of it is for the test's
// goroutine.
package certstest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority issues certificates.
type Authority struct {
	Roots *x509.CertPool // that clients of its certificates need
	Root  *x509.Certificate

	key crypto.Signer
}

// NewAuthority makes one.
func NewAuthority(t testing.TB) *Authority {
	t.Helper()
	key := ECDSA(t)
	template := &x509.Certificate{
		SerialNumber:          serial(t),
		Subject:               pkix.Name{CommonName: "root of a test"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().AddDate(10, 0, 0),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	root := sign(t, template, template, key.Public(), key)
	roots := x509.NewCertPool()
	roots.AddCert(root)
	return &Authority{Roots: roots, Root: root, key: key}
}

// Order is what a certificate is to be like. What is zero has a default.
type Order struct {
	Names     []string
	Key       crypto.Signer // a new one of ECDSA P-256
	NotBefore time.Time     // an hour ago
	NotAfter  time.Time     // 90 days after NotBefore
	Issuers   []string      // URLs where the issuer's certificate can be fetched; none
}

// Issue makes a certificate.
func (a *Authority) Issue(t testing.TB, o Order) *tls.Certificate {
	t.Helper()
	if o.Key == nil {
		o.Key = ECDSA(t)
	}
	if o.NotBefore.IsZero() {
		o.NotBefore = time.Now().Add(-time.Hour)
	}
	if o.NotAfter.IsZero() {
		o.NotAfter = o.NotBefore.AddDate(0, 0, 90)
	}
	leaf := sign(t, &x509.Certificate{
		SerialNumber: serial(t),
		Subject:      pkix.Name{CommonName: "leaf of a test"},
		DNSNames:     o.Names,
		NotBefore:    o.NotBefore,
		NotAfter:     o.NotAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},

		IssuingCertificateURL: o.Issuers,
	}, a.Root, o.Key.Public(), a.key)
	return &tls.Certificate{Certificate: [][]byte{leaf.Raw, a.Root.Raw}, PrivateKey: o.Key, Leaf: leaf}
}

// For is Issue of a certificate for names, with all defaults.
func (a *Authority) For(t testing.TB, names ...string) *tls.Certificate {
	t.Helper()
	return a.Issue(t, Order{Names: names})
}

func sign(t testing.TB, template, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func serial(t testing.TB) *big.Int {
	t.Helper()
	n, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// ECDSA makes a key of P-256.
func ECDSA(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// RSA makes a key of 2,048 bits, which takes a good part of a second.
func RSA(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// ChainPEM is the chain as a file has it.
func ChainPEM(cert *tls.Certificate) []byte {
	var b bytes.Buffer
	for _, der := range cert.Certificate {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	return b.Bytes()
}

// KeyPEM is the key as a file has it.
func KeyPEM(t testing.TB, cert *tls.Certificate) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// Write writes both files into a folder, as NAME.crt and NAME.key.
func Write(t testing.TB, folder, name string, cert *tls.Certificate) (certFile, keyFile string) {
	t.Helper()
	certFile, keyFile = filepath.Join(folder, name+".crt"), filepath.Join(folder, name+".key")
	WriteFile(t, certFile, ChainPEM(cert))
	WriteFile(t, keyFile, KeyPEM(t, cert))
	return certFile, keyFile
}

// WriteFile writes a file that nobody else may read.
func WriteFile(t testing.TB, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
