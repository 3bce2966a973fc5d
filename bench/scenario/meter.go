//go:build linux

package scenario

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"fanfare/bench/loadgen"
)

// Latencies are kept from a microsecond to ten minutes, to three digits.
const (
	leastLatency = time.Microsecond
	mostLatency  = 10 * time.Minute
)

func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(int64(leastLatency), int64(mostLatency), 3)
}

// record notes a latency, at least a nanosecond and at most mostLatency.
func record(h *hdrhistogram.Histogram, latency time.Duration) {
	// It fails only for what the histogram does not cover.
	_ = h.RecordValue(int64(min(max(latency, 1), mostLatency)))
}

// milliseconds is a quantile (50, 99) of a histogram.
func milliseconds(h *hdrhistogram.Histogram, q float64) float64 {
	return float64(h.ValueAtQuantile(q)) / float64(time.Millisecond)
}

// meter counts what is done while it runs, and how long it took, second by
// second.
type meter struct {
	loop    *loadgen.Loop
	running bool
	began   time.Duration
	done    uint64
	before  uint64                  // done when the second began
	second  *hdrhistogram.Histogram // this second's latencies
	total   *hdrhistogram.Histogram // of the seconds before
	series  []Point
}

func newMeter(l *loadgen.Loop) *meter {
	return &meter{loop: l, second: newHistogram(), total: newHistogram()}
}

// record counts one that is done, and how long it took. It does nothing
// unless it is measured.
func (m *meter) record(latency time.Duration) {
	if m.running {
		m.done++
		record(m.second, latency)
	}
}

// count counts what is done and has no latency, under the same condition.
func (m *meter) count(n uint64) {
	if m.running {
		m.done += n
	}
}

func (m *meter) start() {
	*m = meter{loop: m.loop, running: true, began: m.loop.Now(), second: m.second, total: m.total}
	m.second.Reset()
	m.total.Reset()
	m.cutAt(time.Second)
}

// cutAt cuts the series when the measurement has lasted so long.
func (m *meter) cutAt(age time.Duration) {
	began := m.began
	m.loop.At(began+age, func() {
		if m.running && m.began == began {
			m.cut()
			m.cutAt(age + time.Second)
		}
	})
}

// cut ends a second.
func (m *meter) cut() {
	p := Point{End: m.loop.Now() - m.began, Done: m.done - m.before}
	if m.second.TotalCount() > 0 {
		p.P50 = time.Duration(m.second.ValueAtQuantile(50))
		p.P99 = time.Duration(m.second.ValueAtQuantile(99))
	}
	m.series = append(m.series, p)
	m.total.Merge(m.second)
	m.second.Reset()
	m.before = m.done
}

// p99 is the latency's so far, to the last whole second but for the first.
func (m *meter) p99() time.Duration {
	h := m.total
	if h.TotalCount() == 0 {
		h = m.second
	}
	if h.TotalCount() == 0 {
		return 0
	}
	return time.Duration(h.ValueAtQuantile(99))
}

// stop ends the measurement and writes it into a result, which keeps it.
func (m *meter) stop(to *Result) {
	if last := len(m.series); last == 0 || m.done > m.before || m.loop.Now() > m.began+m.series[last-1].End {
		m.cut()
	}
	m.running = false
	to.Done, to.Series, to.Latency = m.done, m.series, nil
	if m.total.TotalCount() > 0 {
		to.Latency, m.total = m.total, newHistogram()
	}
}
