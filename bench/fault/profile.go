package fault

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// Profile is what happens to the bytes of every connection, in each direction.
// The zero Profile passes them on as they come.
type Profile struct {
	Delay  time.Duration // until what was read is written
	Jitter time.Duration // more, from 0 to this; order is kept
	Rate   int           // bytes per second; 0 is no limit
}

// String is the profile for people.
func (p Profile) String() string {
	var parts []string
	if p.Delay > 0 || p.Jitter > 0 {
		parts = append(parts, fmt.Sprintf("delay %v to %v", p.Delay, p.Delay+p.Jitter))
	}
	if p.Rate > 0 {
		parts = append(parts, fmt.Sprintf("%d bytes/s", p.Rate))
	}
	if parts == nil {
		return "as it comes"
	}
	return strings.Join(parts, ", ")
}

// wait is the delay of one piece.
func (p Profile) wait(r *rand.Rand) time.Duration {
	if p.Jitter <= 0 {
		return p.Delay
	}
	return p.Delay + time.Duration(r.Int64N(int64(p.Jitter)+1))
}

// takes is how long n bytes are on the wire.
func (p Profile) takes(n int) time.Duration {
	if p.Rate <= 0 {
		return 0
	}
	return time.Duration(float64(n) / float64(p.Rate) * float64(time.Second))
}

// Cut is a way in which a connection ends.
type Cut int

// The ways: Fin ends both directions in order, in the middle of what was being
// said (RFC 9293 section 3.6); Reset ends them with a RST (section 3.5.2), as a
// host does that has forgotten the connection.
const (
	Fin Cut = iota
	Reset
)

// String is FIN or RST.
func (c Cut) String() string {
	if c == Reset {
		return "RST"
	}
	return "FIN"
}
