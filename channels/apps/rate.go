package apps

import (
	"sync/atomic"
	"time"
)

// Rate is a token bucket in eight bytes that all goroutines may take from: it
// holds as many tokens as it gains in a second, and the zero value is full. What
// it keeps is when it will be full again, so that time fills it and nobody has
// to. Taking is one compare-and-swap, and it never waits.
type Rate struct {
	full atomic.Int64 // nanoseconds on the callers' clock
}

// Take takes n tokens, all or none, and reports whether they were there.
// perSecond, which must be positive, is how many come back in a second; it may
// change from call to call. More than perSecond are never there at once.
//
// now is a reading of a clock that starts at 0 and doesn't go back, the same
// for all who take from the bucket.
func (r *Rate) Take(now time.Duration, n, perSecond int) bool {
	one := int64(time.Second) / int64(perSecond)
	for {
		before := r.full.Load()
		after := max(before, int64(now)) + int64(n)*one
		if after-int64(now) > one*int64(perSecond) {
			return false
		}
		if r.full.CompareAndSwap(before, after) {
			return true
		}
	}
}
