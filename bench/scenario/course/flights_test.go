package course

import (
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestFlights(t *testing.T) {
	var f flights
	f.add(10, 2)
	f.add(20, 1)
	f.add(30, 0) // nobody gets it
	land := func(seq uint32, due time.Duration, ok bool) {
		t.Helper()
		if got, landed := f.land(seq); got != due || landed != ok {
			t.Errorf("%d: due at %d, %t", seq, got, landed)
		}
	}
	land(3, 0, false) // never sent
	land(0, 10, true)
	land(1, 20, true)
	if f.over() || f.oldest(99) != 10 || f.first() != 0 {
		t.Errorf("oldest %d, first %d", f.oldest(99), f.first())
	}
	land(0, 10, true)
	if !f.over() || f.oldest(99) != 99 {
		t.Errorf("oldest %d: %+v", f.oldest(99), f)
	}
	land(1, 0, false) // over
}

// Whatever the order of deliveries, each message is over after its last one,
// and what is kept does not grow with what is over.
func TestFlightsAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var f flights
		left := map[uint32]int{}
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			if len(left) == 0 || len(left) < 40 && rapid.Bool().Draw(t, "add") {
				n := rapid.IntRange(1, 3).Draw(t, "deliveries")
				left[f.add(time.Duration(f.next), n)] = n
				continue
			}
			seq := rapid.SampledFrom(sortedKeys(left)).Draw(t, "seq")
			if due, ok := f.land(seq); !ok || due != time.Duration(seq) {
				t.Fatalf("%d: due %d, %t", seq, due, ok)
			}
			if left[seq]--; left[seq] == 0 {
				delete(left, seq)
			}
			if f.over() != (len(left) == 0) {
				t.Fatalf("over is %t with %d left", f.over(), len(left))
			}
		}
	})
}

func sortedKeys(m map[uint32]int) []uint32 { return slices.Sorted(maps.Keys(m)) }

func TestFlightsForget(t *testing.T) {
	var f flights
	for range 100_000 {
		f.land(f.add(0, 1))
	}
	if cap(f.list) > 1000 {
		t.Errorf("keeps %d", cap(f.list))
	}
}
