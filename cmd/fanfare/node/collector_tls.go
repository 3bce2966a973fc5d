//go:build unix

package node

import (
	"time"

	"fanfare/engine"
	"fanfare/engine/tlsconn/certs"
)

// tlsMetrics are about TLS in process. They are 0 where there is none.
var tlsMetrics = []metric{
	series(counter, "tls_handshakes_total", "TLS handshakes that were completed.", func(s *snapshot) uint64 { return s.engine.Handshakes.Done }),
	series(counter, "tls_handshakes_resumed_total", "Those of them that resumed an earlier session.", func(s *snapshot) uint64 { return s.engine.Handshakes.Resumed }),
	series(gauge, "tls_handshakes_queued", "TLS handshakes that wait for their turn to compute.", func(s *snapshot) int { return s.engine.Handshakes.Queued }),
	series(gauge, "tls_handshakes_away", "TLS handshakes that wait for their peers.", func(s *snapshot) int { return s.engine.Handshakes.Away }),
	labelled(counter, "tls_handshake_failures_total", "TLS handshakes that came to nothing: the peer went away, was too slow (timeout), one of too many (crowded, overload), did not speak TLS, was refused, or rejected us; or there was a bug (panic).", "cause", func(s *snapshot, emit func(float64, ...string)) {
		s.engine.Handshakes.EachFailed(func(f engine.HandshakeFailure, n uint64) { emit(float64(n), f.String()) })
	}),
	perCertificate("not_before_seconds", "When the certificate begins, in seconds since 1970.", func(e *certs.Expiry) time.Time { return e.NotBefore }),
	perCertificate("not_after_seconds", "When the certificate ends, in seconds since 1970.", func(e *certs.Expiry) time.Time { return e.NotAfter }),
}

// perCertificate is a metric with one series for each file of a certificate, or, of
// those that were issued by ACME, for each first name.
func perCertificate(name, help string, read func(e *certs.Expiry) time.Time) metric {
	m := newMetric(gauge, "tls_certificate_"+name, help, "name", "file")
	m.read = func(s *snapshot, emit func(float64, ...string)) {
		seen := map[[2]string]bool{}
		for i := range s.certs {
			e := &s.certs[i]
			if id := [2]string{e.Name, e.File}; !seen[id] {
				seen[id] = true
				emit(float64(read(e).Unix()), e.Name, e.File)
			}
		}
	}
	return m
}
