package channels

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAPublishersMessagesKeepTheirOrder(t *testing.T) {
	w := newWorld(t, 2, 1)
	a, b := w.join(here, "app", "room", ""), w.join(there, "app", "room", "")
	want := []string{"joined"}
	for i := range 1000 {
		w.say("app", "room", fmt.Sprint("m", i))
		want = append(want, fmt.Sprintf("%d m%d", i+1, i))
	}
	w.settle()
	w.expect(a, want...)
	w.expect(b, want...)
}

func TestExceptIsLeftOut(t *testing.T) {
	w := newWorld(t, 2, 1)
	a, b := w.join(here, "app", "room", ""), w.join(there, "app", "room", "")
	w.publishNow(&Message{
		App: "app", Channel: "room", Kind: ClientEvent,
		Event: "client-typing", Data: "hi", UserID: "ann", Except: a.Handle(),
	})
	w.settle()
	w.expect(a, "joined")
	w.expect(b, "joined", "1 ann whispers hi")
}

func TestPublishToNobodySucceeds(t *testing.T) {
	w := newWorld(t, 1, 1)
	w.boxes[0].fill(true)
	m := &Message{App: "app", Channel: "room", Data: "x"}
	if err := w.publishNow(m); err != nil {
		t.Errorf("publish to a vacated channel: %v", err)
	}
	if m.Serial != 0 || w.books[0].encodes.Load() != 0 {
		t.Errorf("serial %d and %d encodings, want none", m.Serial, w.books[0].encodes.Load())
	}
	w.expectEmpty()
}

func TestDoneMayBeNil(t *testing.T) {
	w := newWorld(t, 1, 1)
	a := w.join(here, "app", "room", "")
	w.Publish(&Message{App: "app", Channel: "room", Data: "x"}, nil)
	w.PublishAll([]*Message{{App: "app", Channel: "room", Data: "y"}}, nil)
	w.PublishAll(nil, nil)
	w.settle()
	w.expect(a, "joined", "1 x", "2 y")
}

func TestBusyDeliversToNobody(t *testing.T) {
	const loops = 4
	for full := range loops {
		w := newWorld(t, loops, 2)
		var subs []*Subscription
		for loop := range loops {
			for format := range 2 {
				subs = append(subs, w.join(Place{Loop: uint16(loop), Format: uint8(format)}, "app", "room", ""))
			}
		}
		w.settle()
		w.boxes[full].fill(true)
		m := &Message{App: "app", Channel: "room", Data: "x"}
		if err := w.publishNow(m); !errors.Is(err, ErrBusy) {
			t.Fatalf("loop %d full: %v, want ErrBusy", full, err)
		}
		w.expectNothingReserved()
		w.settle()
		w.boxes[full].fill(false)
		if err := w.publishNow(m); err != nil { // A refused message may be tried again.
			t.Fatal(err)
		}
		w.settle()
		for _, s := range subs {
			w.expect(s, "joined", "1 x")
		}
		w.expectNothingReserved()
	}
}

func TestALoopWithoutSubscribersRefusesNothing(t *testing.T) {
	w := newWorld(t, 2, 1)
	a := w.join(here, "app", "room", "")
	w.boxes[1].fill(true)
	if err := w.say("app", "room", "x"); err != nil {
		t.Errorf("only the other loop is full: %v", err)
	}
	w.settle()
	w.expect(a, "joined", "1 x")
}

func TestPublishAllIsAllOrNothing(t *testing.T) {
	batch := func() []*Message {
		return []*Message{
			{App: "app", Channel: "left", Data: "1"},
			{App: "app", Channel: "nobody", Data: "2"},
			{App: "app", Channel: "right", Data: "3"},
			{App: "app", Channel: "left", Data: "4"},
		}
	}
	for _, full := range []int{0, 1, 2} {
		w := newWorld(t, 3, 1)
		left, right := w.join(here, "app", "left", ""), w.join(there, "app", "right", "")
		w.settle()
		w.boxes[full].fill(true)
		if err := w.publishNow(batch()...); !errors.Is(err, ErrBusy) {
			t.Errorf("loop %d full: %v, want ErrBusy", full, err)
		}
		w.settle()
		w.expectNothingReserved()
		w.expect(left, "joined")
		w.expect(right, "joined")
		w.boxes[full].fill(false)
		if err := w.publishNow(batch()...); err != nil {
			t.Errorf("after the drain: %v", err)
		}
		if got := w.boxes[2].room(); got != 0 {
			t.Errorf("a loop without subscribers keeps %d bytes", got)
		}
		w.settle()
		w.expectNothingReserved()
		w.expect(left, "joined", "1 1", "2 4")
		w.expect(right, "joined", "1 3")
	}
}

func TestOneReservationPerLoopWhateverTheFormats(t *testing.T) {
	w := newWorld(t, 2, 3)
	for format := range uint8(3) {
		w.join(Place{Loop: 0, Format: format}, "app", "room", "")
	}
	w.settle()
	m := &Message{App: "app", Channel: "room", Data: strings.Repeat("x", 1000)}
	w.publishNow(m)
	if got := w.boxes[0].room(); got != m.Cost() || got < 1000 {
		t.Errorf("%d bytes reserved, want the cost %d", got, m.Cost())
	}
	w.settle()
	w.expectNothingReserved()
}

func TestAMailboxLimitCountsWhatWaits(t *testing.T) {
	w := newWorld(t, 1, 1)
	w.join(here, "app", "room", "")
	w.boxes[0].limit = 2 * (&Message{Channel: "room", Event: "said", Data: "x"}).Cost()
	var got []bool
	for range 3 {
		got = append(got, w.say("app", "room", "x") == nil)
	}
	w.settle()
	got = append(got, w.say("app", "room", "x") == nil)
	if diff := cmp.Diff([]bool{true, true, false, true}, got); diff != "" {
		t.Error(diff)
	}
}

func TestRoomIsGivenBackWhenTheSinkPanics(t *testing.T) {
	w := newWorld(t, 1, 1)
	a := w.join(here, "app", "room", "")
	w.settle()
	w.books[0].during = func(Handle) { panic("a bug in a sink") }
	w.say("app", "room", "x")
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic did not reach the loop")
			}
		}()
		w.settle()
	}()
	w.expectNothingReserved()
	w.books[0].during = nil
	w.say("app", "room", "y")
	w.settle()
	w.expect(a, "joined", "1 x", "2 y")
	w.Unsubscribe(a)
	w.expectEmpty()
}

func TestPublishingAMessageTwicePanics(t *testing.T) {
	w := newWorld(t, 1, 1)
	w.join(here, "app", "room", "")
	m := &Message{App: "app", Channel: "room"}
	w.publishNow(m)
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	w.Publish(m, nil)
}

// blank is a sink that does nothing, as fast as can be.
type blank struct{ delivered int }

func (*blank) Encode(m *Message) any                { return m }
func (*blank) EncodeMembers(list []*Member) any     { return list }
func (*blank) Joined(int, *Subscription, *Snapshot) {}

func (b *blank) Deliver(_ int, m *Message, _ any, to []Handle) {
	for _, h := range to {
		if h != None && h != m.Except {
			b.delivered++
		}
	}
}

// ring is a mailbox that keeps its memory.
type ring struct{ queue []Delivery }

func (*ring) Reserve(int) bool  { return true }
func (*ring) Release(int)       {}
func (b *ring) Post(d Delivery) { b.queue = append(b.queue, d) }

func (b *ring) drain(r *Registry) {
	for i := range b.queue {
		r.Run(b.queue[i])
	}
	clear(b.queue)
	b.queue = b.queue[:0]
}

func crowd(tb testing.TB, subscribers int) (*Registry, *ring, *blank) {
	mailbox, sink := &ring{}, &blank{}
	r := New(Config{Mailboxes: []Mailbox{mailbox}, Sinks: []Sink{sink}})
	for i := range subscribers {
		if _, err := r.Subscribe(Join{App: "app", Channel: "room", Handle: Handle(i + 1)}); err != nil {
			tb.Fatal(err)
		}
	}
	mailbox.drain(r)
	return r, mailbox, sink
}

func TestAllocationsDoNotDependOnTheSubscribers(t *testing.T) {
	measure := func(subscribers int) float64 {
		r, mailbox, sink := crowd(t, subscribers)
		allocs := testing.AllocsPerRun(100, func() {
			r.Publish(&Message{App: "app", Channel: "room", Event: "e", Data: "x"}, nil)
			mailbox.drain(r)
		})
		if want := 101 * subscribers; sink.delivered != want {
			t.Errorf("%d deliveries, want %d", sink.delivered, want)
		}
		return allocs
	}
	few, many := measure(1), measure(10_000)
	if few != many || many > 1 {
		t.Errorf("%v allocations for 1 subscriber and %v for 10,000, want 1 (the message) for both", few, many)
	}
}
