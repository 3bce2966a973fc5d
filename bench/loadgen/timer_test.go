//go:build linux

package loadgen_test

import (
	"slices"
	"testing"
	"time"
)

// Timers run in the order of their times, not before, and not much later than
// the kernel can tell them.
func TestTimers(t *testing.T) {
	l := newLoop(t)
	var order []int
	var late []time.Duration
	for _, i := range []int{3, 1, 2} {
		at := time.Duration(i) * 3 * time.Millisecond
		l.At(at, func() {
			order = append(order, i)
			late = append(late, l.Now()-at)
		})
	}
	if err := l.Run(within(t, 10*time.Second), func() bool { return len(order) == 3 }); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(order, []int{1, 2, 3}) || slices.Min(late) < 0 {
		t.Errorf("ran %v, late by %v", order, late)
	}
}

// A timer may set the next one.
func TestTimerChain(t *testing.T) {
	l := newLoop(t)
	ticks := 0
	var tick func()
	tick = func() {
		ticks++
		l.At(l.Now()+100*time.Microsecond, tick)
	}
	l.At(0, tick)
	if err := l.Run(within(t, 10*time.Second), func() bool { return ticks >= 20 }); err != nil {
		t.Fatal(err)
	}
	if l.Now() < 19*100*time.Microsecond {
		t.Errorf("20 ticks within %s", l.Now())
	}
}
