package engine

import (
	"math"
	"testing"
	"time"
	"unsafe"

	"pgregory.net/rapid"
)

// A duration is in the bucket whose ends it lies between.
func TestHistogramBuckets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.Int64Range(0, int64(20*time.Minute)).Draw(t, "nanoseconds")
		n := rapid.Uint64Range(1, 1e6).Draw(t, "times")
		var in histogram
		in.observe(d, n)
		var h Histogram
		h.add(&in)
		list := h.Buckets()
		if len(list) != 1 || h.Count() != n {
			t.Fatalf("%v, %d in all", list, h.Count())
		}
		for i, count := range list {
			s := float64(d) / 1e9
			above := i == firstBucket || s > math.Exp2(float64(i-1)/perOctave)-1e-9
			below := i == lastBucket || s <= math.Exp2(float64(i)/perOctave)
			if !above || !below || count != int64(n) {
				t.Fatalf("%v is in bucket %d, %d times", time.Duration(d), i, count)
			}
		}
	})
}

func TestHistogramOctaves(t *testing.T) {
	var in histogram
	for _, d := range []time.Duration{time.Nanosecond, 125 * time.Millisecond, 126 * time.Millisecond, time.Second, time.Hour} {
		in.observe(int64(d), 1)
	}
	var h Histogram
	h.add(&in)
	for end, want := range map[float64]uint64{0.0625: 1, 0.125: 2, 0.25: 3, 0.5: 3, 1: 4, 2: 4} {
		if got := h.Octaves(-4, 1)[end]; got != want {
			t.Errorf("%d up to %v s, want %d", got, end, want)
		}
	}
	if s := h.Sum(); math.Abs(s-3601.251) > 1e-6 {
		t.Errorf("sum %v", s)
	}
}

// What a loop counts, everybody sees.
func TestAllCountersArePublished(t *testing.T) {
	var c counters
	list := c.all()
	if want := int(unsafe.Sizeof(c) / 8); len(list) != want {
		t.Fatalf("%d counters are listed, and there are %d", len(list), want)
	}
	for i, n := range list {
		*n = uint64(i + 1)
	}
	p := newPublished(&c)
	for i, n := range c.all() {
		if *n != uint64(i+1) {
			t.Fatalf("counter %d is listed twice", i)
		}
		p.numbers[i].Store(*n)
	}
	if p.read() != c {
		t.Error("they are read in another order")
	}
}

// BenchmarkObserve is what timing a batch of up to 64 sends costs beside reading
// the clock.
func BenchmarkObserve(b *testing.B) {
	var h histogram
	d := int64(0)
	for b.Loop() {
		h.observe(d, 64)
		d = (d + 12_345) % 10_000_000
	}
}
