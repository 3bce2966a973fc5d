package users

import (
	"bytes"
	"encoding/gob"
	"testing"
	"testing/synctest"
	"time"

	"fanfare/channels"
)

// successor is a set in another process, which has taken up who lingers.
func (w *world) successor() *world {
	w.Helper()
	next := newWorld(w.T)
	next.Pause()
	var (
		b    bytes.Buffer
		list []Lingering
	)
	if err := gob.NewEncoder(&b).Encode(w.Export()); err != nil {
		w.Fatal(err)
	}
	if err := gob.NewDecoder(&b).Decode(&list); err != nil {
		w.Fatal(err)
	}
	next.Import(list)
	return next
}

func TestNobodyHearsOfAHandover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old := newWorld(t)
		old.watch(1, "app")
		old.signIn(10, "app", "bob")
		old.signIn(11, "app", "bob")
		old.expect("1 online bob")

		next := old.successor()
		next.WatchAgain("app", "bob", channels.Place{}, 1)
		// No limit refuses who was signed in.
		first := next.Return(&SignIn{App: "app", User: "bob", Handle: 10, Max: 1})
		second := next.Return(&SignIn{App: "app", User: "bob", Handle: 11, Max: 1})
		next.Resume()
		next.expect()
		if !next.Online("app", "bob") || next.Len() != 1 {
			t.Errorf("%d users are signed in, want bob alone", next.Len())
		}
		next.End(first)
		next.End(second)
		if next.Len() != 0 {
			t.Errorf("%d users are signed in", next.Len())
		}
		<-time.After(delay)
		next.expect("1 offline bob")
	})
}

func TestWhoLingersGoesOnLingering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old := newWorld(t)
		old.watch(1, "app")
		old.End(old.signIn(10, "app", "bob"))
		old.End(old.signIn(11, "other app", "bob"))
		<-time.After(delay - time.Second)
		next := old.successor()
		next.WatchAgain("app", "bob", channels.Place{}, 1)
		if !next.Online("app", "bob") || !next.Online("other app", "bob") || next.Online("app", "ann") {
			t.Error("bob does not linger, or somebody else does")
		}
		<-time.After(time.Second)
		next.expect() // the hand-over is not over
		next.Resume()
		next.expect("1 offline bob")
	})
}
