package issuer

import (
	"crypto/x509"
	"math/rand/v2"
	"time"
)

// How long an authority's wish for the time of a renewal stands (RFC 9773 section
// 4.3.3 has the bounds), and how long a missing one.
const (
	minWish, maxWish = time.Minute, 24 * time.Hour
	noWish           = 6 * time.Hour
)

// pauses follow failures in a row, the last one all further ones. Let's Encrypt
// takes five failed proofs per name and hour, and these make four in the first two.
var pauses = []time.Duration{
	time.Minute, 5 * time.Minute, 20 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour,
}

// rateLimited is the least pause after an authority has said that it was too much.
const rateLimited = time.Hour

// pauseAfter is how long to wait after so many failures in a row. Up to a fifth comes
// on top by chance, so that many nodes don't ask together.
func pauseAfter(failures int) time.Duration {
	pause := pauses[min(failures, len(pauses))-1]
	return pause + rand.N(pause/5)
}

// pick is a moment of the window, by chance, as RFC 9773 section 4.2 wants it.
func (w window) pick() time.Time {
	if span := w.end.Sub(w.start); span > 0 {
		return w.start.Add(rand.N(span))
	}
	return w.start
}

// ownWindow is when to renew a certificate that its authority says nothing about:
// when a third of its life is left, and a little after.
func ownWindow(leaf *x509.Certificate) window {
	life := leaf.NotAfter.Sub(leaf.NotBefore)
	start := leaf.NotAfter.Add(-life / 3)
	return window{start, start.Add(min(life/30, time.Hour))}
}

// between keeps the moment of a renewal within reason. Before the end there has to
// be time for several attempts. And what was got just now stays for an hour, or half
// of a short life: an authority which wants all renewed at once may have it so, but
// not again and again.
func between(at time.Time, leaf *x509.Certificate, got time.Time) time.Time {
	life := leaf.NotAfter.Sub(leaf.NotBefore)
	first, last := got.Add(max(time.Second, min(time.Hour, life/2))), leaf.NotAfter.Add(-life/6)
	if at.After(last) {
		at = last
	}
	if at.Before(first) {
		at = first
	}
	return at
}
