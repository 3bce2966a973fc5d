package engine

import "time"

// A loop stands still when its callback takes seconds, or when the machine gives
// the process no time: it was stopped, its host is starved, its memory is on a
// disk. What clients say meanwhile is not heard, so the time must not count
// against them.

const (
	// stallTime is how long after a tick the next is late: they come once a second.
	stallTime = 1500 * time.Millisecond
	// hearTime is how long a loop that stood still serves I/O before time-outs
	// are due again. It looks at a thousand sockets at a time.
	hearTime = 500 * time.Millisecond
	// stallLogTime is the least time between two lines about a loop's stalls.
	stallLogTime = 10 * time.Second
)

// standstill is what a loop knows of its stalls. Owned by the loop.
type standstill struct {
	ticked time.Time // the last tick
	until  time.Time // when time-outs are due again
	excuse bool      // they have not been since the last stall
	told   time.Time // when the log was last told

	from, lost uint32 // the last stall: the loop second before it, and how many passed
}

// stoodStill notes how long it is since the last tick, and reports whether
// time-outs have to wait for what clients said meanwhile. Where every tick is
// late, they wait once and not for ever. before is Loop.now as of the last tick.
func (l *Loop) stoodStill(t time.Time, before uint32) bool {
	s := &l.stall
	gap := t.Sub(s.ticked)
	s.ticked = t
	if gap > stallTime {
		l.stalled(t, gap, before)
		if !s.excuse {
			s.excuse, s.until = true, t.Add(hearTime)
			return true
		}
	}
	s.excuse = s.excuse && t.Before(s.until)
	return s.excuse
}

// stalled counts a stall, and puts all deadlines off by the time that was lost:
// of bytes that were read just before this tick, the loop noted the time of the
// last one.
func (l *Loop) stalled(t time.Time, gap time.Duration, before uint32) {
	s := &l.stall
	l.counters.stalls++
	l.counters.longestStall = max(l.counters.longestStall, uint64(gap))
	if s.told.IsZero() || t.Sub(s.told) >= stallLogTime {
		s.told = t
		l.log.Warn("a loop stood still; time-outs wait until it has heard its clients",
			"loop", l.index, "for", gap.Round(100*time.Millisecond))
	}
	if l.now > before+1 {
		s.from, s.lost = before, l.now-before-1
		l.slots.putOff(s.lost)
	}
}

// waited is for how many seconds something has waited for a client. The last
// stall does not count: nothing was sent. What another loop wrote down may have begun
// before this one's time did, so moments are compared by their distance.
func (l *Loop) waited(since uint32) int {
	n := int(int32(l.now - since))
	if int32(l.stall.from-since) >= 0 {
		n -= int(l.stall.lost)
	}
	return n
}

// putOff moves all deadlines.
func (s *slots) putOff(seconds uint32) {
	for _, p := range s.pages {
		if p == nil {
			continue
		}
		for i := range p.due {
			if p.due[i] != 0 {
				p.due[i] += seconds
			}
		}
	}
}

// call asks the loop for a sign of life: a tick, unless it still owes the last.
// Any goroutine.
func (l *Loop) call() {
	if l.called.CompareAndSwap(0, max(1, l.clock())) {
		l.Post(tick{})
	}
}

// tick moves a loop's clock on.
type tick struct{}

func (tick) Run(l *Loop) {
	defer l.called.Store(0)
	l.Tick(time.Now())
}

// Stalled tells which loop has owed a sign of life for longest, and for how long
// at this moment. Each is asked for one every second and gives it with its next
// turn, within milliseconds even when there is much to do: more than a second is
// a loop that stands still, and it has done so for up to a second longer than
// told. 0, 0 when no loop owes any, or all have ended; loops without a connection
// yet are not asked. It costs a few atomic reads. Any goroutine, after Start.
func (s *Server) Stalled() (loop int, since time.Duration) {
	select {
	case <-s.done:
		return 0, 0 // what they owed they will never give
	default:
	}
	for i, l := range s.loops {
		if called := l.called.Load(); called != 0 {
			if d := time.Duration(l.clock() - called); d > since {
				loop, since = i, d
			}
		}
	}
	return loop, since
}
