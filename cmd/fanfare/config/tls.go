package config

import (
	"errors"
	"fmt"
)

// IsTLSAlone tells whether nothing is served in the clear: server.port speaks TLS.
func (c *Config) IsTLSAlone() bool {
	return c.TLS.Enabled && c.TLS.Port != 0 && c.TLS.Port == c.Server.Port
}

// Pairs are the files of all certificates, that of tls.cert first.
func (t *TLS) Pairs() []Certificate {
	if t.Cert == "" {
		return t.Certificates
	}
	return append([]Certificate{{Cert: t.Cert, Key: t.Key}}, t.Certificates...)
}

// checkTLS finds keys that don't go together. Whether the files are any good is told
// when they are read.
func (l *Loaded) checkTLS() error {
	t := &l.TLS
	if t.Key != "" && t.Cert == "" {
		return fmt.Errorf("tls.key = %q (%s) is without tls.cert: name its certificate there", t.Key, l.origin("tls.key"))
	}
	if !t.Enabled {
		return l.checkTLSMeant()
	}
	errs := l.checkCertificates()
	if len(t.Pairs()) == 0 && len(t.ACMEDomains) == 0 {
		errs = append(errs, fmt.Errorf("tls.enabled = true (%s), but there is no certificate: name its files in tls.cert and tls.key, "+
			"or host names in tls.acme_domains", l.origin("tls.enabled")))
	}
	if len(t.ACMEDomains) > 0 {
		errs = append(errs, l.checkACME())
	}
	return errors.Join(errs...)
}

// checkCertificates wants each of the tables to name a file.
func (l *Loaded) checkCertificates() (errs []error) {
	for i, c := range l.TLS.Certificates {
		path := fmt.Sprintf("tls.certificates[%d].", i)
		if c.Cert == "" {
			errs = append(errs, fmt.Errorf("%scert is missing (%skey: %s): name the certificate's file", path, path, l.origin(path+"key")))
		}
	}
	return errs
}

// checkTLSMeant refuses certificates that nobody would be served, unless that was said
// in so many words.
func (l *Loaded) checkTLSMeant() error {
	if l.origin("tls.enabled") != originDefault {
		return nil
	}
	key := ""
	switch {
	case l.TLS.Cert != "":
		key = "tls.cert"
	case len(l.TLS.Certificates) > 0:
		key = "tls.certificates[0].cert"
	case len(l.TLS.ACMEDomains) > 0:
		key = "tls.acme_domains"
	default:
		return nil
	}
	return fmt.Errorf("%s (%s) is set, but TLS is not served: set tls.enabled = true, or false to leave it so", key, l.origin(key))
}

func (l *Loaded) checkACME() error {
	var errs []error
	if l.TLS.ACMEDir == "" {
		errs = append(errs, fmt.Errorf("tls.acme_domains (%s) needs a folder that keeps the certificates: set tls.acme_dir, such as /var/lib/fanfare/acme",
			l.origin("tls.acme_domains")))
	}
	if l.TLS.ACMEChallenge == "http-01" && l.IsTLSAlone() {
		errs = append(errs, fmt.Errorf("tls.acme_challenge = \"http-01\" (%s) needs a port without TLS, and server.port = %d (%s) is tls.port: "+
			"give each its own, or take tls-alpn-01", l.origin("tls.acme_challenge"), l.Server.Port, l.origin("server.port")))
	}
	return errors.Join(errs...)
}
