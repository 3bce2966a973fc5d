package apps

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"
)

func TestRate(t *testing.T) {
	var r Rate
	f := func(now time.Duration, n, perSecond int, want bool) {
		t.Helper()
		if r.Take(now, n, perSecond) != want {
			t.Errorf("%d at %v, %d a second: got %v", n, now, perSecond, !want)
		}
	}
	f(0, 11, 10, false) // more than it ever holds
	f(0, 4, 10, true)   // it starts full
	f(0, 7, 10, false)  // all or none
	f(0, 6, 10, true)
	f(0, 1, 10, false)
	f(99*time.Millisecond, 1, 10, false)
	f(100*time.Millisecond, 1, 10, true) // one comes back each tenth of a second
	f(100*time.Millisecond, 1, 10, false)
	f(350*time.Millisecond, 3, 10, false)
	f(350*time.Millisecond, 2, 10, true)
	f(time.Hour, 10, 10, true) // and never more than fit
	f(time.Hour, 1, 10, false)
	f(time.Hour, 10, 100, false) // a new limit finds what is owed
	f(time.Hour+200*time.Millisecond, 20, 100, true)
	f(2*time.Hour, 1, 1, true)
	f(2*time.Hour, 1, 1, false)
	f(3*time.Hour, 3, 3, true) // three rounded thirds of a second are one
	f(4*time.Hour, maxCount, maxCount, true)
	f(4*time.Hour, 1, maxCount, false)
	if unsafe.Sizeof(r) != 8 {
		t.Errorf("a bucket has %d bytes", unsafe.Sizeof(r))
	}
}

// Whatever is asked for when, no second sees more than two buckets full, and
// who asks for one at a time gets as many as the limit says.
func TestRateHolds(t *testing.T) {
	const perSecond, seconds = 50, 20
	rng := rand.New(rand.NewPCG(1, 2))
	var r Rate
	var taken [seconds]int
	for now := time.Duration(0); now < seconds*time.Second; now += time.Duration(rng.Int64N(int64(10 * time.Millisecond))) {
		if n := 1 + rng.IntN(3); r.Take(now, n, perSecond) {
			taken[now/time.Second] += n
		}
	}
	sum := 0
	for i, n := range taken {
		sum += n
		if n > 2*perSecond {
			t.Errorf("second %d: %d taken", i, n)
		}
	}
	if sum > (seconds+1)*perSecond || sum < (seconds-1)*perSecond {
		t.Errorf("%d taken in %d s", sum, seconds)
	}
}

// However many take at once, exactly as many tokens are given as there are.
func TestRateIsExactUnderContention(t *testing.T) {
	const perSecond, goroutines = 1000, 8
	var r Rate
	var got atomic.Int64
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			n := 1 + g%2
			for range perSecond {
				if r.Take(time.Minute, n, perSecond) {
					got.Add(int64(n))
				}
			}
		})
	}
	wg.Wait()
	if got.Load() != perSecond {
		t.Errorf("%d taken, want %d", got.Load(), perSecond)
	}
}
