package engine_test

import (
	"testing"
	"time"

	"fanfare/engine"
)

// A loop with work left comes back to it, with its bell and without.
func TestBell(t *testing.T) {
	s := start(t, engine.Config{Loops: 1}, echo{})
	upgrade(t, s)
	anotherTurn(t, s.Loop(0))
	if !s.HasBell(0) {
		t.Error("nobody hears the loop's bell")
	}
	anotherTurn(t, s.Loop(0))
	if err := s.CutRope(0); err != nil {
		t.Fatal(err)
	}
	if s.HasBell(0) {
		t.Error("a bell without a rope is heard")
	}
	anotherTurn(t, s.Loop(0))
}

// anotherTurn waits for a task that a task posts: it is run in a later turn.
func anotherTurn(t *testing.T, l *engine.Loop) {
	t.Helper()
	ran := make(chan struct{})
	l.Post(engine.TaskFunc(func(l *engine.Loop) {
		l.Post(engine.TaskFunc(func(*engine.Loop) { close(ran) }))
	}))
	select {
	case <-ran:
	case <-time.After(10 * time.Second):
		t.Fatal("the loop did not come back")
	}
}
