package channels

import (
	"fmt"
	"strings"
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

// A stranger who comes and goes makes nobody read without end.
func TestCountsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watched(t, 0)
		ann := w.join(here, "app", "counted-x", "")
		for range 1000 {
			w.Unsubscribe(w.join(there, "app", "counted-x", ""))
		}
		w.settle()
		if n := len(w.lines(ann)); n != 1+tellEach {
			t.Errorf("%d lines for 1,000 who came and went", n)
		}
		last := w.join(there, "app", "counted-x", "")
		<-time.After(time.Second)
		w.Tick()
		w.settle()
		if lines := w.lines(ann); !strings.HasSuffix(lines[len(lines)-1], "count 2") {
			t.Errorf("the last word was %q", lines[len(lines)-1])
		}
		w.Unsubscribe(last)
		w.settle()
		if lines := w.lines(ann); !strings.HasSuffix(lines[len(lines)-1], "count 1") {
			t.Errorf("after a calm the last word was %q", lines[len(lines)-1])
		}
	})
}

func TestCountsAreSwitched(t *testing.T) {
	w := watched(t, 0)
	ann := w.join(here, "app", "x", "")
	w.SetCounts(ann, false)
	w.SetCounts(ann, true)
	w.expectWitnessed("occupied x", "counted x 1")
	w.SetCounts(ann, false)
	w.join(here, "app", "other", "")
	w.Unsubscribe(ann)
	w.expectWitnessed("occupied other", "vacated x")
}
