package certs

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// Pair names the PEM files of a certificate. Cert has the certificate and after it
// those that lead to its root, which may be left out. Key has the private key; empty
// means that it is in Cert, too. Both may be symbolic links.
type Pair struct{ Cert, Key string }

func (p Pair) keyFile() string {
	if p.Key == "" {
		return p.Cert
	}
	return p.Key
}

// maxFile is more than any chain has.
const maxFile = 1 << 20

// contents are the two files as they were read together.
type contents struct{ cert, key []byte }

func (c contents) equal(other contents) bool {
	return bytes.Equal(c.cert, other.cert) && bytes.Equal(c.key, other.key)
}

func (p Pair) read() (c contents, err error) {
	if c.cert, err = readFile(p.Cert); err != nil {
		return contents{}, fmt.Errorf("cannot read the certificate: %w", err)
	}
	if c.key, err = readFile(p.keyFile()); err != nil {
		return contents{}, fmt.Errorf("cannot read the key: %w", err)
	}
	return c, nil
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if len(data) > maxFile {
		return nil, fmt.Errorf("%s is larger than %d bytes: it is no certificate or key", name, maxFile)
	}
	return data, err
}

// parse makes a certificate that can be served. Its errors name the file and what
// would be right.
func (p Pair) parse(c contents) (*tls.Certificate, error) {
	chain, err := parseChain(p.Cert, c.cert)
	if err != nil {
		return nil, err
	}
	key, err := parseKey(p.keyFile(), c.key)
	if err != nil {
		return nil, err
	}
	if err := p.match(chain, key); err != nil {
		return nil, err
	}
	leaf := chain[0]
	if len(leaf.DNSNames) == 0 && len(leaf.IPAddresses) == 0 {
		return nil, fmt.Errorf("%s: the certificate is for no name: clients look at subjectAltName alone, not at the subject (%s); have it issued with the host names there", p.Cert, leaf.Subject)
	}
	cert := &tls.Certificate{PrivateKey: key, Leaf: leaf}
	for _, one := range chain {
		cert.Certificate = append(cert.Certificate, one.Raw)
	}
	return cert, nil
}

func parseChain(file string, data []byte) ([]*x509.Certificate, error) {
	var chain []*x509.Certificate
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: certificate number %d cannot be read: %w", file, len(chain)+1, err)
		}
		chain = append(chain, cert)
	}
	if len(chain) == 0 {
		return nil, fmt.Errorf("%s has no certificate: want PEM, with lines -----BEGIN CERTIFICATE-----", file)
	}
	return chain, nil
}

func parseKey(file string, data []byte) (crypto.Signer, error) {
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			return nil, fmt.Errorf("%s has no private key: want PEM, with a line -----BEGIN PRIVATE KEY-----", file)
		}
		if block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
			return nil, fmt.Errorf("%s: the key is encrypted, and nobody is there to type a passphrase when the server starts: decrypt it with `openssl pkey -in %s -out NEW` and let only the server's user read NEW (chmod 600)", file, file)
		}
		if block.Type != "PRIVATE KEY" && !strings.HasSuffix(block.Type, " PRIVATE KEY") {
			continue
		}
		key, err := decodeKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: the key cannot be read: %w", file, err)
		}
		return key, nil
	}
}

// decodeKey takes the three forms that there are, whatever the block's type says, as
// crypto/tls does.
func decodeKey(der []byte) (crypto.Signer, error) {
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("a %T signs nothing: want an ECDSA, RSA or Ed25519 key", key)
	}
	return signer, nil
}

// match wants the key to be that of the first certificate.
func (p Pair) match(chain []*x509.Certificate, key crypto.Signer) error {
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok {
		return fmt.Errorf("%s: a key of type %T is not supported: want an ECDSA, RSA or Ed25519 key", p.keyFile(), key)
	}
	for n, cert := range chain {
		switch {
		case !public.Equal(cert.PublicKey):
		case n == 0:
			return nil
		default:
			return fmt.Errorf("%s: the chain is out of order: the key is that of certificate number %d, which has to be the first, followed by the one that issued it", p.Cert, n+1)
		}
	}
	return fmt.Errorf("%s is not the key of the certificate in %s: give the two that were made together", p.keyFile(), p.Cert)
}

// remarks are what is odd about a pair that is served all the same.
func (p Pair) remarks(cert *tls.Certificate, now time.Time) []string {
	var list []string
	leaf := cert.Leaf
	if now.After(leaf.NotAfter) {
		list = append(list, "the certificate has expired: clients will refuse it until it is renewed")
	}
	if now.Before(leaf.NotBefore) {
		list = append(list, "the certificate is not valid yet: clients will refuse it until then, unless this machine's clock is wrong")
	}
	if len(cert.Certificate) == 1 && len(leaf.IssuingCertificateURL) > 0 {
		list = append(list, "the file has the certificate alone, not the one that issued it: browsers look for it elsewhere, but most other clients refuse; give the full chain (certbot: fullchain.pem)")
	}
	if brokenAt := brokenLink(cert); brokenAt > 0 {
		list = append(list, fmt.Sprintf("certificate number %d is not by the one after it: many clients want each to be followed by its issuer", brokenAt))
	}
	info, err := os.Stat(p.keyFile())
	if err == nil && info.Mode().Perm()&0o004 != 0 {
		list = append(list, "everybody on this machine can read the key: chmod 600 (of a Kubernetes secret: defaultMode 0400)")
	}
	return list
}

// brokenLink is the number of the first certificate that is not followed by its
// issuer; 0: there is none.
func brokenLink(cert *tls.Certificate) int {
	issued := cert.Leaf
	for n, der := range cert.Certificate[1:] {
		next, err := x509.ParseCertificate(der)
		if err != nil || !bytes.Equal(issued.RawIssuer, next.RawSubject) {
			return n + 1
		}
		issued = next
	}
	return 0
}
