package client

import (
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"

	"fanfare/cmd/fanfare/config"
)

// FrontURL is where a browser finds a server that listens on port: serverURL, but by
// the name that its certificate is for where it speaks TLS alone.
func FrontURL(c *config.Config, port int) *url.URL {
	u := serverURL(c, port)
	if name := certificateName(&c.TLS); name != "" && c.IsTLSAlone() {
		u.Host = net.JoinHostPort(name, strconv.Itoa(port))
	}
	return u
}

// certificateName is the first name that is no wildcard of the first certificate.
// It is empty where there is none: a file that can't be used is the server's to tell.
func certificateName(t *config.TLS) string {
	pairs := t.Pairs()
	if len(pairs) == 0 {
		return firstHost(t.ACMEDomains)
	}
	text, err := os.ReadFile(pairs[0].Cert)
	if err != nil {
		return ""
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return ""
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return ""
	}
	return firstHost(leaf.DNSNames)
}

func firstHost(names []string) string {
	for _, name := range names {
		if !strings.HasPrefix(name, "*.") {
			return name
		}
	}
	return ""
}
