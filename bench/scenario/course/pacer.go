//go:build linux

package course

import (
	"time"

	"fanfare/bench/loadgen"
)

// Pacer is an open loop: it tells when something is due, and goes on whether
// or not the server keeps up. What is late is told with the time at which it
// was due, so that a latency counts from there.
type Pacer struct {
	loop  *loadgen.Loop
	rate  float64 // a second
	grid  time.Duration
	start time.Duration
	end   time.Duration
	told  uint64
	due   func(at time.Duration)
	done  func()
	over  bool // set when the time is up, or to stop it
}

// Forever is longer than any run: a pacer with it goes on until it is stopped.
const Forever = 10_000 * time.Hour

// Pace calls due at an even rate for a while, the first time at once. It calls
// done when all that is due has been told. With a grid it looks only that
// often.
func (r *Run) Pace(rate float64, d, grid time.Duration, due func(at time.Duration), done func()) *Pacer {
	p := &Pacer{loop: r.Loop, rate: rate, grid: grid, start: r.Loop.Now(), end: r.Loop.Now() + d, due: due, done: done}
	p.loop.At(p.start, p.next)
	return p
}

// Stop lets nothing more fall due.
func (p *Pacer) Stop() { p.over = true }

func (p *Pacer) next() {
	if p.over {
		return
	}
	now := p.loop.Now()
	at := p.at()
	for ; at <= now && at < p.end; at = p.at() {
		p.told++
		p.due(at)
	}
	p.done()
	if now >= p.end {
		p.over = true
		return
	}
	p.loop.At(min(max(at, now+p.grid), p.end), p.next)
}

// at is when the next one is due.
func (p *Pacer) at() time.Duration {
	return p.start + time.Duration(float64(p.told)/p.rate*float64(time.Second))
}
