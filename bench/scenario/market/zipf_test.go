package market

import (
	"math"
	"slices"
	"testing"
)

// The k-th channel's share is 1/k of the first one's at a skew of 1.
func TestZipf(t *testing.T) {
	f := func(skew float64, k int, want float64) {
		t.Helper()
		z := newZipf(newRand(1), 100, skew)
		seen := make([]float64, 100)
		for range 400_000 {
			seen[z.draw()]++
		}
		if got := seen[0] / seen[k-1]; math.Abs(got/want-1) > 0.1 {
			t.Errorf("skew %v: the first came %.2f times as often as number %d, want %.2f", skew, got, k, want)
		}
	}
	f(1, 10, 10)
	f(1.05, 10, math.Pow(10, 1.05))
	f(0.01, 100, math.Pow(100, 0.01))
}

func TestZipfIsDetermined(t *testing.T) {
	draw := func(seed uint64) (list []int) {
		z := newZipf(newRand(seed), 1000, 1)
		for range 50 {
			list = append(list, z.draw())
		}
		return list
	}
	if !slices.Equal(draw(3), draw(3)) || slices.Equal(draw(3), draw(4)) {
		t.Error("the seed does not determine the numbers")
	}
}

func TestWatchlists(t *testing.T) {
	w := newWatchlists(newRand(1), 2000, 20, 5)
	audience := make([]int, 20)
	for i, list := range w.lists {
		if len(list) != 5 || len(slices.Compact(slices.Sorted(slices.Values(list)))) != 5 {
			t.Fatalf("connection %d is on %v", i, list)
		}
		for _, c := range list {
			audience[c]++
		}
	}
	if !slices.Equal(audience, w.audience) || slices.Min(audience) < 400 || slices.Max(audience) > 600 {
		t.Errorf("audiences %v, counted %v", w.audience, audience)
	}
}
