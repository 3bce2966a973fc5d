package engine

import (
	"math"
	"slices"
	"sync/atomic"
)

// histogramSchema is how finely histograms tell durations apart, in the terms of
// Prometheus' native histograms: 2^3 buckets for each power of two, so that a
// bucket is 9 % wide. Bucket i ends at 2^(i/8) seconds.
const (
	histogramSchema = 3
	perOctave       = 1 << histogramSchema

	firstBucket = -20 * perOctave // ends at 0.95 us and holds all that is shorter
	lastBucket  = 9 * perOctave   // ends at 512 s and holds all that is longer
	buckets     = lastBucket - firstBucket + 1
)

// bucketEnds are the longest durations of the buckets, in nanoseconds.
var bucketEnds = func() (ends [buckets]int64) {
	for i := range ends {
		ends[i] = int64(1e9 * math.Exp2(float64(firstBucket+i)/perOctave))
	}
	return ends
}()

// histogram counts durations. One goroutine adds, any may read.
type histogram struct {
	counts [buckets]atomic.Uint64
	sum    atomic.Uint64 // bits of a float64, seconds
}

// observe counts n durations of d nanoseconds. It costs some 20 ns.
func (h *histogram) observe(d int64, n uint64) {
	i, _ := slices.BinarySearch(bucketEnds[:], d)
	c := &h.counts[min(i, buckets-1)]
	c.Store(c.Load() + n)
	sum := math.Float64frombits(h.sum.Load())
	h.sum.Store(math.Float64bits(sum + float64(n)*float64(d)/1e9))
}

// Histogram tells how many durations of which length there were, in buckets as
// Prometheus' native histograms have them.
type Histogram struct {
	counts [buckets]uint64
	sum    float64
}

func (h *Histogram) add(from *histogram) {
	for i := range from.counts {
		h.counts[i] += from.counts[i].Load()
	}
	h.sum += math.Float64frombits(from.sum.Load())
}

// Sum is the durations' sum, in seconds.
func (h *Histogram) Sum() float64 { return h.sum }

// Count is how many durations there were.
func (h *Histogram) Count() (n uint64) {
	for _, c := range h.counts {
		n += c
	}
	return n
}

// Schema is that of the buckets: bucket i ends at 2^(i/2^schema) seconds.
func (*Histogram) Schema() int32 { return histogramSchema }

// Buckets are the counts of the buckets that are not empty, by number.
func (h *Histogram) Buckets() map[int]int64 {
	m := make(map[int]int64)
	for i, c := range h.counts {
		if c > 0 {
			m[firstBucket+i] = int64(c)
		}
	}
	return m
}

// Octaves are the counts of all durations up to 2^from, 2^(from+1), ..., 2^to
// seconds, from -20 to 9, by seconds.
func (h *Histogram) Octaves(from, to int) map[float64]uint64 {
	m := make(map[float64]uint64, to-from+1)
	n, next := uint64(0), 0
	for e := from; e <= to; e++ {
		for end := e*perOctave - firstBucket; next <= end; next++ {
			n += h.counts[next]
		}
		m[math.Exp2(float64(e))] = n
	}
	return m
}
