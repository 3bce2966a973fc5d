package channels

import (
	"cmp"
	"slices"
)

// Rooms of more than indexAbove members are searched through a map. The map
// goes when they have shrunk to indexBelow, so that it doesn't come and go.
const (
	indexAbove = 16
	indexBelow = 8
)

// presence is the members of one channel in the order in which they joined. A
// user with several connections is one member. All is guarded by the channel's
// lock.
type presence struct {
	// members may be shared with snapshots, which see as many as there were
	// then. Appending leaves those alone; a removal copies first if shared.
	members []Member
	shared  bool

	seats []seat            // seats[i] belongs to members[i]
	joins uint64            // number of the last seat
	index map[string]uint64 // user id -> number of the seat; nil in small rooms
}

// seat is what the channel knows about a member beside what others see.
type seat struct {
	member      *Member // one copy for all messages and subscriptions
	number      uint64  // ascending in the order of joining
	connections int32
}

// find returns the user's position, or -1.
func (p *presence) find(user string) int {
	if p.index == nil {
		return slices.IndexFunc(p.members, func(m Member) bool { return m.UserID == user })
	}
	number, ok := p.index[user]
	if !ok {
		return -1
	}
	i, _ := slices.BinarySearchFunc(p.seats, number, func(s seat, number uint64) int {
		return cmp.Compare(s.number, number)
	})
	return i
}

// join adds a connection to the member at the position, and returns the member
// as others know it: its first connection's info stands until it leaves.
func (p *presence) join(i int) *Member {
	p.seats[i].connections++
	return p.seats[i].member
}

// enter adds a new member with one connection.
func (p *presence) enter(m *Member) {
	p.joins++
	p.members = append(p.members, *m)
	p.seats = append(p.seats, seat{member: m, number: p.joins, connections: 1})
	switch {
	case p.index != nil:
		p.index[m.UserID] = p.joins
	case len(p.members) > indexAbove:
		p.index = make(map[string]uint64, 2*len(p.members))
		for i := range p.seats {
			p.index[p.seats[i].member.UserID] = p.seats[i].number
		}
	}
}

// leave takes a connection from the user and reports whether it was the last.
func (p *presence) leave(user string) (last bool) {
	i := p.find(user)
	if p.seats[i].connections--; p.seats[i].connections > 0 {
		return false
	}
	p.unshare()
	p.members = shrink(slices.Delete(p.members, i, i+1))
	p.seats = shrink(slices.Delete(p.seats, i, i+1))
	delete(p.index, user)
	if len(p.members) <= indexBelow {
		p.index = nil
	}
	return true
}

// snapshot returns the members of this moment. It costs nothing until the next
// member leaves, so a crowd that comes is not copied once per head. It must not
// be changed.
func (p *presence) snapshot() []Member {
	p.shared = true
	return slices.Clip(p.members)
}

// unshare leaves the array to the snapshots and takes a new one.
func (p *presence) unshare() {
	if !p.shared {
		return
	}
	p.shared = false
	p.members = append(make([]Member, 0, cap(p.members)), p.members...)
}
