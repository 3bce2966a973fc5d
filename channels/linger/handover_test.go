package linger

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// What one set writes down comes to its end in the other when it would have, in
// the same order, and neither tells of it.
func TestHandOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var before, then diary
		home := func(string) uint64 { return 0 }
		old := New(Config[string]{Tell: before.tell, Home: home})
		for _, k := range []string{"a", "b", "c"} {
			old.End(k)
		}
		after(time.Second)
		old.End("d")
		old.End("e")
		before.want(t, "a left", "b left", "c left", "d left", "e left")
		old.Pause()
		list := old.Export()
		left := Lingering[string]{Key: "a", Left: 2 * time.Second}
		if len(list) != 5 || list[0] != left {
			t.Errorf("exported %v", list)
		}
		next := New(Config[string]{Tell: then.tell, Home: home})
		slices.Reverse(list[3:]) // the order of the list counts
		next.Import(list)
		if next.Len() != 5 || !next.Lingers("a") {
			t.Errorf("%d keys linger", next.Len())
		}
		next.Begin("b")
		then.want(t, "b returned")
		after(2*time.Second - time.Millisecond)
		then.want(t)
		after(time.Millisecond)
		then.want(t, "a gone", "c gone")
		after(time.Second)
		then.want(t, "e gone", "d gone")
		before.want(t)
		old.Resume()
		synctest.Wait()
		before.want(t, "a gone", "b gone", "c gone", "d gone", "e gone")
	})
}

// A pause holds up what is due, and nothing else.
func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		s := New(Config[string]{Tell: d.tell, Home: func(string) uint64 { return 0 }})
		s.End("a")
		s.End("b")
		s.Pause()
		after(time.Hour)
		s.End("c")
		s.Begin("b")
		s.Begin("d")
		d.want(t, "a left", "b left", "c left", "b returned", "d came")
		if got := s.Export(); len(got) != 2 || got[0].Left >= 0 {
			t.Errorf("exported %v", got)
		}
		after(time.Second)
		s.Resume()
		synctest.Wait()
		d.want(t, "a gone")
		after(2*time.Second - time.Millisecond)
		d.want(t)
		after(time.Millisecond)
		d.want(t, "c gone")
		s.Pause()
		s.Resume() // nothing lingers
		after(time.Hour)
		d.want(t)
	})
}

// Imported keys find their places among those that linger, and the timer is
// armed for the first of all.
func TestImportAmongOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		s := New(Config[string]{Tell: d.tell, Home: func(string) uint64 { return 0 }})
		s.End("a")
		after(time.Second)
		s.End("b")
		d.want(t, "a left", "b left")
		s.Import([]Lingering[string]{
			{Key: "late", Left: time.Hour},
			{Key: "between", Left: 2500 * time.Millisecond},
			{Key: "b", Left: time.Second},
			{Key: "first", Left: time.Second},
			{Key: "over", Left: -time.Hour},
		})
		d.want(t)
		synctest.Wait()
		d.want(t, "over gone")
		after(time.Second)
		d.want(t, "first gone")
		after(time.Second)
		d.want(t, "a gone")
		after(500 * time.Millisecond)
		d.want(t, "between gone")
		after(500 * time.Millisecond)
		d.want(t, "b gone", "late gone") // late has no more than a delay here
		s.Stop()
		s.Import([]Lingering[string]{{Key: "a"}})
		after(time.Hour)
		d.want(t)
	})
}

// What is beyond Max when it is taken up goes when the next one ends, and gives
// back what room it took.
func TestImportBeyondMax(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		s := New(Config[string]{Tell: d.tell, Max: shards + 1, Home: func(string) uint64 { return 0 }})
		var list []Lingering[string]
		for _, k := range []string{"a", "b", "c", "d"} {
			list = append(list, Lingering[string]{Key: k, Left: time.Second})
		}
		s.Import(list)
		d.want(t)
		s.End("e")
		d.want(t, "a gone", "b gone", "c gone", "e left")
		after(DefaultDelay)
		d.want(t, "d gone", "e gone")
		if n := s.room.Load(); n != 1 {
			t.Errorf("there is room for %d", n)
		}
	})
}

// However often a set hands its keys over to the next, or takes that back, all
// of them together tell what one would have told.
func TestHandOversAgainstModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.IntRange(0, 17), 1, 80).Draw(rt, "steps")
		var got diary
		var want model
		synctest.Test(t, func(*testing.T) {
			cfg := Config[string]{Tell: got.tell, Home: func(string) uint64 { return 0 }}
			s := New(cfg)
			for _, step := range steps {
				switch k := fmt.Sprint(step % 4); step / 4 {
				case 0:
					s.Begin(k)
					want.begin(k)
				case 1:
					s.End(k)
					want.end(k)
				case 2, 3:
					after(time.Duration(step) * 100 * time.Millisecond)
					want.pass()
				default:
					s = handOver(s, cfg, step%4 == 0)
					want.pass()
				}
			}
			s.Stop()
		})
		if diff := cmp.Diff(want.told, got.lines); diff != "" {
			rt.Fatalf("told (-want +got):\n%s", diff)
		}
	})
}

// handOver hands over in a second, and returns the set that goes on.
func handOver(s *Set[string], cfg Config[string], calledOff bool) *Set[string] {
	defer synctest.Wait()
	s.Pause()
	list := s.Export()
	after(time.Second)
	if calledOff {
		s.Resume()
		return s
	}
	for i := range list {
		list[i].Left -= time.Second
	}
	s.Stop()
	next := New(cfg)
	next.Import(list)
	return next
}

// Both sides of a hand-over, per key.
func BenchmarkHandOver(b *testing.B) {
	names := make([]string, 20_000)
	for i := range names {
		names[i] = fmt.Sprintf("private-user-%d", i)
	}
	start := func() *Set[string] { return New(Config[string]{Tell: func(string, Change) {}}) }
	old := start()
	defer old.Stop()
	for _, k := range names {
		old.End(k)
	}
	old.Pause()
	b.ReportAllocs()
	for b.Loop() {
		next := start()
		next.Import(old.Export())
		next.Stop()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(names)), "ns/key")
}
