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

// Debt is how long the bucket takes to be full. now is as for Take.
func (r *Rate) Debt(now time.Duration) time.Duration { return max(time.Duration(r.full.Load())-now, 0) }

// Owe makes the bucket full after debt, at most a second, for what was taken in
// another process. now is as for Take.
func (r *Rate) Owe(now, debt time.Duration) {
	r.full.Store(int64(now + min(max(debt, 0), time.Second)))
}
