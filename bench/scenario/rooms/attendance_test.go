package rooms

import (
	"testing"

	"pgregory.net/rapid"
)

func TestAttendanceOwesTheTruth(t *testing.T) {
	a := newAttendance(3)
	untold := func(want int) {
		t.Helper()
		if a.untold != want || a.behind[0]+a.behind[1]+a.behind[2] != want {
			t.Errorf("%d untold, by subject %v; want %d", a.untold, a.behind, want)
		}
	}
	a.move(0, true)
	a.admit(0, seated(3, 0))
	untold(0)
	a.move(1, true)
	untold(1) // 0 has not heard of 1
	a.admit(1, seated(3, 0, 1))
	if !a.tell(0, 1, true) || a.tell(0, 1, true) {
		t.Error("the first member_added is news, the second is not")
	}
	untold(0)
	a.move(2, true)
	a.dismiss(1) // leaves before it is told
	a.move(1, false)
	untold(2) // 0 lacks both
	a.admit(2, seated(3, 0, 1, 2))
	untold(3) // its list still has 1
	if !a.tell(2, 1, false) || !a.tell(0, 2, true) || !a.tell(0, 1, false) {
		t.Error("these are news")
	}
	untold(0)
}

// Whatever happens in whatever order, what is untold is what a plain recount
// finds.
func TestAttendanceCountsWell(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const members = 4
		a, who := newAttendance(members), rapid.IntRange(0, members-1)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch observer, subject := who.Draw(t, "observer"), who.Draw(t, "subject"); rapid.IntRange(0, 3).Draw(t, "step") {
			case 0:
				a.move(subject, !a.here[subject])
			case 1:
				a.dismiss(observer)
				a.admit(observer, seated(members, rapid.SliceOfN(who, 0, members).Draw(t, "listed")...))
			case 2:
				a.dismiss(observer)
			default:
				a.tell(observer, subject, rapid.Bool().Draw(t, "here"))
			}
			if want := recount(a); a.untold != want {
				t.Fatalf("%d untold, %d in a recount", a.untold, want)
			}
		}
	})
}

func recount(a *attendance) (n int) {
	for observer, in := range a.in {
		for subject, here := range a.here {
			if in && observer != subject && a.seen[observer].has(subject) != here {
				n++
			}
		}
	}
	return n
}

// seated is some of so many members.
func seated(members int, in ...int) seats {
	s := newSeats(members)
	for _, member := range in {
		s.set(member, true)
	}
	return s
}

func TestSeats(t *testing.T) {
	s := newSeats(130)
	for _, member := range []int{0, 63, 64, 129} {
		s.set(member, true)
		s.set(member, true)
	}
	s.set(63, false)
	for member := range 130 {
		if want := member == 0 || member == 64 || member == 129; s.has(member) != want {
			t.Errorf("%d is in: %v", member, !want)
		}
	}
}
