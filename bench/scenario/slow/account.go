//go:build linux

package slow

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"fanfare/bench/scenario/course"
)

// account tells what was found, and joins it to what went wrong.
func (l *laggards) account(err error) error {
	err = l.feed.Close(err)
	l.latencies()
	if l.stage == awake {
		l.fates()
	}
	l.memories()
	return errors.Join(err, l.wrong())
}

// latencies sets the halves beside each other.
func (l *laggards) latencies() {
	h := l.run.Result.Latency
	if h == nil || l.calm.TotalCount() == 0 {
		return
	}
	for _, q := range []float64{50, 99} {
		before, after := course.Milliseconds(l.calm, q), course.Milliseconds(h, q)
		l.run.Figure(fmt.Sprintf("p%g without slow readers", q), before, "ms")
		l.run.Figure(fmt.Sprintf("p%g beside slow readers", q), after, "ms")
		l.run.Figure(fmt.Sprintf("p%g, ratio", q), after/before, "times")
	}
}

// fates counts what became of the slow ones, kind by kind.
func (l *laggards) fates() {
	counts := make(map[string]int)
	lag, skipped := make(map[string]uint32), make(map[string]uint64)
	for _, s := range l.readers {
		kind := s.reading.name
		counts[kind+", "+string(s.fate)]++
		lag[kind] = max(lag[kind], s.lag)
		skipped[kind] += s.skipped
	}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		l.run.Figure(name, float64(counts[name]), "readers")
	}
	for _, kind := range slices.Sorted(maps.Keys(lag)) {
		l.run.Figure(kind+", furthest behind when it woke up", float64(lag[kind]), "messages")
		l.run.Figure(kind+", not sent to those that stayed, all together", float64(skipped[kind]), "messages")
	}
}

// memories tells how the servers have grown since the first half.
func (l *laggards) memories() {
	const mega = 1e6
	base := l.memory[calm]
	if base == 0 || l.stage != awake {
		return
	}
	l.run.Figure("memory, all reading well", float64(base)/mega, "MB")
	l.run.Figure("memory more, at the end of the slowness", float64(l.memory[slack]-base)/mega, "MB")
	l.run.Figure("memory more, when all read again", float64(l.memory[awake]-base)/mega, "MB")
}

// wrong is nil when every slow reader has the newest message or was closed,
// and none has got anything out of order.
func (l *laggards) wrong() error {
	var left int
	var disorder uint64
	for _, s := range l.readers {
		disorder += s.disorder
		if s.fate == stuck {
			left++
		}
	}
	var err error
	if left > 0 {
		err = fmt.Errorf("%d slow readers are open, but never got the newest message: close them, or keep it for them", left)
	}
	if disorder > 0 {
		err = errors.Join(err, fmt.Errorf("%d messages came to slow readers twice or out of order", disorder))
	}
	return err
}
