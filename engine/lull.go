package engine

import "runtime/debug"

// lull notices the calm after a storm. Many connections that come or go leave
// garbage behind, and freed memory, of which the runtime returns little as long
// as nothing else happens; an idle server would keep half as much again as it
// needs. Owned by the ticker.
type lull struct {
	seen  uint64 // comings and goings until the last tick,
	done  uint64 // and until memory was last returned
	quiet bool   // there have not been many since; false at first, for starting leaves garbage, too
}

const (
	stormLeast = 1000 // comings and goings that are a storm, at least,
	stormShare = 8    // and more than one in so many of the open connections
	calmShare  = 100  // calm: fewer than one in so many of them in a second
)

// tick looks at the counters, once a second, and reports whether memory should
// be returned now.
func (l *lull) tick(open, opened uint64) bool {
	moves := 2*opened - open // each has come, and those that are not open have gone
	fresh := moves - l.seen
	l.seen = moves
	if moves-l.done > max(stormLeast, open/stormShare) {
		l.quiet = false
	}
	if l.quiet || fresh > open/calmShare {
		return false
	}
	l.quiet, l.done = true, moves
	return true
}

// returnMemory collects garbage and gives what is free to the system. What
// sync.Pools hold goes with the second collection only. Each takes half a second
// of CPU for a million connections; loops go on meanwhile.
func returnMemory() {
	debug.FreeOSMemory()
	debug.FreeOSMemory()
}
