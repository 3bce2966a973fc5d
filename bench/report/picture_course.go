package report

import "time"

// ratePanel draws the throughput over time; nil when it was not taken.
func ratePanel(results []Named) *panel {
	most := 0.0
	p := course(results, func(s Second) (float64, bool) {
		most = max(most, s.PerSecond)
		return s.PerSecond, true
	})
	if p != nil {
		p.caption = "Throughput over time (" + results[0].Unit + "/s)"
		p.y, p.height = linearAxis(most, roundCount), 260
	}
	return p
}

// coursePanel draws the latency over time; nil when nothing was timed.
func coursePanel(results []Named) *panel {
	most := 0.0
	p := course(results, func(s Second) (float64, bool) {
		most = max(most, float64(s.P99))
		return float64(s.P99), s.P99 > 0
	})
	if p != nil {
		p.caption = "p99 latency over time"
		p.y, p.height = linearAxis(most, roundDuration), 220
	}
	return p
}

// course draws a value of every second.
func course(results []Named, value func(Second) (v float64, known bool)) *panel {
	p := &panel{xName: "seconds since the measurement began"}
	end := time.Duration(0)
	for i, r := range results {
		l := line{result: i}
		begin := time.Duration(0)
		for _, s := range whole(r.Series) {
			if v, known := value(s); known {
				l.add(begin, s.End, v)
			}
			begin = s.End
			end = max(end, s.End)
		}
		if l.xs != nil {
			p.lines = append(p.lines, l)
		}
	}
	if p.lines == nil {
		return nil
	}
	p.x = secondsAxis(end.Seconds())
	return p
}

// add puts the value of a span in its middle, and that of the first and the
// last one at their ends, too.
func (l *line) add(begin, end time.Duration, v float64) {
	if l.xs == nil {
		l.xs, l.ys = []float64{begin.Seconds()}, []float64{v}
	} else {
		l.xs, l.ys = l.xs[:len(l.xs)-1], l.ys[:len(l.ys)-1]
	}
	l.xs = append(l.xs, (begin+end).Seconds()/2, end.Seconds())
	l.ys = append(l.ys, v, v)
}

// whole leaves out a last second that is too short to have a rate.
func whole(series []Second) []Second {
	n := len(series)
	if n > 1 && series[n-1].End-series[n-2].End < time.Second/2 {
		return series[:n-1]
	}
	return series
}
