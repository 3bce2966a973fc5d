package engine_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"fanfare/engine"
	"fanfare/engine/enginetest"
	"fanfare/engine/http1"
)

// impatient upgrades everything and closes who is silent for 10 seconds.
type impatient struct{ echo }

func (h impatient) Request(c *engine.Conn, _ *http1.Request) {
	if c.Upgrade(echoReceiver(h.echo)) == nil {
		c.SetIdle(10)
	}
}

func impatientPeer(t *testing.T, l *enginetest.Loop) *enginetest.Peer {
	t.Helper()
	p := l.Dial()
	p.Write([]byte(upgradeRequest))
	if !bytes.HasPrefix(p.Received(), []byte("HTTP/1.1 101 ")) {
		t.Fatal("not upgraded")
	}
	return p
}

// aPing is what a client says in time.
var aPing = []byte("\x89\x80\x00\x00\x00\x00")

// What clients said while the loop stood still is heard before anybody is taken
// for silent.
func TestStallIsNoSilence(t *testing.T) {
	l := enginetest.New(engine.Config{}, impatient{})
	late, early := impatientPeer(t, l), impatientPeer(t, l)
	l.Advance(9 * time.Second)
	early.Deliver(aPing) // read before the tick, which is a minute late: the loop's clock does not know yet
	l.Leap(time.Minute)
	late.Deliver(aPing) // what had arrived by then
	l.Advance(9 * time.Second)
	for name, p := range map[string]*enginetest.Peer{"late": late, "early": early} {
		if got := p.Received(); string(got) != "\x8a\x00" {
			t.Errorf("%s: got %q, want a pong", name, got)
		}
	}
}

// The silent are found when the loop has heard everybody, by what they had left.
func TestStallPutsTimeoutsOff(t *testing.T) {
	l := enginetest.New(engine.Config{}, impatient{})
	p := impatientPeer(t, l)
	l.Advance(8 * time.Second)
	l.Leap(time.Hour)
	l.Advance(time.Second)
	if got := p.Received(); len(got) > 0 {
		t.Fatalf("got %q after 10 seconds that the loop was there", got)
	}
	l.Advance(2 * time.Second)
	if got := messages(t, p.Received()); len(got) != 1 || got[0] != "close 4201 idle" {
		t.Fatalf("got %q", got)
	}
}

// On a machine where every tick is late, the silent are found all the same.
func TestStallsInARow(t *testing.T) {
	l := enginetest.New(engine.Config{}, impatient{})
	p := impatientPeer(t, l)
	for range 14 {
		l.Leap(2 * time.Second)
	}
	if got := messages(t, p.Received()); len(got) != 1 || got[0] != "close 4201 idle" {
		t.Fatalf("got %q", got)
	}
	if s := l.Snapshot(); s.Stalls != 14 || s.LongestStall != 2*time.Second {
		t.Errorf("counted %d, longest %v", s.Stalls, s.LongestStall)
	}
}

// Nothing is sent while the loop stands still, so that what waits does not grow
// old.
func TestStallDoesNotAgeBacklogs(t *testing.T) {
	w := newSlowWorld(t, engine.Config{QueueAge: 10 * time.Second})
	w.slow.Stall(true)
	w.publish(event("one"))
	w.loop.Advance(5 * time.Second)
	w.loop.Leap(time.Minute)
	w.loop.Advance(4 * time.Second)
	w.wants("one")
	w.slow.Stall(true)
	w.publish(event("two"))
	w.loop.Advance(13 * time.Second)
	if s := w.loop.Snapshot(); s.SlowClosed[engine.LimitAge] != 1 {
		t.Errorf("after 13 seconds in which the loop was there: %v", s.SlowClosed)
	}
}

// The log hears of stalls, once in ten seconds.
func TestStallLog(t *testing.T) {
	var log bytes.Buffer
	l := enginetest.New(engine.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}, impatient{})
	for range 11 {
		l.Leap(2 * time.Second)
	}
	const line = `level=WARN msg="a loop stood still; time-outs wait until it has heard its clients" loop=0 for=2s`
	if n := strings.Count(log.String(), line); n != 3 {
		t.Errorf("told %d times in 22 seconds:\n%s", n, log.String())
	}
}

// Whoever watches from outside sees which loop stands still.
func TestStalled(t *testing.T) {
	s := start(t, engine.Config{Loops: 1}, echo{})
	upgrade(t, s)
	leave := make(chan struct{})
	s.Loop(0).Post(engine.TaskFunc(func(*engine.Loop) { <-leave }))
	await := func(what string, reached func(time.Duration) bool) {
		t.Helper()
		look, end := time.NewTicker(5*time.Millisecond), time.After(20*time.Second)
		defer look.Stop()
		for {
			if loop, since := s.Stalled(); loop == 0 && reached(since) {
				return
			}
			select {
			case <-look.C:
			case <-end:
				t.Fatalf("the loop does not show that it %s", what)
			}
		}
	}
	await("stands still", func(d time.Duration) bool { return d > 100*time.Millisecond })
	close(leave)
	await("goes on", func(d time.Duration) bool { return d == 0 })
}

// What a loop owed when it ended is nobody's concern: others would take the server,
// which may still wait for something else, for one that hangs.
func TestLoopsThatHaveEndedDoNotStandStill(t *testing.T) {
	s := start(t, engine.Config{Loops: 1}, echo{})
	upgrade(t, s)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_ = s.Shutdown(ctx, func(c *engine.Conn) { c.Abort(engine.CauseLocal) })
	s.Loop(0).Call() // the ticker's last
	if loop, since := s.Stalled(); since != 0 {
		t.Errorf("loop %d has stood still for %v", loop, since)
	}
}
