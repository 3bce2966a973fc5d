package issuer

import (
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"
)

// LetsEncrypt is the directory of the authority that is asked by default.
const LetsEncrypt = "https://acme-v02.api.letsencrypt.org/directory"

// The ways to show that a name is ours.
const (
	TLSALPN01 = "tls-alpn-01"
	HTTP01    = "http-01"
)

// Config is what an Issuer has to know.
type Config struct {
	// Domains are the names to get certificates for, in lower case and, where they
	// are international, in Punycode. Wildcards can't be proven in the ways that
	// there are.
	Domains []string

	// Dir is the folder to keep everything in. It is made if it is not there.
	Dir string

	// Directory is the URL of the authority; empty is LetsEncrypt.
	Directory string

	// RootsFile has PEM certificates that the authority's own server is checked by;
	// empty takes those of the machine.
	RootsFile string

	// Email is told to the authority; empty is none.
	Email string

	// EABKeyID and EABKey bind our account to one that the authority knows already
	// (RFC 8555 section 7.3.4). The key is base64url, as authorities show it.
	EABKeyID, EABKey string

	// Profile is the kind of certificate to ask for, one of those that the authority
	// names in its directory; empty is its default.
	Profile string

	// Challenge is TLSALPN01 or HTTP01; empty is TLSALPN01.
	Challenge string

	// Log is told what was got, what failed, and when the next attempt is.
	Log *slog.Logger

	// Changed is called by Run after a certificate has changed; nil: nobody is told.
	Changed func()
}

// Validate says everything that is wrong, one line each, without asking anybody.
func (c *Config) Validate() error {
	var errs []error
	for _, name := range c.Domains {
		errs = append(errs, ValidateDomain(name))
	}
	if len(c.Domains) == 0 {
		errs = append(errs, errors.New("no domain is named"))
	}
	if c.Dir == "" {
		errs = append(errs, errors.New("no folder is named to keep keys and certificates in"))
	}
	return errors.Join(append(errs, validateDirectory(c.directory()), c.validateEAB(), c.validateChallenge())...)
}

func (c *Config) directory() string {
	if c.Directory == "" {
		return LetsEncrypt
	}
	return c.Directory
}

func (c *Config) challenge() string {
	if c.Challenge == "" {
		return TLSALPN01
	}
	return c.Challenge
}

func (c *Config) validateChallenge() error {
	if kind := c.challenge(); kind != TLSALPN01 && kind != HTTP01 {
		return fmt.Errorf("challenge is %q: want %s or %s", kind, TLSALPN01, HTTP01)
	}
	return nil
}

func (c *Config) validateEAB() error {
	if (c.EABKeyID == "") != (c.EABKey == "") {
		return errors.New("of the external account's key id and key one is missing: the authority shows both together")
	}
	if _, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(c.EABKey, "=")); err != nil {
		return errors.New("the external account's key is no base64url: copy it as the authority shows it")
	}
	return nil
}

func validateDirectory(text string) error {
	if u, err := url.Parse(text); err != nil || u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("directory is %q: want a URL such as %s", text, LetsEncrypt)
	}
	return nil
}

// ValidateDomain tells whether a name is one that can be proven.
func ValidateDomain(name string) error {
	const maxName, maxLabel = 253, 63
	if strings.HasPrefix(name, "*.") {
		return fmt.Errorf("domain %q is a wildcard, which only a change of DNS could prove: name each host, or get that certificate by other means and give its files", name)
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return fmt.Errorf("domain %q is an address: want a host name", name)
	}
	bad := name == "" || len(name) > maxName
	for label := range strings.SplitSeq(name, ".") {
		bad = bad || label == "" || len(label) > maxLabel || label[0] == '-' || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != ""
	}
	if bad {
		return fmt.Errorf("domain %q is no host name: want one such as ws.example.com, in lower case and without port (international ones as xn--...)", name)
	}
	return nil
}

// roots are those of RootsFile; nil stands for the machine's.
func (c *Config) roots() (*x509.CertPool, error) {
	if c.RootsFile == "" {
		return nil, nil //nolint:nilnil // as tls.Config has it
	}
	text, err := os.ReadFile(c.RootsFile)
	if err != nil {
		return nil, fmt.Errorf("cannot read the roots of the ACME authority: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s has no certificate in PEM form, which the ACME authority's own server is to be checked by", c.RootsFile)
	}
	return pool, nil
}

// How long things take.
const (
	orderPatience = 3 * time.Minute  // an order, from its first request to its last
	askPatience   = 30 * time.Second // one request
	lookEvery     = time.Hour        // between two looks at what others have put into the folder
	othersOrder   = 5 * time.Second  // until the next look while another process orders
)
