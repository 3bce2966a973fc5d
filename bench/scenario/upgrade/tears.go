//go:build linux

package upgrade

import (
	"math/rand/v2"
	"time"

	"fanfare/bench/loadgen"
)

// tears cuts what guests send at random bytes. The rest leaves a little later, or,
// of what is sent while the server is upgraded, when that is over.
type tears struct {
	loop      *loadgen.Loop
	random    *rand.Rand
	upgrading bool
	certain   int // how many of the next frames are torn whatever chance says
	held      []*loadgen.Client
	torn      int
	straddled int
}

const (
	// longestTear is for how long a torn frame is held back at most.
	longestTear = 100 * time.Millisecond
	// certainTears is how many frames are half sent in any case when an upgrade
	// begins.
	certainTears = 10
)

func (s *tears) tear(c *loadgen.Client, size int) (at int) {
	if s.certain == 0 && s.random.IntN(2) == 0 {
		return 0
	}
	s.certain = max(0, s.certain-1)
	s.torn++
	if s.upgrading {
		s.held = append(s.held, c)
	} else {
		s.loop.At(s.loop.Now()+time.Duration(s.random.Int64N(int64(longestTear))), c.Mend)
	}
	return 1 + s.random.IntN(size-1)
}

// hold has all that is torn from now on wait for mend.
func (s *tears) hold() { s.upgrading, s.certain = true, certainTears }

// mend sends what waits for it.
func (s *tears) mend() {
	s.upgrading, s.certain = false, 0
	for _, c := range s.held {
		if c.Alive() {
			s.straddled++
		}
		c.Mend()
	}
	s.held = s.held[:0]
}
