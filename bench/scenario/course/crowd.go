//go:build linux

package course

import (
	"fmt"

	"fanfare/bench/scenario"
)

// Crowd opens connections that a scenario drives itself, with a bounded number
// in flight, as a fleet does with its own.
type Crowd struct {
	begin    func(i int) error
	size     int
	inFlight int
	begun    int
	arrived  int
	broke    error // the first failure
}

// Crowd opens so many connections, at most so many of them at once, and misses
// them from now on. begin opens the i-th, which calls Arrive when it is there.
func (r *Run) Crowd(size, inFlight int, begin func(i int) error) *Crowd {
	c := &Crowd{begin: begin, size: size, inFlight: inFlight}
	r.fleets = append(r.fleets, c)
	r.Phase(scenario.Connecting, 0)
	r.Loop.At(0, c.more)
	return c
}

// Size is how many connections there are to be.
func (c *Crowd) Size() int { return c.size }

// Standing is how many of them have arrived.
func (c *Crowd) Standing() int { return c.arrived }

// Ready reports whether all have.
func (c *Crowd) Ready() bool { return c.arrived >= c.size }

// Err is nil while none has failed.
func (c *Crowd) Err() error { return c.broke }

// Fail ends the run.
func (c *Crowd) Fail(who string, err error) {
	if c.broke == nil {
		c.broke = fmt.Errorf("%s: %w", who, err)
	}
}

// Arrive notes that one is there.
func (c *Crowd) Arrive() {
	c.arrived++
	c.more()
}

func (c *Crowd) more() {
	for c.begun < c.size && c.begun-c.arrived < c.inFlight && c.broke == nil {
		i := c.begun
		c.begun++
		if err := c.begin(i); err != nil {
			c.Fail(fmt.Sprintf("connection %d", i), err)
		}
	}
}
