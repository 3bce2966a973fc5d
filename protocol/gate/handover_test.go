package gate_test

import (
	"bytes"
	"encoding/gob"
	"testing"
	"testing/synctest"
	"time"

	"fanfare/protocol/gate"
)

// successor is a gate in another process, which has taken up what callers owe.
func successor(t *testing.T, g *gate.Gate, cfg gate.Config) *gate.Gate {
	t.Helper()
	var (
		b bytes.Buffer
		s gate.State
	)
	if err := gob.NewEncoder(&b).Encode(g.Export()); err != nil {
		t.Fatal(err)
	}
	if err := gob.NewDecoder(&b).Decode(&s); err != nil {
		t.Fatal(err)
	}
	next := gate.New(cfg)
	next.Import(s)
	return next
}

// What a caller has used up in a process it can't use again in the next.
func TestWhatIsOwedGoesAlong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := gate.Config{ConnectsPerSecondPerIP: 2, ConnectsPerSecond: 4}
		old := gate.New(cfg)
		enter(t, old, alice).Leave()
		stays := enter(t, old, alice)
		enter(t, old, bob).Leave()
		<-time.After(100 * time.Millisecond) // so that clocks differ

		next := successor(t, old, cfg)
		seat := next.Adopt(stays.String())
		refused(t, next, alice, gate.TooManyConnectsOfAddress)
		enter(t, next, bob).Leave()
		refused(t, next, proxy, gate.TooManyConnects)
		<-time.After(400*time.Millisecond - time.Nanosecond)
		refused(t, next, alice, gate.TooManyConnectsOfAddress)
		<-time.After(time.Nanosecond)
		enter(t, next, alice).Leave()
		seat.Leave()
		<-time.After(2 * time.Second)
		if n := next.Stats().Addresses; n != 0 {
			t.Errorf("%d addresses are known when all have left", n)
		}
	})
}

// Whoever never comes again is forgotten, and so is who comes and leaves.
func TestWhatIsOwedIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := gate.Config{ConnectsPerSecondPerIP: 10}
		old := gate.New(cfg)
		seats := []*gate.Seat{enter(t, old, alice), enter(t, old, bob)}
		next := successor(t, old, cfg)
		if n := next.Known(); n != 2 {
			t.Errorf("%d addresses are known, want 2", n)
		}
		next.Adopt(seats[0].String()).Leave()
		<-time.After(time.Second)
		if got := old.Export(); got.Addresses != nil {
			t.Errorf("written down of who is connected and owes nothing: %+v", got)
		}
		if n := next.Stats().Addresses; n != 0 {
			t.Errorf("%d addresses are known after a second", n)
		}
		if got := next.Export(); got.Node != 0 || got.Addresses != nil {
			t.Errorf("written down when nobody owes anything: %+v", got)
		}
	})
}

// Limits that hold no more have no seats, and a gate that is not there nothing.
func TestNothingIsOwedWithoutLimits(t *testing.T) {
	old := gate.New(gate.Config{ConnectsPerSecondPerIP: 1})
	defer enter(t, old, alice).Leave()
	next := successor(t, old, gate.Config{})
	if n := next.Known(); n != 0 {
		t.Errorf("%d addresses are known", n)
	}
	var none *gate.Gate
	none.Import(old.Export())
	if got := none.Export(); got.Addresses != nil {
		t.Errorf("no gate wrote down %+v", got)
	}
}
