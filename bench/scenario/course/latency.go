package course

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Latencies are kept from a microsecond to ten minutes, to three digits.
const (
	leastLatency = time.Microsecond
	mostLatency  = 10 * time.Minute
)

// NewHistogram is one without any latency.
func NewHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(int64(leastLatency), int64(mostLatency), 3)
}

// Record notes a latency, at least a nanosecond and at most mostLatency.
func Record(h *hdrhistogram.Histogram, latency time.Duration) {
	// It fails only for what the histogram does not cover.
	_ = h.RecordValue(int64(min(max(latency, 1), mostLatency)))
}

// Milliseconds is a quantile (50, 99) of a histogram.
func Milliseconds(h *hdrhistogram.Histogram, q float64) float64 {
	return float64(h.ValueAtQuantile(q)) / float64(time.Millisecond)
}
