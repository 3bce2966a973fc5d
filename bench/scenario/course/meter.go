//go:build linux

package course

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"fanfare/bench/loadgen"
	"fanfare/bench/scenario"
)

// Record counts one that is done, and how long it took, while it is measured.
func (r *Run) Record(latency time.Duration) { r.meter.record(latency) }

// Count counts what is done and has no latency, while it is measured.
func (r *Run) Count(n uint64) { r.meter.count(n) }

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
	series  []scenario.Point
}

func newMeter(l *loadgen.Loop) *meter {
	return &meter{loop: l, second: NewHistogram(), total: NewHistogram()}
}

func (m *meter) record(latency time.Duration) {
	if m.running {
		m.done++
		Record(m.second, latency)
	}
}

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
	p := scenario.Point{End: m.loop.Now() - m.began, Done: m.done - m.before}
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
func (m *meter) stop(to *scenario.Result) {
	if last := len(m.series); last == 0 || m.done > m.before || m.loop.Now() > m.began+m.series[last-1].End {
		m.cut()
	}
	m.running = false
	to.Done, to.Series, to.Latency = m.done, m.series, nil
	if m.total.TotalCount() > 0 {
		to.Latency, m.total = m.total, NewHistogram()
	}
}
