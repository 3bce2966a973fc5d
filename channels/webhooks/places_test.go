package webhooks

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

func TestWhatOneMayTakeOfPlaces(t *testing.T) {
	f := func(n, keep, want int) {
		t.Helper()
		p, got := newPlaces(n, nil), 0
		for p.take(claim{"app", keep}) == nil {
			got++
		}
		if got != want {
			t.Errorf("%d of %d places when %d are to be free for each, want %d", got, n, keep, want)
		}
	}
	f(1, 1, 1)
	f(1, 16, 1)
	f(2, 1, 1)
	f(3, 1, 2)
	f(128, 1, 64)
	f(128, 16, 8)
	f(64, 4, 13)
}

// Thirty that take all they can get, one after the other, leave something when
// they must keep much free; when each may take half they leave nothing, until
// places are given back.
func TestPlacesAreLeftForOthers(t *testing.T) {
	f := func(keep, greedy, wantLeft int) *places {
		t.Helper()
		p := newPlaces(128, nil)
		for i := range greedy {
			for range 256 {
				p.take(claim{fmt.Sprint(i), keep})
			}
		}
		if p.free != wantLeft {
			t.Errorf("%d greedy leave %d places, want %d", greedy, p.free, wantLeft)
		}
		return p
	}
	f(16, 10, 65)
	f(16, 30, 14)
	p := f(1, 10, 0)
	for range 1000 { // requests end, by turns
		for i := range 10 {
			if c := (claim{fmt.Sprint(i), 1}); p.shares[c] != nil && p.shares[c].held > 0 {
				p.leave(c)
				p.take(c)
			}
		}
	}
	for i := range 10 {
		if held := p.shares[claim{fmt.Sprint(i), 1}].held; held < 11 || held > 12 {
			t.Errorf("app %d holds %d places", i, held)
		}
	}
	if p.take(claim{"other", 1}) != nil {
		t.Error("there is none for another")
	}
}

// Whatever comes and goes: no place is lost or made, nobody waits who may come
// in, and of one's own waiting the first is let in first.
func TestPlacesAgainstRules(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 20).Draw(rt, "places")
		p := newPlaces(n, nil)
		waiting := map[claim][]chan struct{}{}
		for _, step := range rapid.SliceOfN(rapid.IntRange(0, 99), 1, 200).Draw(rt, "steps") {
			c := claim{fmt.Sprint(step % 5), 1 + step%2*3}
			if step >= 50 {
				if turn := p.take(c); turn != nil {
					waiting[c] = append(waiting[c], turn)
				}
			} else if s := p.shares[c]; s != nil && s.held > 0 {
				p.leave(c)
			}
			checkPlaces(rt, p, n, waiting)
		}
	})
}

func checkPlaces(rt *rapid.T, p *places, n int, waiting map[claim][]chan struct{}) {
	held, turns := 0, 0
	for c, s := range p.shares {
		held += s.held
		if s.held == 0 && len(s.waiting) == 0 {
			rt.Fatalf("%v is remembered for nothing", c)
		}
		if len(s.waiting) > 0 {
			turns++
			if p.mayLocked(s) {
				rt.Fatalf("%v holds %d, waits, and %d are free", c, s.held, p.free)
			}
		}
		came := len(waiting[c]) - len(s.waiting)
		for i, turn := range waiting[c] {
			if isClosed(turn) != (i < came) {
				rt.Fatalf("%v: %d are in, but number %d says %v", c, came, i, isClosed(turn))
			}
		}
		waiting[c] = waiting[c][came:]
	}
	if p.free < 0 || p.free+held != n || len(p.turns) != turns {
		rt.Fatalf("%d free and %d held of %d; %d turns for %d that wait", p.free, held, n, len(p.turns), turns)
	}
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func BenchmarkPlaces(b *testing.B) {
	p := newPlaces(128, nil)
	b.ReportAllocs()
	for b.Loop() {
		p.enter(claim{"app", 1})
		p.leave(claim{"app", 1})
	}
}
