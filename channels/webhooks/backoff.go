package webhooks

import (
	"math/rand/v2"
	"time"
)

// The delays between attempts double from the first to the longest, each up to
// a quarter shorter or longer. A quarter keeps them growing (1.5 is more than
// 1.25) and is enough that endpoints which went down together are not all tried
// at once.
const (
	firstDelay   = time.Second
	longestDelay = 30 * time.Second
	jitter       = 0.25
)

// backoff returns how long to wait after that many failures in a row, from 1.
// A library for these lines would be longer to read about than they are.
func backoff(failures int) time.Duration {
	d := longestDelay
	if n := failures - 1; n < 5 { // 1 s << 5 is beyond the longest
		d = firstDelay << max(n, 0)
	}
	return time.Duration(float64(d) * (1 - jitter + 2*jitter*rand.Float64()))
}
