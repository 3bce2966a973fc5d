//go:build linux

package loadgen

import (
	"container/heap"
	"time"
)

// timer is a call that waits for its time.
type timer struct {
	at  time.Duration
	run func()
}

// timers is a heap, the soonest first.
type timers []timer

func (t timers) Len() int           { return len(t) }
func (t timers) Less(i, k int) bool { return t[i].at < t[k].at }
func (t timers) Swap(i, k int)      { t[i], t[k] = t[k], t[i] }
func (t *timers) Push(x any)        { *t = append(*t, x.(timer)) }

func (t *timers) Pop() any {
	last := len(*t) - 1
	x := (*t)[last]
	(*t)[last] = timer{}
	*t = (*t)[:last]
	return x
}

// At calls run once when Now has reached at, as soon as Run serves the loop.
// There is no way to take it back: run has to know whether it is still wanted.
func (l *Loop) At(at time.Duration, run func()) { heap.Push(&l.timers, timer{at, run}) }

// Now is the time since the loop was made, as of the latest read or turn.
func (l *Loop) Now() time.Duration { return l.now }

// tell reads the clock.
func (l *Loop) tell() { l.now = time.Since(l.made) }

// expire runs the timers whose time has come, and returns how long the loop
// may wait for the next one, at most turnWait.
func (l *Loop) expire() time.Duration {
	for len(l.timers) > 0 && l.timers[0].at <= l.now {
		heap.Pop(&l.timers).(timer).run()
	}
	if len(l.timers) == 0 {
		return turnWait
	}
	return min(turnWait, l.timers[0].at-l.now)
}
