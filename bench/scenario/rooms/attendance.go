package rooms

// attendance is who is in one presence channel, and what each of its members
// has been told about it. Members are numbered from 0.
//
// What an observer has seen of a subject (in the list that it got at joining,
// and by every member_added and member_removed since) must in the end be what
// the subject did last. A member moves again only when all know of its last
// move, so that the loss of two events can't go unnoticed.
type attendance struct {
	here   []bool  // by subject: in the room, or on its way in
	in     []bool  // by observer: its subscription is confirmed, so it is told
	seen   []seats // by observer: the subjects whom it sees
	behind []int   // by subject: observers who see it otherwise than it is
	untold int     // sum of behind
}

func newAttendance(members int) *attendance {
	a := &attendance{
		here:   make([]bool, members),
		in:     make([]bool, members),
		seen:   make([]seats, members),
		behind: make([]int, members),
	}
	for i := range a.seen {
		a.seen[i] = newSeats(members)
	}
	return a
}

// move notes that a subject sets out to enter or to leave.
func (a *attendance) move(subject int, here bool) {
	for observer := range a.in {
		a.count(observer, subject, -1)
	}
	a.here[subject] = here
	for observer := range a.in {
		a.count(observer, subject, 1)
	}
}

// admit notes that an observer's subscription was confirmed, and whom the
// answer listed.
func (a *attendance) admit(observer int, listed seats) {
	copy(a.seen[observer], listed)
	a.in[observer] = true
	for subject := range a.here {
		a.count(observer, subject, 1)
	}
}

// dismiss notes that an observer need not be told any more.
func (a *attendance) dismiss(observer int) {
	for subject := range a.here {
		a.count(observer, subject, -1)
	}
	a.in[observer] = false
}

// tell notes a member_added or member_removed. It is false when it is no news,
// and so one event too many or after one too few.
func (a *attendance) tell(observer, subject int, here bool) bool {
	if a.seen[observer].has(subject) == here {
		return false
	}
	a.count(observer, subject, -1)
	a.seen[observer].set(subject, here)
	a.count(observer, subject, 1)
	return true
}

// count adds by to what is still untold, if the observer has to be told.
func (a *attendance) count(observer, subject, by int) {
	if a.in[observer] && observer != subject && a.seen[observer].has(subject) != a.here[subject] {
		a.behind[subject] += by
		a.untold += by
	}
}

// seats is a set of members, one bit for each: ten thousand of these sets are
// needed for ten thousand members.
type seats []uint64

func newSeats(members int) seats { return make(seats, (members+63)/64) }

func (s seats) has(member int) bool { return s[member/64]>>(member%64)&1 == 1 }

func (s seats) set(member int, in bool) {
	if bit := uint64(1) << (member % 64); in {
		s[member/64] |= bit
	} else {
		s[member/64] &^= bit
	}
}
