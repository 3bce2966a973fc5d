package certs

import (
	"fmt"
	"slices"
	"time"
)

// Reload reads the files again and puts those in force that have changed. What can't
// be used is told once, and leaves what it was to replace in force. forced, by an
// operator's wish, tells of it anew, and tries at once what the ACME authority
// refused before.
func (s *Store) Reload(forced bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	changed := false
	for _, p := range s.pairs {
		if forced {
			p.fault = ""
		}
		fresh, err := s.load(p)
		if err != nil {
			s.complain(p, err)
			continue
		}
		changed = changed || fresh
	}
	if changed {
		s.renewTableLocked()
	}
	if forced && s.issuer != nil {
		s.issuer.Retry()
	}
}

// load reads a pair, and puts it in force if it is another one than before.
func (s *Store) load(p *pair) (fresh bool, err error) {
	read, err := p.read()
	if err != nil {
		return false, err
	}
	if p.cert != nil && read.equal(p.contents) {
		if p.fault != "" {
			s.log.Info("the certificate's files are again as they were", "cert", p.Cert)
		}
		p.fault = ""
		return false, nil
	}
	cert, err := p.parse(read)
	if err != nil {
		return false, err
	}
	reloaded := p.cert != nil
	p.cert, p.contents, p.fault = cert, read, ""
	s.tell(p, reloaded)
	return true, nil
}

// tell is one line for a pair, and one for each thing that is odd about it.
func (s *Store) tell(p *pair, reloaded bool) {
	text := "certificate loaded"
	if reloaded {
		text = "certificate reloaded"
	}
	names := p.cert.Leaf.DNSNames
	if len(names) == 0 {
		names = []string{fmt.Sprint(p.cert.Leaf.IPAddresses[0])}
	}
	s.log.Info(text, "cert", p.Cert, "names", abridge(names), "not_after", p.cert.Leaf.NotAfter)
	for _, remark := range p.remarks(p.cert, time.Now()) {
		s.log.Warn(remark, "cert", p.Cert, "key", p.keyFile(), "not_after", p.cert.Leaf.NotAfter)
	}
}

// maxNames is how many names a line of the log has room for.
const maxNames = 10

func abridge(names []string) []string {
	if n := len(names); n > maxNames {
		return append(slices.Clip(names[:maxNames]), fmt.Sprintf("and %d more", n-maxNames))
	}
	return names
}

func (s *Store) complain(p *pair, err error) {
	if text := err.Error(); text != p.fault {
		p.fault = text
		s.log.Error("a certificate was not reloaded: the one before stays in force", "cert", p.Cert, "error", text, "not_after", p.cert.Leaf.NotAfter)
	}
}

// retryFaults looks again at files that could not be used, as nobody may tell of their
// change: that of a folder's permissions, for example.
func (s *Store) retryFaults() {
	s.mu.Lock()
	faulty := slices.ContainsFunc(s.pairs, func(p *pair) bool { return p.fault != "" })
	s.mu.Unlock()
	if faulty {
		s.Reload(false)
	}
}
