//go:build linux

package rooms

import (
	"context"
	"time"

	"fanfare/bench/loadgen"
	"fanfare/bench/scenario/course"
)

// Guests are rooms that another scenario has beside its own load.
type Guests struct{ house *house }

// Beside makes the scenario's rooms part of another one's run, which does not
// count or time what they do. The parameters must be valid. tear is what members
// ask before they send a frame, as loadgen.ClientOptions.Tear.
func (c Scenario) Beside(r *course.Run, tear func(c *loadgen.Client, size int) (at int)) *Guests {
	h := newHouse(r, c.defaults())
	h.heard, h.news, h.tear = func(time.Duration) {}, func() {}, tear
	return &Guests{h}
}

// Open lets everybody enter.
func (g *Guests) Open(ctx context.Context) error { return g.house.open(ctx) }

// Live lets the members whisper and come and go until it is stopped.
func (g *Guests) Live() (stop func()) { return g.house.begin(course.Forever) }

// Whisper has somebody whisper now.
func (g *Guests) Whisper() { g.house.whisper(g.house.run.Loop.Now()) }

// Quiet reports whether all are in their rooms and know everything.
func (g *Guests) Quiet() bool { return g.house.quiet() }

// Moved counts what came.
func (g *Guests) Moved() uint64 { return g.house.moved() }

// Account tells in the run's figures what was done. It returns what became of
// the whispers, and what is wrong with member events.
func (g *Guests) Account() (loadgen.Counts, error) { return g.house.sum() }
