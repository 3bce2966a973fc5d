package channels

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestCNT01EachChangeIsToldToAll(t *testing.T) {
	w := watched(t, 0)
	ann := w.join(here, "app", "counted-x", "")
	bob := w.join(there, "app", "counted-x", "")
	w.settle()
	w.Unsubscribe(ann)
	w.settle()
	w.expect(ann, "joined", "1 count 1", "2 count 2")
	w.expect(bob, "joined", "2 count 2", "3 count 1")
	w.Unsubscribe(bob)
	w.expectWitnessed(
		"occupied counted-x", "counted counted-x 1", "counted counted-x 2",
		"counted counted-x 1", "counted counted-x 0", "vacated counted-x",
	)
	w.expectEmpty()
}

func TestChannelsThatAreNotCountedTellNothing(t *testing.T) {
	w := newWorld(t, 1, 1)
	ann := w.join(here, "app", "x", "")
	w.join(here, "app", "x", "")
	w.settle()
	w.expect(ann, "joined")
}

func TestCNT03LargeChannelsAreToldEveryFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watched(t, 0)
		for range 100 {
			w.join(here, "app", "counted-x", "")
		}
		w.witnessed = nil
		for range 50 {
			w.join(here, "app", "counted-x", "")
		}
		w.expectWitnessed()
		<-time.After(tellPause - time.Nanosecond)
		w.Tick()
		w.expectWitnessed()
		<-time.After(time.Nanosecond)
		w.Tick()
		w.expectWitnessed("counted counted-x 150")
		<-time.After(time.Hour)
		w.Tick()
		w.expectWitnessed() // nothing changed
		last := w.join(there, "app", "counted-x", "")
		w.expectWitnessed("counted counted-x 151") // the pause is over
		w.Unsubscribe(last)
		w.expectWitnessed()
		<-time.After(tellPause)
		w.Tick()
		w.expectWitnessed("counted counted-x 150")
	})
}

// A number that was put off comes true also when the channel has ended.
func TestACountForNobodyIsHarmless(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watched(t, 0)
		var all []*Subscription
		for range 102 {
			all = append(all, w.join(here, "app", "counted-x", ""))
		}
		for _, s := range all {
			w.Unsubscribe(s)
		}
		<-time.After(tellPause)
		w.Tick()
		w.settle()
		w.expectEmpty()
		if last := w.witnessed[len(w.witnessed)-1]; last != "vacated counted-x" {
			t.Errorf("the witness was told last: %s", last)
		}
	})
}

func TestTheWitnessIsToldInOrder(t *testing.T) {
	w := watched(t, 0)
	one := w.join(here, "app", "presence-x", "ann")
	two := w.join(there, "app", "presence-x", "ann")
	bob := w.join(there, "app", "presence-x", "bob")
	w.Unsubscribe(one)
	w.Unsubscribe(two)
	w.Unsubscribe(bob)
	w.expectWitnessed(
		"occupied presence-x", "member came presence-x ann", "member came presence-x bob",
		"member went presence-x ann", "member went presence-x bob", "vacated presence-x",
	)
	if text := fmt.Sprint(OccasionKind(99)); text != "unknown occasion" {
		t.Error(text)
	}
}
