package course

import (
	"errors"
	"fmt"
	"time"

	"fanfare/bench/loadgen"
)

// Check collects what is wrong with a scenario's parameters, by the names of
// their flags.
type Check struct{ errs []error }

// Err is nil while nothing is.
func (c *Check) Err() error { return errors.Join(c.errs...) }

// Refuse adds what is wrong, and what would be right.
func (c *Check) Refuse(format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf(format, args...))
}

// Number takes least to most.
func (c *Check) Number(flag string, v, least, most int) {
	if v < least || v > most {
		c.Refuse("--%s is %d: use %d to %d", flag, v, least, most)
	}
}

// Duration takes more than nothing, up to a day.
func (c *Check) Duration(flag string, v time.Duration) {
	if v <= 0 || v > 24*time.Hour {
		c.Refuse("--%s is %s: use a time such as 10s, up to 24h", flag, v)
	}
}

// Rate takes 0 for "not in use".
func (c *Check) Rate(flag string, v float64) {
	if !(v == 0 || v >= 0.001 && v <= 10e6) { // NaN, too
		c.Refuse("--%s is %v: use 0.001 to 10,000,000 a second", flag, v)
	}
}

// What most scenarios have.
const (
	MostConnections = loadgen.MaxSource // that one scenario may have
	mostFrameBytes  = 256 << 10         // what the generator reads at once is twice that
)

// Fleet checks the numbers of connections, all of them and those in flight.
func (c *Check) Fleet(connections, inFlight int) {
	c.Number("connections", connections, 1, MostConnections)
	c.Number("in-flight", inFlight, 1, MostConnections)
}

// Frames checks the size of frames on the wire.
func (c *Check) Frames(size int) { c.Number("frame-bytes", size, 100, mostFrameBytes) }

// bare refuses a target that has no channels.
func bare(t *loadgen.Target, what string) error {
	if t.Bare {
		return fmt.Errorf("%s needs a Pusher server: the limit program (--bare) has no channels", what)
	}
	return nil
}
