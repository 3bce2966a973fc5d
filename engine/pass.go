package engine

import "time"

// A pass is one call by the transport: bytes of one connection taken in, or a
// turn. While it lasts, the loop does nothing else.

const (
	// syscallTime is the most that passes between two passes of a loop that did
	// not sleep in between but read a socket: it was busy.
	syscallTime = 10 * time.Microsecond
	// windowTicks is how long the longest pass is remembered, in seconds: to the
	// end of the next window, so that whoever looks every 30 s sees each.
	windowTicks = 30
)

// meter is how a loop spends its time. Owned by the loop.
type meter struct {
	inside bool  // in a pass
	ended  int64 // Loop.clock at the end of the last pass
	ticks  int   // of this window

	busy            uint64 // nanoseconds in passes, ever
	longest, before uint64 // pass of this window and of the one before, in nanoseconds
}

// pass begins a pass and returns what passed is to be called with at its end. One
// pass within another is part of it.
func (l *Loop) pass() (began int64) {
	m := &l.meter
	if m.inside {
		return -1
	}
	m.inside = true
	now := l.clock()
	if now-m.ended < int64(syscallTime) {
		return m.ended
	}
	return now
}

func (l *Loop) passed(began int64) {
	if began < 0 {
		return
	}
	m := &l.meter
	m.inside, m.ended = false, l.clock()
	d := uint64(m.ended - began)
	m.busy += d
	m.longest = max(m.longest, d)
}

// tick ends the window when it is time.
func (m *meter) tick() {
	if m.ticks++; m.ticks < windowTicks {
		return
	}
	m.ticks = 0
	m.before, m.longest = m.longest, 0
}
