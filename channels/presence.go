package channels

import "slices"

// Rooms of more than indexAbove members are searched through a map. The map
// goes when they have shrunk to indexBelow, so that it doesn't come and go.
const (
	indexAbove = 16
	indexBelow = 8
)

// presence is the members of one channel. A user with several connections is
// one member. All is guarded by the channel's lock.
type presence struct {
	members Members // in the order in which they joined
	formats int     // how many wire formats there are

	seats []seat           // in no order
	index map[string]int32 // user id to its seat; nil in small rooms
}

// seat is what the channel knows about a member beside what others see.
type seat struct {
	member      *Member // one copy for all messages and subscriptions
	connections int32
	block       int32 // its block: an index of full, or its length for the last
}

// find returns the user's seat, or -1.
func (p *presence) find(user string) int {
	if p.index == nil {
		return slices.IndexFunc(p.seats, func(s seat) bool { return s.member.UserID == user })
	}
	if i, ok := p.index[user]; ok {
		return int(i)
	}
	return -1
}

// join adds a connection to the member of a seat, and returns the member as
// others know it: its first connection's info stands until it leaves.
func (p *presence) join(i int) *Member {
	p.seats[i].connections++
	return p.seats[i].member
}

// enter adds a new member with one connection.
func (p *presence) enter(m *Member) {
	p.seats = append(p.seats, seat{member: m, connections: 1, block: p.add(m)})
	switch {
	case p.index != nil:
		p.index[m.UserID] = int32(len(p.seats) - 1)
	case len(p.seats) > indexAbove:
		p.index = make(map[string]int32, 2*len(p.seats))
		for i := range p.seats {
			p.index[p.seats[i].member.UserID] = int32(i)
		}
	}
}

// add puts the member behind the others and returns the number of its block.
func (p *presence) add(m *Member) int32 {
	all := &p.members
	switch {
	case all.last == nil:
		all.last = newBlock([]*Member{m}, p.formats)
	case len(all.last.members) < blockSize:
		all.last = all.last.with(m)
	default:
		// Snapshots do not see what is behind the end of their list.
		all.full = append(all.full, all.last)
		all.last = newBlock([]*Member{m}, p.formats)
	}
	all.n++
	return int32(len(all.full))
}

// leave takes a connection from the user and reports whether it was the last.
func (p *presence) leave(user string) (last bool) {
	i := p.find(user)
	if p.seats[i].connections--; p.seats[i].connections > 0 {
		return false
	}
	p.vacate(i)
	return true
}

// vacate takes a member's seat.
func (p *presence) vacate(i int) {
	user := p.seats[i].member.UserID
	p.remove(&p.seats[i])
	end := len(p.seats) - 1
	p.seats[i] = p.seats[end]
	p.seats[end] = seat{}
	p.seats = shrink(p.seats[:end])
	p.forget(user, i)
	if p.sparse() {
		p.pack()
	}
}

// remove takes the member of a seat out of its block.
func (p *presence) remove(s *seat) {
	all := &p.members
	all.n--
	if int(s.block) == len(all.full) {
		all.last = all.last.without(s.member)
		return
	}
	all.full = slices.Clone(all.full) // snapshots keep the old one
	all.full[s.block] = all.full[s.block].without(s.member)
}

// forget takes the user out of the index, and tells it who sits at i now.
func (p *presence) forget(user string, i int) {
	switch {
	case p.index == nil:
	case len(p.seats) <= indexBelow:
		p.index = nil
	default:
		delete(p.index, user)
		if i < len(p.seats) {
			p.index[p.seats[i].member.UserID] = int32(i)
		}
	}
}

// sparse tells that half of the blocks could be spared. So much must have left
// before that packing costs little for each.
func (p *presence) sparse() bool {
	return len(p.members.full) > 2*(p.members.n/blockSize)
}

// pack fills the blocks anew.
func (p *presence) pack() {
	old := p.members
	p.members = Members{}
	moved := make(map[*Member]int32, old.n)
	for m := range old.All() {
		moved[m] = p.add(m)
	}
	for i := range p.seats {
		p.seats[i].block = moved[p.seats[i].member]
	}
}
