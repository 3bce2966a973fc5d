package scenario

import (
	"errors"
	"fmt"
	"time"

	"fanfare/bench/loadgen"
)

// check collects what is wrong with a scenario's parameters, by the names of
// their flags.
type check struct{ errs []error }

func (c *check) err() error { return errors.Join(c.errs...) }

func (c *check) number(flag string, v, least, most int) {
	if v < least || v > most {
		c.errs = append(c.errs, fmt.Errorf("--%s is %d: use %d to %d", flag, v, least, most))
	}
}

func (c *check) duration(flag string, v time.Duration) {
	if v <= 0 || v > 24*time.Hour {
		c.errs = append(c.errs, fmt.Errorf("--%s is %s: use a time such as 10s, up to 24h", flag, v))
	}
}

// rate takes 0 for "not in use".
func (c *check) rate(flag string, v float64) {
	if !(v == 0 || v >= 0.001 && v <= 10e6) { // NaN, too
		c.errs = append(c.errs, fmt.Errorf("--%s is %v: use 0.001 to 10,000,000 a second", flag, v))
	}
}

// What most scenarios have.
const (
	mostConnections = loadgen.MaxSource
	mostFrameBytes  = 256 << 10 // what the generator reads at once is twice that
)

func (c *check) fleet(connections, inFlight int) {
	c.number("connections", connections, 1, mostConnections)
	c.number("in-flight", inFlight, 1, mostConnections)
}

func (c *check) frames(size int) { c.number("frame-bytes", size, 100, mostFrameBytes) }

// bare refuses a target that has no channels.
func bare(t *loadgen.Target, what string) error {
	if t.Bare {
		return fmt.Errorf("%s needs a Pusher server: the limit program (--bare) has no channels", what)
	}
	return nil
}
