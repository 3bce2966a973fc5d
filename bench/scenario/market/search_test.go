//go:build linux

package market

import "testing"

// The search goes up until something fails, then halves what is left.
func TestBracket(t *testing.T) {
	f := func(start, limit float64) {
		t.Helper()
		var b bracket
		rate, steps := start, 0
		for ; rate >= 1 && steps < searchSteps; steps++ {
			rate = b.next(rate, rate <= limit)
		}
		if b.holds > limit || b.fails <= limit || b.fails/b.holds >= searchGap || steps == searchSteps {
			t.Errorf("from %v to %v: %+v in %d steps", start, limit, b, steps)
		}
	}
	f(1000, 3333)
	f(1000, 100)
	f(1000, 1000)
	f(1000, 100_000)
}
