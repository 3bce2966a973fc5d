//go:build linux

package course

import (
	"time"

	"fanfare/bench/scenario"
)

// reporter tells scenario.Server.Progress how far the run is.
type reporter struct {
	run     *Run
	phase   scenario.Phase
	note    string // of the phases to come
	planned time.Duration
	began   time.Duration // the phase, on the loop's clock
	told    time.Duration // the latest report
	done    uint64        // then
	waiting bool          // for the next second
}

// Phase begins a part of the run. planned is 0 when it takes what it takes.
func (r *Run) Phase(p scenario.Phase, planned time.Duration) {
	if r.Progress == nil {
		return
	}
	t := &r.reporter
	t.phase, t.planned, t.began = p, planned, r.Loop.Now()
	t.tell()
	if !t.waiting {
		t.waiting = true
		r.Loop.At(t.told+time.Second, t.again)
	}
}

// Note tells of the phases to come what distinguishes them from others of their
// kind, such as the rate that is tried.
func (r *Run) Note(text string) { r.reporter.note = text }

func (t *reporter) again() {
	t.tell()
	t.run.Loop.At(t.told+time.Second, t.again)
}

func (t *reporter) tell() {
	r, now := t.run, t.run.Loop.Now()
	p := scenario.Progress{
		Scenario: r.Result.Scenario, Phase: t.phase, Note: t.note, Done: r.meter.done, P99: r.meter.p99(),
		Elapsed: now - t.began, Planned: t.planned,
	}
	for _, f := range r.fleets {
		p.Ready += f.Standing()
		p.Wanted += f.Size()
	}
	if p.Done > t.done && now > t.told {
		p.Rate = float64(p.Done-t.done) / (now - t.told).Seconds()
	}
	t.told, t.done = now, p.Done
	r.Progress(p)
}
