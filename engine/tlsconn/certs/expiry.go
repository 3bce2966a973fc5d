package certs

import (
	"crypto/tls"
	"strings"
	"time"
)

// Expiry is when a certificate ends.
type Expiry struct {
	Name     string // of a host, the first that the certificate has
	File     string // empty: it is from the ACME authority
	NotAfter time.Time

	NotBefore time.Time // when it began
}

// Expiries are the ends of all certificates that there are, those of files first.
func (s *Store) Expiries() []Expiry {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Expiry
	for n, cert := range s.certsLocked() {
		e := Expiry{Name: firstName(cert), NotAfter: cert.Leaf.NotAfter, NotBefore: cert.Leaf.NotBefore}
		if n < len(s.pairs) {
			e.File = s.pairs[n].Cert
		}
		list = append(list, e)
	}
	return list
}

func firstName(cert *tls.Certificate) string {
	if names := cert.Leaf.DNSNames; len(names) > 0 {
		return strings.ToLower(names[0])
	}
	return cert.Leaf.IPAddresses[0].String()
}

const day = 24 * time.Hour

// distances from its end at which a certificate is warned of.
var distances = []time.Duration{14 * day, 7 * day, day, 0}

// warnOfEnds tells of certificates that end soon, once at each distance. What lasts
// less than three times a distance is always that near, and hence not told of.
func (s *Store) warnOfEnds(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	told := make(map[*tls.Certificate]time.Duration)
	for n, cert := range s.certsLocked() {
		before, warned := s.told[cert]
		at, due := distanceOf(cert, now)
		if warned && (!due || before <= at) {
			told[cert] = before
			continue
		}
		if !due {
			continue
		}
		told[cert] = at
		file := ""
		if n < len(s.pairs) {
			file = s.pairs[n].Cert
		}
		s.warnOfEnd(cert, file, now)
	}
	s.told = told
}

// distanceOf is the least of the distances that a certificate is within.
func distanceOf(cert *tls.Certificate, now time.Time) (at time.Duration, due bool) {
	left, life := cert.Leaf.NotAfter.Sub(now), cert.Leaf.NotAfter.Sub(cert.Leaf.NotBefore)
	for _, d := range distances {
		if left <= d && d <= life/3 {
			at, due = d, true
		}
	}
	return at, due
}

// warnOfEnd tells of one, and whose it is to renew it.
func (s *Store) warnOfEnd(cert *tls.Certificate, file string, now time.Time) {
	args := []any{"name", firstName(cert), "not_after", cert.Leaf.NotAfter}
	advice := ": ACME has failed to renew it, as lines before say"
	if file != "" {
		args, advice = append(args, "cert", file), ": renew its files"
	}
	if left := cert.Leaf.NotAfter.Sub(now); left > 0 {
		s.log.Warn("a certificate ends soon"+advice, append(args, "days_left", int(left/day))...)
		return
	}
	s.log.Error("a certificate has expired, and clients refuse it"+advice, args...)
}
