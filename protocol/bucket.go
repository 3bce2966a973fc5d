package protocol

import "time"

// Bucket is a token bucket in eight bytes: it holds as many tokens as it gains
// in a second and starts full. What it keeps is when it will be full again.
// The clock may be any that doesn't go back, always the same for one bucket.
type Bucket struct{ full time.Duration }

// Take takes a token, at most perSecond of which come back in a second, and
// reports whether there was one. perSecond must be positive.
func (b *Bucket) Take(now time.Duration, perSecond int) bool {
	one := time.Second / time.Duration(perSecond)
	full := max(b.full, now) + one
	if full-now > one*time.Duration(perSecond) {
		return false
	}
	b.full = full
	return true
}

// Debt is how long the bucket takes to be full.
func (b *Bucket) Debt(now time.Duration) time.Duration { return max(b.full-now, 0) }

// BucketOwing is a bucket that will be full after debt, at most a second.
func BucketOwing(now, debt time.Duration) Bucket {
	return Bucket{full: now + min(max(debt, 0), time.Second)}
}
