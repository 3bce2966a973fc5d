package channels

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// travel encodes and decodes a value as a hand-over does.
func travel[T any](t failer, v T) (got T) {
	t.Helper()
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(v); err != nil {
		t.Fatalf("encode: %v", err)
	}
	if err := gob.NewDecoder(&b).Decode(&got); err != nil {
		t.Fatalf("decode: %v", err)
	}
	return got
}

// successor is a registry in another process, which holds what this one's
// channels hold, and whose sinks go on writing where this one's stopped.
func (w *world) successor() *world {
	w.t.Helper()
	next := newWorld(w.t, len(w.boxes), len(w.books))
	next.hashMask, next.storage.limit = w.hashMask, w.storage.limit
	next.lastHandle.Store(w.lastHandle.Load())
	next.watch()
	for part := range 2 {
		next.Import(travel(w.t, w.Export(part, 2)))
	}
	for i, k := range w.books {
		for h, lines := range k.lines {
			next.books[i].lines[h] = slices.Clone(lines)
		}
	}
	return next
}

// back has a subscription return.
func (w *world) back(s *Subscription) *Subscription {
	again, _ := w.Return(w.way(s))
	return again
}

func (*world) way(s *Subscription) *Return {
	b := &Return{
		App: s.App(), Channel: s.Channel(), Place: s.Place(), Handle: s.Handle(), Serial: s.Serial(),
		Counts: strings.HasPrefix(s.Channel(), "counted-"), Unconfirmed: !s.Active(),
	}
	if m := s.Member(); m != nil {
		b.Presence = &Member{UserID: m.UserID, Info: m.Info}
	}
	return b
}

// handOver has subscriptions return in another process, in their order, and
// checks that nobody hears of it.
func (w *world) handOver(all []*Subscription) (next *world, returned map[*Subscription]*Subscription) {
	w.t.Helper()
	next, returned = w.successor(), map[*Subscription]*Subscription{}
	for _, s := range all {
		returned[s] = next.back(s)
	}
	next.Settle()
	next.expectQuiet()
	return next, returned
}

// expectQuiet checks that nobody was told anything in a new process.
func (w *world) expectQuiet() {
	w.t.Helper()
	w.expectWitnessed()
	for loop, b := range w.boxes {
		if n := len(b.queue); n != 0 {
			w.t.Errorf("loop %d has %d deliveries in its mailbox", loop, n)
		}
	}
}

// TestNobodyCanTellTheSuccessor lives a random life, hands over, and lives on in
// both processes alike: whatever is asked or told is the same in the two.
func TestNobodyCanTellTheSuccessor(t *testing.T) {
	script := rapid.SliceOfN(rapid.Custom(drawStep), 0, 50)
	rapid.Check(t, func(rt *rapid.T) {
		before, after := script.Draw(rt, "before"), script.Draw(rt, "after")
		seed := rapid.Uint64().Draw(rt, "order of return")
		var faults faults
		synctest.Test(t, func(*testing.T) {
			p := &pair{t: &faults, a: newWorld(&faults, 2, 2), subs: map[Handle][2]*Subscription{}}
			p.a.watch()
			p.live(before)
			p.a.settle()
			p.split(seed)
			p.compare()
			p.live(after)
			p.compare()
		})
		if len(faults) > 0 {
			rt.Fatal(strings.Join(faults, "\n"))
		}
	})
}

// faults are what is wrong, for code that has no test at hand.
type faults []string

func (*faults) Helper() {}

func (f *faults) Errorf(format string, args ...any) { *f = append(*f, fmt.Sprintf(format, args...)) }

func (f *faults) Fatalf(format string, args ...any) { f.Errorf(format, args...) }

// step is one thing that happens.
type step struct {
	kind    stepKind
	channel string
	user    string
	at      Place
	n       int
}

type stepKind int

const (
	joins stepKind = iota
	leaves
	says
	waits
	stepKinds
)

func drawStep(t *rapid.T) step {
	return step{
		kind:    stepKind(rapid.IntRange(0, int(stepKinds)-1).Draw(t, "kind")),
		channel: rapid.SampledFrom([]string{"a", "cache-a", "counted-a", "presence-a", "presence-b", "cache-b"}).Draw(t, "channel"),
		user:    rapid.SampledFrom([]string{"ann", "bob", "cid", "dan"}).Draw(t, "user"),
		at:      Place{Loop: rapid.Uint16Range(0, 1).Draw(t, "loop"), Format: rapid.Uint8Range(0, 1).Draw(t, "format")},
		n:       rapid.IntRange(0, 1000).Draw(t, "n"),
	}
}

// pair is a registry and its successor, once there is one.
type pair struct {
	t    failer
	a, b *world
	subs map[Handle][2]*Subscription // of each
	said int
}

func (p *pair) both(f func(w *world, i int)) {
	f(p.a, 0)
	if p.b != nil {
		f(p.b, 1)
	}
}

func (p *pair) live(steps []step) {
	for _, s := range steps {
		switch s.kind {
		case joins:
			p.join(s)
		case leaves:
			p.leave(s.n)
		case says:
			p.say(s.channel)
		default:
			<-time.After(time.Duration(s.n) * time.Minute / 20)
			p.both(func(w *world, _ int) { w.Tick() })
		}
	}
}

func (p *pair) join(s step) {
	if !strings.HasPrefix(s.channel, "presence-") {
		s.user = ""
	}
	var subs [2]*Subscription
	p.both(func(w *world, i int) { subs[i] = w.join(s.at, "app", s.channel, s.user) })
	p.subs[subs[0].Handle()] = subs
}

func (p *pair) leave(n int) {
	if len(p.subs) == 0 {
		return
	}
	h := p.handles()[n%len(p.subs)]
	subs := p.subs[h]
	delete(p.subs, h)
	p.both(func(w *world, i int) {
		w.settle()
		w.Unsubscribe(subs[i])
	})
}

func (p *pair) handles() []Handle { return slices.Sorted(maps.Keys(p.subs)) }

func (p *pair) say(channel string) {
	p.said++
	retain := time.Duration(0)
	if strings.HasPrefix(channel, "cache-") {
		retain = halfHour
	}
	p.both(func(w *world, _ int) {
		if err := w.publishNow(&Message{App: "app", Channel: channel, Event: "said", Data: fmt.Sprint(p.said), UserID: "u", Retain: retain}); err != nil {
			p.t.Errorf("publish: %v", err)
		}
	})
}

// split has a successor take all up, in some order.
func (p *pair) split(seed uint64) {
	var moving []*Subscription
	for _, h := range p.handles() {
		moving = append(moving, p.subs[h][0])
	}
	rand.New(rand.NewPCG(seed, 0)).Shuffle(len(moving), func(i, j int) { moving[i], moving[j] = moving[j], moving[i] })
	next, returned := p.a.handOver(moving)
	for was, is := range returned {
		p.subs[was.Handle()] = [2]*Subscription{was, is}
	}
	p.b, p.a.witnessed = next, nil
}

// compare compares all that anybody can ask.
func (p *pair) compare() {
	p.a.settle()
	p.b.settle()
	if diff := cmp.Diff(p.a.witnessed, p.b.witnessed); diff != "" {
		p.t.Errorf("the witness was told (-old +new):\n%s", diff)
	}
	if diff := cmp.Diff(p.a.answers(), p.b.answers()); diff != "" {
		p.t.Errorf("old and new process (-old +new):\n%s", diff)
	}
	for _, h := range p.handles() {
		subs := p.subs[h]
		if diff := cmp.Diff(p.a.lines(subs[0]), p.b.lines(subs[1])); diff != "" {
			p.t.Errorf("session %d on %s (-old +new):\n%s", h, subs[0].Channel(), diff)
		}
		if a, b := subs[0], subs[1]; a.Serial() != b.Serial() || a.Active() != b.Active() || a.Place() != b.Place() || a.App() != b.App() {
			p.t.Errorf("subscriptions %+v and %+v", a, b)
		}
	}
}

// answers are what the queries say of everything.
func (w *world) answers() map[string]any {
	all := map[string]any{"stats": w.Stats()}
	for i := range w.shards {
		for _, c := range w.shards[i].All() {
			for ; c != nil; c = c.next.Load() {
				users, present := w.Users(c.app, c.name)
				kept := w.Cached(c.app, c.name)
				all[c.app+" "+c.name] = fmt.Sprint(
					c.serial, w.Subscribers(c.app, c.name), users, present,
					listOf(w.Members(c.app, c.name)), kept.TTL, keptMessage(kept.Message),
				)
			}
		}
	}
	w.Each("app", "", func(name string, subscribers, users int) bool {
		all["each "+name] = [2]int{subscribers, users}
		return true
	})
	return all
}

// keptMessage is a message without what only matters while it is delivered.
func keptMessage(m *Message) any {
	if m == nil {
		return nil
	}
	return []any{m.App, m.Channel, m.Kind, m.Event, m.Data, m.UserID, m.Retain, m.Serial, m.weight}
}

func TestAnUnconfirmedSubscriptionIsConfirmedAfterTheHandover(t *testing.T) {
	w := newWorld(t, 2, 1)
	w.keep("cache-x", "kept")
	w.settle()
	ann := w.join(here, "app", "presence-x", "ann")
	w.settle()
	bob := w.join(there, "app", "presence-x", "bob") // its marker is on its way
	dan := w.join(there, "app", "cache-x", "")
	next := w.successor()
	bob2, dan2 := next.back(bob), next.back(dan)
	ann2 := next.back(ann)
	next.Settle()
	next.expectQuiet()
	next.say("app", "presence-x", "too early for bob")
	next.Confirm(bob2, false)
	next.Confirm(dan2, true)
	next.say("app", "presence-x", "hello")
	next.settle()
	next.expect(bob2, "joined ann:1 bob:2", "4 hello")
	next.expect(dan2, "joined cached kept")
	next.expect(ann2, "joined ann:1", "3 too early for bob", "4 hello")
	next.expectWitnessed()
}

// Who asked and went is told that it was there: the client waits for it.
func TestAnUnconfirmedSubscriptionMayEndBeforeItIsConfirmed(t *testing.T) {
	w := newWorld(t, 2, 1)
	ann := w.join(here, "app", "x", "")
	next := w.successor()
	ann2 := next.back(ann)
	next.Unsubscribe(ann2)
	next.Confirm(ann2, false)
	next.say("app", "x", "nobody hears it")
	next.settle()
	next.expect(ann2, "joined")
	next.expectEmpty()
}

func TestWhoDoesNotReturnLeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2, 1)
		var staying []*Subscription
		for i := range 200 {
			s := w.join(here, "app", "presence-x", fmt.Sprint("user", i))
			if i%50 == 7 {
				staying = append(staying, s)
			}
		}
		w.join(here, "app", "presence-gone", "ann")
		w.join(here, "app", "counted-gone", "")
		w.join(here, "app", "gone", "")
		w.say("app", "gone", "so that it has a serial")
		w.keep("cache-kept", "kept")
		w.settle()
		next, returned := w.handOver(staying)
		if got, want := next.Stats(), (Stats{Channels: 1, Subscriptions: 4, Members: 4, CachedBytes: w.Stats().CachedBytes}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		var ids []string
		for _, m := range listOf(next.Members("app", "presence-x")) {
			ids = append(ids, m.UserID)
		}
		if want := []string{"user7", "user57", "user107", "user157"}; !slices.Equal(ids, want) {
			t.Errorf("members %v, want %v", ids, want)
		}
		for _, s := range returned {
			next.Unsubscribe(s)
		}
		<-time.After(halfHour)
		next.Tick()
		next.expectEmpty()
	})
}

// No limit refuses who was admitted, but newcomers count them.
func TestWhoReturnsIsNotRefused(t *testing.T) {
	w := newWorld(t, 2, 1)
	all := []*Subscription{w.join(here, "app", "presence-x", "ann"), w.join(here, "app", "presence-x", "bob")}
	w.settle()
	next := w.successor()
	next.share = 1
	for _, s := range all {
		next.back(s)
	}
	next.Settle()
	if _, err := next.tryJoin(here, "app", "x", "", 0); err == nil {
		t.Error("a newcomer was let in beyond the bound")
	}
	if _, err := next.tryJoin(there, "app", "presence-x", "cid", 2); err == nil {
		t.Error("a member was let in beyond the limit")
	}
}

func TestReturnTellsWhoIsFirst(t *testing.T) {
	w := newWorld(t, 2, 1)
	for i, want := range []bool{true, false} {
		if _, first := w.Return(&Return{App: "app", Channel: "x", Place: Place{Loop: uint16(i)}, Handle: Handle(i + 1)}); first != want {
			t.Errorf("number %d was first: %v", i, first)
		}
	}
}

// Serials never fall behind what a subscriber has had, whatever is known of the
// channel.
func TestWhoReturnsBringsTheSerial(t *testing.T) {
	w := newWorld(t, 1, 1)
	ann, _ := w.Return(&Return{App: "app", Channel: "x", Handle: 1, Serial: 41})
	w.say("app", "x", "hello")
	w.settle()
	w.expect(ann, "42 hello")
}

// A number that was put off is told in its time, and one that changed because
// somebody did not come along, too.
func TestCountsGoOnAfterTheHandover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2, 1)
		var all []*Subscription
		for range 150 {
			all = append(all, w.join(here, "app", "counted-x", ""))
		}
		lonely := w.join(here, "app", "counted-y", "")
		quiet := w.join(here, "app", "counted-z", "")
		all = append(all, lonely, w.join(here, "app", "counted-y", ""), quiet)
		w.settle()
		<-time.After(tellPause - time.Second)
		next := w.successor()
		for _, s := range all {
			if s != lonely {
				next.back(s)
			}
		}
		next.Settle()
		next.expectQuiet()
		next.Tick()
		next.expectWitnessed("counted counted-y 1")
		<-time.After(time.Second - time.Nanosecond)
		next.Tick()
		next.expectWitnessed()
		<-time.After(time.Nanosecond)
		next.Tick()
		next.expectWitnessed("counted counted-x 150")
		next.join(here, "app", "counted-x", "")
		next.expectWitnessed() // too early for the next
		next.join(here, "app", "counted-z", "")
		next.expectWitnessed("counted counted-z 2")
	})
}

// What a channel owes for telling changes goes along.
func TestManyChangesStayBoundedAfterTheHandover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2, 1)
		stays := w.join(here, "app", "counted-x", "")
		for range 60 {
			w.Unsubscribe(w.join(here, "app", "counted-x", ""))
		}
		w.settle()
		next, _ := w.handOver([]*Subscription{stays})
		next.join(here, "app", "counted-x", "")
		next.join(here, "app", "counted-x", "")
		next.expectWitnessed()
		<-time.After(5 * time.Second)
		next.Tick()
		next.expectWitnessed("counted counted-x 3")
	})
}

func TestTheBoundOfCachesHoldsAfterTheHandover(t *testing.T) {
	w := newWorld(t, 1, 1)
	for i := range 50 {
		w.keep(fmt.Sprint("cache-", i), strings.Repeat("x", 1000))
	}
	next := w.successor()
	if a, b := w.Stats().CachedBytes, next.Stats().CachedBytes; a != b || a == 0 {
		t.Errorf("%d bytes were kept, and %d are", a, b)
	}
	next.storage.limit = w.Stats().CachedBytes / 2
	next.Settle()
	if s := next.Stats(); s.CachedBytes > next.storage.limit || s.CachedBytes < next.storage.limit-5000 || s.CacheEvicted < 20 {
		t.Errorf("with a bound of %d: %+v", next.storage.limit, s)
	}
}

// An expired message is not handed over, although nobody has dropped it yet.
func TestWhatHasExpiredStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, 1)
		w.keep("cache-x", "old")
		<-time.After(halfHour)
		if got := travel(t, w.Export(0, 1)); len(got) != 1 || got[0].Channels[0].Cached != nil {
			t.Errorf("written down: %+v", got)
		}
		next, _ := w.handOver(nil)
		next.expectEmpty()
	})
}

// Channels that have nothing to say take no room in a hand-over.
func TestPlainChannelsAreNotWrittenDown(t *testing.T) {
	w := newWorld(t, 1, 1)
	for i := range 100 {
		w.join(here, "app", fmt.Sprint("x", i), "")
	}
	if got := w.Export(0, 1); len(got) != 0 {
		t.Errorf("written down: %+v", got)
	}
}

// TestLoopsReturnTogether has two loops bring their sessions back at the same time,
// and go on with their work while the rest of the hand-over is done.
func TestLoopsReturnTogether(t *testing.T) {
	w := newWorld(t, 2, 1)
	var all [2][]*Subscription
	for i := range 600 {
		at := Place{Loop: uint16(i % 2)}
		all[i%2] = append(all[i%2],
			w.join(at, "app", "presence-room", fmt.Sprint("user", i*7%400)),
			w.join(at, "app", fmt.Sprint("presence-", i/20), fmt.Sprint(i)),
			w.join(at, "app", "news", ""),
		)
	}
	w.keep("cache-x", "kept")
	w.settle()
	next := newWorld(t, 2, 1)
	var wg sync.WaitGroup
	for part := range 4 {
		wg.Go(func() { next.Import(travel(t, w.Export(part, 4))) })
	}
	wg.Wait()
	var back [2][]*Subscription
	for loop := range 2 {
		wg.Go(func() {
			next.own(loop)
			defer next.disown(loop)
			for _, s := range all[loop] {
				back[loop] = append(back[loop], next.back(s))
			}
		})
	}
	wg.Wait()
	if diff := cmp.Diff(w.answers(), next.answers(), cmpopts.IgnoreMapEntries(func(k string, _ any) bool { return k == "app cache-x" })); diff != "" { // it has less time left
		t.Errorf("old and new process (-old +new):\n%s", diff)
	}
	wg.Go(next.Settle)
	for loop := range 2 {
		wg.Go(func() {
			next.own(loop)
			defer next.disown(loop)
			for i, s := range back[loop] {
				next.Unsubscribe(s)
				if i%3 == 0 {
					next.Unsubscribe(next.join(Place{Loop: uint16(loop)}, "app", fmt.Sprint("presence-", i), "passer-by"))
				}
				next.turn(loop, 5)
			}
		})
	}
	wg.Wait()
	next.Drop("app")
	next.expectEmpty()
}
