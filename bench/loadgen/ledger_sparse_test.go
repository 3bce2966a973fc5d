package loadgen

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSparseLedger(t *testing.T) {
	own := [][]int{{7, 2}, {2, 900}}
	l := NewSparseLedger(2, 2, func(i int) []int { return own[i] })
	f := func(subscriber, source int, seq uint32, fresh bool) {
		t.Helper()
		if got := l.Receive(subscriber, Mark{source, seq}); got != fresh {
			t.Errorf("subscriber %d, %d.%d: fresh is %t", subscriber, source, seq, got)
		}
	}
	f(0, 7, 0, true)
	f(0, 2, 0, true)
	f(1, 2, 0, true)
	f(1, 2, 0, false) // twice
	f(1, 7, 0, false) // not its own
	f(1, 900, 1, true)
	f(1, 900, 0, true) // late
	sent := make([]uint32, 901)
	sent[7], sent[2], sent[900] = 2, 1, 2
	want := Counts{Delivered: 5, Lost: 1, Duplicated: 1, Reordered: 1, Stray: 1}
	if diff := cmp.Diff(want, l.Close(sent)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCountsClean(t *testing.T) {
	f := func(c Counts, want bool) {
		t.Helper()
		if c.Clean() != want {
			t.Errorf("%+v: clean is %t", c, !want)
		}
	}
	f(Counts{Delivered: 9}, true)
	f(Counts{Lost: 1}, false)
	f(Counts{Duplicated: 1}, false)
	f(Counts{Reordered: 1}, false)
	f(Counts{Disagreed: 1}, false)
	f(Counts{Stray: 1}, false)
}
