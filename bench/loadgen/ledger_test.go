package loadgen

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLedger(t *testing.T) {
	// f gives one subscriber what publisher 0 sent, 100 messages, with the
	// changes that edit makes.
	f := func(name string, want Counts, edit func([]uint32) []uint32) {
		t.Helper()
		l := NewLedger(1, 1)
		seqs := make([]uint32, 100)
		for i := range seqs {
			seqs[i] = uint32(i)
		}
		for _, seq := range edit(seqs) {
			l.Receive(0, Mark{Seq: seq})
		}
		if diff := cmp.Diff(want, l.Close([]uint32{100})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	f("all", Counts{Delivered: 100}, func(s []uint32) []uint32 { return s })
	f("nothing", Counts{Lost: 100}, func([]uint32) []uint32 { return nil })
	f("one lost", Counts{Delivered: 99, Lost: 1}, func(s []uint32) []uint32 { return append(s[:50:50], s[51:]...) })
	f("the first lost", Counts{Delivered: 99, Lost: 1}, func(s []uint32) []uint32 { return s[1:] })
	f("the last lost", Counts{Delivered: 99, Lost: 1}, func(s []uint32) []uint32 { return s[:99] })
	f("most lost", Counts{Delivered: 2, Lost: 98}, func(s []uint32) []uint32 { return []uint32{s[0], s[99]} })
	f("twice", Counts{Delivered: 100, Duplicated: 1}, func(s []uint32) []uint32 { return append(s[:51:51], s[50:]...) })
	f("two swapped", Counts{Delivered: 100, Reordered: 1}, func(s []uint32) []uint32 {
		s[50], s[51] = s[51], s[50]
		return s
	})
	f("late by 63", Counts{Delivered: 100, Reordered: 1}, func(s []uint32) []uint32 {
		return append(append(s[:10:10], s[11:74]...), append([]uint32{10}, s[74:]...)...)
	})
	f("late and twice", Counts{Delivered: 100, Reordered: 1, Duplicated: 1}, func(s []uint32) []uint32 {
		return append([]uint32{1, 0, 0}, s[2:]...)
	})
}

func TestLedgerKeepsPublishersAndSubscribersApart(t *testing.T) {
	l := NewLedger(2, 2)
	for subscriber := range 2 {
		for seq := range uint32(3) {
			l.Receive(subscriber, Mark{0, seq})
			l.Receive(subscriber, Mark{1, seq})
		}
	}
	l.Receive(1, Mark{1, 3})
	want := Counts{Delivered: 13, Lost: 1, Disagreed: 1}
	if diff := cmp.Diff(want, l.Close([]uint32{3, 4})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Each publisher's messages are in order, but the channel's are not the same
// for both subscribers.
func TestLedgerComparesOrders(t *testing.T) {
	l := NewLedger(2, 2)
	l.Receive(0, Mark{0, 0})
	l.Receive(0, Mark{1, 0})
	l.Receive(1, Mark{1, 0})
	l.Receive(1, Mark{0, 0})
	got := l.Close([]uint32{1, 1})
	if diff := cmp.Diff(Counts{Delivered: 4, Disagreed: 1}, got); diff != "" || got.Clean() {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
