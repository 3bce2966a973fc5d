//go:build linux

package scenario

import "time"

// reporter tells Server.Progress how far the run is.
type reporter struct {
	run     *run
	phase   Phase
	note    string // of the phases to come
	planned time.Duration
	began   time.Duration // the phase, on the loop's clock
	told    time.Duration // the latest report
	done    uint64        // then
	waiting bool          // for the next second
}

// phase begins a part of the run. planned is 0 when it takes what it takes.
func (r *run) phase(p Phase, planned time.Duration) {
	if r.Progress == nil {
		return
	}
	t := &r.reporter
	t.phase, t.planned, t.began = p, planned, r.loop.Now()
	t.tell()
	if !t.waiting {
		t.waiting = true
		r.loop.At(t.told+time.Second, t.again)
	}
}

func (t *reporter) again() {
	t.tell()
	t.run.loop.At(t.told+time.Second, t.again)
}

func (t *reporter) tell() {
	r, now := t.run, t.run.loop.Now()
	p := Progress{
		Scenario: r.result.Scenario, Phase: t.phase, Note: t.note, Done: r.meter.done, P99: r.meter.p99(),
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
