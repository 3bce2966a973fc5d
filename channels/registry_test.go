package channels

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAppsAreIsolated(t *testing.T) {
	for name, mask := range map[string]uint64{"": ^uint64(0), "with equal hashes": 0} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 1, 1)
			w.hashMask = mask
			a := w.join(here, "one", "presence-x", "ann")
			b := w.join(here, "two", "presence-x", "bob")
			w.say("one", "presence-x", "for one")
			w.say("three", "presence-x", "for nobody")
			w.settle()
			w.expect(a, "joined ann:1", "2 for one")
			w.expect(b, "joined bob:2")
			if diff := cmp.Diff([]Member{{"bob", "2"}}, listOf(w.Members("two", "presence-x"))); diff != "" {
				t.Error(diff)
			}
			if n := w.Subscribers("three", "presence-x"); n != 0 {
				t.Errorf("an app without subscribers has %d", n)
			}
		})
	}
}

// The separator of app and name can't be forged: names are compared.
func TestAppAndNameAreNotRunTogether(t *testing.T) {
	w := newWorld(t, 1, 1)
	a := w.join(here, "a", "b\x00c", "")
	b := w.join(here, "a\x00b", "c", "")
	w.say("a", "b\x00c", "x")
	w.settle()
	w.expect(a, "joined", "1 x")
	w.expect(b, "joined")
}

func TestEqualHashesAreToldApart(t *testing.T) {
	const names = 20
	w := newWorld(t, 1, 1)
	w.hashMask = 0
	subs := map[string]*Subscription{}
	for i := range names {
		name := fmt.Sprint("room", i)
		subs[name] = w.join(here, "app", name, "")
	}
	order := rand.New(rand.NewPCG(1, 2)).Perm(names)
	for _, i := range order { // From the chain's head, middle and end.
		gone := fmt.Sprint("room", i)
		for name := range subs {
			if err := w.say("app", name, "before "+gone+" goes"); err != nil {
				t.Fatal(err)
			}
			if m := w.find("app", name); m == nil || m.name != name {
				t.Fatalf("looked up %s, found %v", name, m)
			}
		}
		w.settle()
		for name, s := range subs {
			if lines := w.lines(s); lines[len(lines)-1] != fmt.Sprintf("%d before %s goes", len(lines)-1, gone) {
				t.Fatalf("%s got %q", name, lines[len(lines)-1])
			}
		}
		w.Unsubscribe(subs[gone])
		delete(subs, gone)
		if w.find("app", gone) != nil {
			t.Fatalf("%s is still there", gone)
		}
	}
	w.expectEmpty()
}

func TestTheHashIsOfAppAndNameAndTheProcess(t *testing.T) {
	a, b := newWorld(t, 1, 1), newWorld(t, 1, 1)
	hashes := map[uint64]bool{
		a.hash("app", "room"): true, a.hash("app", "hall"): true, a.hash("web", "room"): true,
		b.hash("app", "room"): true,
	}
	if len(hashes) != 4 {
		t.Errorf("%d different hashes, want 4", len(hashes))
	}
}

func TestLookUpAllocatesNothing(t *testing.T) {
	w := newWorld(t, 1, 1)
	w.join(here, "app", "room", "")
	if n := testing.AllocsPerRun(100, func() { w.find("app", "room"); w.find("app", "none") }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func TestAVacatedChannelVanishesAndStartsAnew(t *testing.T) {
	w := newWorld(t, 1, 1)
	a := w.join(here, "app", "room", "")
	w.say("app", "room", "x")
	w.settle()
	w.Unsubscribe(a)
	w.expectEmpty()
	b := w.join(here, "app", "room", "")
	w.say("app", "room", "y")
	w.settle()
	w.expect(b, "joined", "1 y")
}

// A join that found the channel just before it died makes a new one, and so
// does not wait for the goroutine that is about to take the old one out.
func TestAJoinThatMeetsADeadChannelMakesANewOne(t *testing.T) {
	w := newWorld(t, 1, 1)
	a := w.join(here, "app", "room", "")
	w.settle()
	old := w.find("app", "room")
	a.list.remove(a)
	a.state = left
	w.loops[0].subscriptions.Add(-1)
	if !w.leave(old, a) { // The first half of Unsubscribe.
		t.Fatal("the channel lives on without subscribers")
	}
	if alive, _ := w.post(old, &Message{App: "app", Channel: "room"}, nil); alive {
		t.Error("a dead channel took a message, which a new one of that name would miss")
	}
	if err := w.say("app", "room", "to nobody"); err != nil {
		t.Fatal(err)
	}
	b := w.join(here, "app", "room", "")
	w.remove(old) // The second half, late.
	if w.find("app", "room") != b.list.channel || b.list.channel == old {
		t.Fatal("the new channel is not the one in the registry")
	}
	w.say("app", "room", "x")
	w.settle()
	w.expect(b, "joined", "1 x")
	w.Unsubscribe(b)
	w.expectEmpty()
}

func TestEach(t *testing.T) {
	w := newWorld(t, 2, 1)
	w.join(here, "app", "presence-a", "ann")
	w.join(there, "app", "presence-a", "ann")
	w.join(there, "app", "presence-b", "bob")
	w.join(here, "app", "room", "")
	w.join(here, "other", "presence-c", "eve")
	type row struct{ Subscribers, Users int }
	got := map[string]row{}
	collect := func(name string, subscribers, users int) bool {
		got[name] = row{subscribers, users}
		return true
	}
	w.Each("app", "presence-", collect)
	if diff := cmp.Diff(map[string]row{"presence-a": {2, 1}, "presence-b": {1, 1}}, got); diff != "" {
		t.Errorf("with a prefix (-want +got):\n%s", diff)
	}
	w.Each("app", "", collect)
	if diff := cmp.Diff(map[string]row{"presence-a": {2, 1}, "presence-b": {1, 1}, "room": {1, 0}}, got); diff != "" {
		t.Errorf("all (-want +got):\n%s", diff)
	}
	calls := 0
	w.Each("app", "", func(string, int, int) bool { calls++; return false })
	if calls != 1 {
		t.Errorf("called %d times after it said to stop, want 1", calls)
	}
	if _, ok := w.Users("app", "room"); ok {
		t.Error("a channel without members has users")
	}
}

func TestStats(t *testing.T) {
	w := newWorld(t, 2, 1)
	a := w.join(here, "app", "presence-a", "ann")
	w.join(there, "app", "presence-a", "ann")
	w.join(there, "app", "room", "")
	if diff := cmp.Diff(Stats{Channels: 2, Subscriptions: 3, Members: 1}, w.Stats()); diff != "" {
		t.Error(diff)
	}
	w.Unsubscribe(a)
	if diff := cmp.Diff(Stats{Channels: 2, Subscriptions: 2, Members: 1}, w.Stats()); diff != "" {
		t.Error(diff)
	}
}

// Loops make and end the same few channels all the time, with a publisher and
// a reader in between: nothing may be left and nobody may hang.
func TestChannelsVanishAndComeBackUnderLoad(t *testing.T) {
	for name, mask := range map[string]uint64{"apart": ^uint64(0), "in one chain": 0} {
		t.Run(name, func(t *testing.T) {
			const loops, rounds = 4, 2000
			w := newWorld(t, loops, 1)
			w.hashMask = mask
			var wg sync.WaitGroup
			for loop := range loops {
				wg.Go(func() { w.comeAndGo(loop, rounds) })
			}
			wg.Go(func() { w.talkAndLook(rounds) })
			wg.Wait()
			w.expectEmpty()
		})
	}
}

// comeAndGo joins and leaves three channels in turn, as two users.
func (w *world) comeAndGo(loop, rounds int) {
	w.own(loop)
	defer w.disown(loop)
	for i := range rounds {
		s := w.join(Place{Loop: uint16(loop)}, "app", fmt.Sprint("presence-", i%3), fmt.Sprint("user", i%2))
		if i%3 > 0 {
			w.turn(loop, i%5)
		}
		w.Unsubscribe(s)
	}
}

// talkAndLook publishes to the three channels and now and then lists them all.
func (w *world) talkAndLook(rounds int) {
	for i := range rounds {
		w.say("app", fmt.Sprint("presence-", i%3), "x")
		if i%100 == 0 {
			w.Each("app", "", func(string, int, int) bool { return true })
		}
	}
}

func TestACallOnTheWrongGoroutineIsNoticed(t *testing.T) {
	w := newWorld(t, 2, 1)
	a := w.join(here, "app", "room", "")
	var wg sync.WaitGroup
	wg.Go(func() { w.own(0) })
	wg.Wait()
	for name, call := range map[string]func(){
		"Subscribe":   func() { w.join(here, "app", "room", "") },
		"Unsubscribe": func() { w.Unsubscribe(a) },
		"Run":         func() { w.turn(0, 1) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s on a stranger's goroutine did not panic", name)
				}
			}()
			call()
		}()
	}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	for name, cfg := range map[string]Config{
		"no mailboxes":     {Sinks: make([]Sink, 1)},
		"no sinks":         {Mailboxes: make([]Mailbox, 1)},
		"too many formats": {Mailboxes: make([]Mailbox, 1), Sinks: make([]Sink, 33)},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			New(cfg)
		})
	}
}
