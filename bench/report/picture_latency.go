package report

import (
	"math"
	"time"
)

// latencyPanel draws latency by percentile; nil when nothing was timed.
func latencyPanel(results []Named) *panel {
	p := &panel{caption: "Latency by percentile", xName: "percentile of " + results[0].Unit, height: 360}
	least, most, wide := time.Duration(math.MaxInt64), time.Duration(0), 0.0
	for i, r := range results {
		if r.Latency == nil {
			continue
		}
		l := latencyLine(r.Latency)
		l.result = i
		p.lines = append(p.lines, l)
		least, most = min(least, r.Latency.Min), max(most, r.Latency.Max)
		wide = max(wide, l.xs[len(l.xs)-1])
	}
	if p.lines == nil {
		return nil
	}
	p.x, p.y = percentileAxis(wide), latencyAxis(least, most)
	return p
}

// latencyLine ends at the percentile of the slowest one: there are no more
// nines than were counted.
func latencyLine(l *Latency) line {
	last := math.Log10(float64(l.Count)) + nines(50)
	var out line
	for _, q := range l.Distribution {
		out.xs = append(out.xs, min(nines(q.Percentile), last))
		out.ys = append(out.ys, math.Log10(float64(max(q.Value, 1))))
	}
	if len(out.xs) == 1 {
		out.xs, out.ys = append(out.xs, out.xs[0]+1), append(out.ys, out.ys[0])
	}
	return out
}
