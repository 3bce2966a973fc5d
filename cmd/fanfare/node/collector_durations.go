//go:build unix

package node

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"fanfare/engine"
)

// durationMetrics are histograms. Whoever scrapes with protobuf, as Prometheus does
// when native histograms are switched on, gets all buckets of the loops; text has
// one for each power of two.
var durationMetrics = []metric{
	durations("write_latency_seconds", "From the acceptance of an event until the kernel had it for a subscriber. One count for each delivery to a connection that keeps up; of up to 64 deliveries that are sent together, one is measured for all.", func(s *snapshot) *engine.Histogram { return &s.engine.Writes }),
	durations("fanout_duration_seconds", "From the acceptance of an event until the kernel had it for the last subscriber on a loop. One count for each event and loop with subscribers that keep up.", func(s *snapshot) *engine.Histogram { return &s.engine.Fanouts }),
}

// The classic buckets: from 2^-14 s, 61 us, to 2^4, 16 s.
const firstOctave, lastOctave = -14, 4

// started is when the histograms were empty.
var started = time.Now()

// bothHistograms is a histogram with native and with classic buckets. The library
// makes constant ones with one of the two.
type bothHistograms struct{ native, classic prometheus.Metric }

func newHistogram(desc *prometheus.Desc, h *engine.Histogram) prometheus.Metric {
	native, err := prometheus.NewConstNativeHistogram(desc, h.Count(), h.Sum(), h.Buckets(), nil, 0, h.Schema(), 0, started)
	if err != nil {
		return prometheus.NewInvalidMetric(desc, err)
	}
	return bothHistograms{native, prometheus.MustNewConstHistogram(desc, h.Count(), h.Sum(), h.Octaves(firstOctave, lastOctave))}
}

// Desc implements prometheus.Metric.
func (h bothHistograms) Desc() *prometheus.Desc { return h.native.Desc() }

// Write implements prometheus.Metric.
func (h bothHistograms) Write(out *dto.Metric) error {
	var classic dto.Metric
	if err := h.classic.Write(&classic); err != nil {
		return err
	}
	if err := h.native.Write(out); err != nil {
		return err
	}
	out.Histogram.Bucket = classic.Histogram.Bucket
	return nil
}
