// Package authority issues the certificates of a soak's server, which are replaced
// while it serves, and speaks TLS to it with Go's own client. Clients trust the
// authority, so that a new certificate is nothing to them but another serial
// number. Its methods may be called by any goroutine.
package authority

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"strconv"
	"sync"
	"time"
)

// Authority is one, with the one certificate that it has issued last.
type Authority struct {
	// File has the certificate and its key in PEM, as the server reads them.
	File string

	root  *x509.Certificate
	key   *ecdsa.PrivateKey
	trust *x509.CertPool

	mu     sync.Mutex // guards all below
	serial int64      // of the latest certificate
	seen   int64      // the latest that a newcomer was shown
}

// validity is longer than any soak.
const validity = 30 * 24 * time.Hour

// New makes an authority, and its first certificate, for a server on 127.0.0.1.
func New(file string) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "soak"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(validity),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, root, root, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	a := &Authority{File: file, key: key, trust: x509.NewCertPool(), serial: 1}
	if a.root, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	a.trust.AddCert(a.root)
	_, err = a.Issue()
	return a, err
}

// Issue replaces the certificate and its key, as editors do: all at once. It
// returns the new one's serial number, which is higher than those before.
func (a *Authority) Issue() (int64, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return 0, err
	}
	a.mu.Lock()
	a.serial++
	serial := a.serial
	a.mu.Unlock()
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotBefore: a.root.NotBefore, NotAfter: a.root.NotAfter,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, a.root, &key.PublicKey, a.key)
	if err != nil {
		return 0, err
	}
	text, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return 0, err
	}
	var file bytes.Buffer
	_ = pem.Encode(&file, &pem.Block{Type: "CERTIFICATE", Bytes: der}) // into memory
	_ = pem.Encode(&file, &pem.Block{Type: "PRIVATE KEY", Bytes: text})
	if err := os.WriteFile(a.File+".new", file.Bytes(), 0o600); err != nil {
		return 0, err
	}
	return serial, os.Rename(a.File+".new", a.File)
}

// Dial speaks TLS to the server on a port of 127.0.0.1, and verifies its
// certificate.
func (a *Authority) Dial(port int) func(context.Context) (net.Conn, error) {
	d := &tls.Dialer{Config: &tls.Config{RootCAs: a.trust, NextProtos: []string{"http/1.1"}}}
	return func(ctx context.Context) (net.Conn, error) {
		c, err := d.DialContext(ctx, "tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err == nil {
			a.note(c.(*tls.Conn).ConnectionState())
		}
		return c, err
	}
}

func (a *Authority) note(s tls.ConnectionState) {
	serial := s.PeerCertificates[0].SerialNumber.Int64()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen = max(a.seen, serial)
}

// patience bounds AwaitNew.
const patience = 30 * time.Second

// AwaitNew dials until newcomers are shown a certificate, for half a minute at
// most, and returns how long that took.
func (a *Authority) AwaitNew(ctx context.Context, serial int64, dial func(context.Context) (net.Conn, error)) (time.Duration, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("newcomers are not shown certificate %d after %v", serial, patience))
	defer cancel()
	begin := time.Now()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		if c, err := dial(ctx); err == nil {
			_ = c.Close() // it has said enough
		}
		a.mu.Lock()
		seen := a.seen
		a.mu.Unlock()
		if seen >= serial {
			return time.Since(begin), nil
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}
