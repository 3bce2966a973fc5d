package channels

import (
	"fmt"
	"testing"
)

func TestASubscriberGetsWhatComesAfterItsJoin(t *testing.T) {
	w := newWorld(t, 2, 1)
	a := w.join(here, "app", "room", "")
	w.say("app", "room", "one")
	b := w.join(there, "app", "room", "")
	c := w.join(here, "app", "room", "") // Its loop has not yet run message one.
	w.say("app", "room", "two")
	w.settle()
	w.expect(a, "joined", "1 one", "2 two")
	w.expect(b, "joined", "2 two")
	w.expect(c, "joined", "2 two")
	if b.Serial() != 1 {
		t.Errorf("serial at the join: %d, want 1", b.Serial())
	}
}

func TestUnsubscribeTakesEffectAtOnce(t *testing.T) {
	w := newWorld(t, 1, 1)
	a, b := w.join(here, "app", "room", ""), w.join(here, "app", "room", "")
	w.settle()
	w.say("app", "room", "posted before the leave")
	w.Unsubscribe(a)
	w.settle()
	w.expect(a, "joined")
	w.expect(b, "joined", "1 posted before the leave")
}

func TestUnsubscribeBeforeTheMarkerIsStillConfirmed(t *testing.T) {
	w := newWorld(t, 1, 1)
	a := w.join(here, "app", "room", "")
	w.Unsubscribe(a)
	b := w.join(here, "app", "room", "")
	w.say("app", "room", "hello")
	if a.Active() || b.Active() {
		t.Error("active before the loop came to the marker")
	}
	w.settle()
	w.expect(a, "joined")
	w.expect(b, "joined", "1 hello")
	if a.Active() || !b.Active() {
		t.Errorf("active: %v and %v, want false and true", a.Active(), b.Active())
	}
	w.Unsubscribe(b)
	w.expectEmpty()
}

func TestUnsubscribeTwiceDoesNothing(t *testing.T) {
	w := newWorld(t, 1, 1)
	a, b := w.join(here, "app", "room", ""), w.join(here, "app", "room", "")
	w.Unsubscribe(a)
	w.settle()
	w.Unsubscribe(a)
	if n := w.Subscribers("app", "room"); n != 1 {
		t.Errorf("%d subscribers, want 1", n)
	}
	w.Unsubscribe(b)
	w.expectEmpty()
}

func TestTheOthersStayWhenOneLeaves(t *testing.T) {
	const sessions = 100
	for gone := range sessions {
		w := newWorld(t, 1, 1)
		var all []*Subscription
		for range sessions {
			all = append(all, w.join(here, "app", "room", ""))
		}
		w.settle()
		w.Unsubscribe(all[gone])
		w.say("app", "room", "x")
		w.settle()
		for i, s := range all {
			if got, want := len(w.lines(s)) == 2, i != gone; got != want {
				t.Fatalf("session %d of %d has the message: %v, want %v after %d left", i, sessions, got, want, gone)
			}
		}
	}
}

func TestASinkMayUnsubscribeWhileItDelivers(t *testing.T) {
	w := newWorld(t, 1, 1)
	var all []*Subscription
	for range 5 {
		all = append(all, w.join(here, "app", "room", ""))
	}
	w.settle()
	w.books[0].during = func(h Handle) {
		if h == all[1].Handle() { // One that had it, one that has it now, one that has yet to get it.
			w.Unsubscribe(all[0])
			w.Unsubscribe(all[1])
			w.Unsubscribe(all[3])
		}
	}
	w.say("app", "room", "x")
	w.settle()
	w.books[0].during = nil
	w.say("app", "room", "y")
	w.settle()
	w.expect(all[0], "joined", "1 x")
	w.expect(all[1], "joined", "1 x")
	w.expect(all[2], "joined", "1 x", "2 y")
	w.expect(all[3], "joined")
	w.expect(all[4], "joined", "1 x", "2 y")
	w.Unsubscribe(all[4])
	w.Unsubscribe(all[2])
	w.expectEmpty()
}

func TestASinkMayUnsubscribeEverybodyWhileItDelivers(t *testing.T) {
	w := newWorld(t, 1, 1)
	a, b := w.join(here, "app", "room", ""), w.join(here, "app", "room", "")
	w.settle()
	w.books[0].during = func(Handle) {
		w.Unsubscribe(a)
		w.Unsubscribe(b)
	}
	w.say("app", "room", "x")
	w.settle()
	w.expect(a, "joined", "1 x")
	w.expect(b, "joined")
	w.expectEmpty()
}

func TestSeveralFormatsOnOneLoop(t *testing.T) {
	w := newWorld(t, 2, 3)
	a := w.join(Place{Loop: 0, Format: 2}, "app", "room", "")
	b := w.join(Place{Loop: 0, Format: 0}, "app", "room", "")
	c := w.join(Place{Loop: 1, Format: 2}, "app", "room", "")
	w.say("app", "room", "x")
	w.settle()
	for _, s := range []*Subscription{a, b, c} {
		w.expect(s, "joined", "1 x")
	}
	for format, want := range []int64{1, 0, 1} {
		if got := w.books[format].encodes.Load(); got != want {
			t.Errorf("format %d encoded %d times, want %d: once for all loops, and only where needed", format, got, want)
		}
	}
	w.expectNothingReserved()
}

func TestAFormatThatComesAfterTheEncodingIsEncodedOnTheLoop(t *testing.T) {
	w := newWorld(t, 1, 2)
	a := w.join(Place{Format: 0}, "app", "room", "")
	m := &Message{App: "app", Channel: "room", Data: "x"}
	m.prepare(2)
	w.encode(m, w.find("app", "room").formats.Load())
	b := w.join(Place{Format: 1}, "app", "room", "") // Between the encoding and the lock.
	if err := w.publishNow(m); err != nil {
		t.Fatal(err)
	}
	w.settle()
	w.expect(a, "joined", "1 x")
	w.expect(b, "joined", "1 x")
}

func TestAFormatThatLeftIsNotEncodedForAnyMore(t *testing.T) {
	w := newWorld(t, 2, 2)
	w.join(Place{Format: 0}, "app", "room", "")
	a := w.join(Place{Loop: 0, Format: 1}, "app", "room", "")
	b := w.join(Place{Loop: 1, Format: 1}, "app", "room", "")
	for i, leaver := range []*Subscription{a, b} {
		w.say("app", "room", "x")
		if n := w.books[1].encodes.Load(); n != int64(i+1) {
			t.Errorf("encoded %d times after %d messages with subscribers", n, i+1)
		}
		w.Unsubscribe(leaver)
	}
	w.say("app", "room", "x")
	if n := w.books[1].encodes.Load(); n != 2 {
		t.Errorf("encoded %d times, want 2: nobody reads that format now", n)
	}
}

func TestAPlaceComesBackWhileItsOldMessagesWait(t *testing.T) {
	w := newWorld(t, 2, 1)
	stays := w.join(there, "app", "room", "")
	a := w.join(here, "app", "room", "")
	w.settle()
	w.say("app", "room", "for a")
	w.Unsubscribe(a)
	b := w.join(here, "app", "room", "")
	w.say("app", "room", "for b")
	w.settle()
	w.expect(a, "joined")
	w.expect(b, "joined", "2 for b")
	w.expect(stays, "joined", "1 for a", "2 for b")
}

func TestJoinMayBorrowTheName(t *testing.T) {
	w := newWorld(t, 1, 1)
	buf := []byte("room")
	s := w.join(here, "app", string(buf), "")
	if s.Channel() != "room" || s.App() != "app" || s.Place() != here {
		t.Errorf("got %q of %q at %v", s.Channel(), s.App(), s.Place())
	}
}

func TestAListForgetsWhoLeft(t *testing.T) {
	w := newWorld(t, 1, 1)
	a, b := w.join(here, "app", "room", ""), w.join(here, "app", "room", "")
	w.settle()
	w.Unsubscribe(a)
	for _, s := range b.list.subs[len(b.list.subs):cap(b.list.subs)] {
		if s != nil {
			t.Error("a subscription that ended is kept from the garbage collector")
		}
	}
}

func TestMemoryIsGivenBackWhenACrowdLeaves(t *testing.T) {
	w := newWorld(t, 1, 1)
	var all []*Subscription
	for i := range 3_000 {
		all = append(all, w.join(here, "app", "room", fmt.Sprint(i)))
	}
	w.turn(0, 1) // The others' markers and events don't matter here.
	for len(w.boxes[0].queue) > 0 {
		if d, _ := w.boxes[0].take(); d.subscription != nil {
			d.subscription.arrive()
		}
	}
	l, c := all[0].list, all[0].list.channel
	for _, s := range all[:2_990] {
		w.Unsubscribe(s)
	}
	for name, n := range map[string]int{
		"handles": cap(l.handles), "subs": cap(l.subs),
		"blocks": cap(c.extra.presence.members.full), "seats": cap(c.extra.presence.seats),
	} {
		if n > 64 {
			t.Errorf("%s keep room for %d when 10 are left", name, n)
		}
	}
}
