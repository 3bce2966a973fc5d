package scenario

import "fmt"

// crowd opens connections that a scenario drives itself, with a bounded number
// in flight, as a fleet does with its own.
type crowd struct {
	begin    func(i int) error // opens the i-th, which calls arrive when it is there
	size     int
	inFlight int
	begun    int
	arrived  int
	broke    error // the first failure
}

// Size is how many connections there are to be.
func (c *crowd) Size() int { return c.size }

// Standing is how many of them have arrived.
func (c *crowd) Standing() int { return c.arrived }

// Ready reports whether all have.
func (c *crowd) Ready() bool { return c.arrived >= c.size }

// Err is nil while none has failed.
func (c *crowd) Err() error { return c.broke }

// fail ends the run.
func (c *crowd) fail(who string, err error) {
	if c.broke == nil {
		c.broke = fmt.Errorf("%s: %w", who, err)
	}
}

func (c *crowd) arrive() {
	c.arrived++
	c.more()
}

func (c *crowd) more() {
	for c.begun < c.size && c.begun-c.arrived < c.inFlight && c.broke == nil {
		i := c.begun
		c.begun++
		if err := c.begin(i); err != nil {
			c.fail(fmt.Sprintf("connection %d", i), err)
		}
	}
}
