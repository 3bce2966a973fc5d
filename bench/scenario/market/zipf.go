package market

import (
	"math"
	"math/rand/v2"
	"sort"
)

// zipf draws numbers from 0 up, of which the k-th comes with a share of
// 1/(k+1)^skew. The same seed gives the same numbers. (math/rand's own can't
// do a skew of 1.)
type zipf struct {
	rng   *rand.Rand
	below []float64 // the share of all numbers up to this one
}

func newZipf(rng *rand.Rand, n int, skew float64) *zipf {
	z := &zipf{rng: rng, below: make([]float64, n)}
	sum := 0.0
	for k := range z.below {
		sum += math.Pow(float64(k+1), -skew)
		z.below[k] = sum
	}
	return z
}

func (z *zipf) draw() int {
	x := z.rng.Float64() * z.below[len(z.below)-1]
	return min(sort.SearchFloat64s(z.below, x), len(z.below)-1)
}

// newRand is a source of numbers that a seed determines.
func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }
