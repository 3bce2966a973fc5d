package engine

import "slices"

// slots holds a loop's connections in pages. A record never moves, so that
// gnet and a running callback can keep a pointer; what broadcasts and the
// time-out scan look at lies dense beside the records. A page without
// connections is given back, but for one. Owned by the loop.
type slots struct {
	pages []*page  // nil where one was given back
	gens  []uint32 // by page: the generation with which its next records begin
	gone  []uint32 // pages that were given back
	spare []uint32 // pages with free seats; the last is used first
	empty int      // pages of which all seats are free
	live  int      // connections
}

// page is the seats of some connections.
type page struct {
	conns  [pageSize]Conn
	out    [pageSize]outgoing
	due    [pageSize]uint32 // the loop second at which expire is called; 0 never
	free   [pageSize]uint8  // a stack of free seats
	frees  int
	named  *[pageSize]endpoint // clients that PROXY headers named; nil while there are none
	secure *[pageSize]*secure  // of connections by TLS; nil while there are none
}

// endpoint is a netip.AddrPort in less room and without a pointer.
type endpoint struct {
	addr [16]byte
	port uint16
}

// outgoing is what a broadcast has to know of a connection.
type outgoing struct {
	tag uint32 // the generation while the connection is open and its socket takes bytes, else 0
	run uint32 // the frames that wait; 0 none
}

const (
	pageBits = 8
	pageSize = 1 << pageBits
)

func (s *slots) page(slot uint32) *page { return s.pages[slot>>pageBits] }

// out gives what waits for a connection that is there.
func (s *slots) out(slot uint32) *outgoing { return &s.page(slot).out[slot%pageSize] }

// due gives the deadline of a connection that is there.
func (s *slots) due(slot uint32) *uint32 { return &s.page(slot).due[slot%pageSize] }

// find gives the page of a slot, nil when it is not there any more.
func (s *slots) find(slot uint32) *page {
	if int(slot>>pageBits) >= len(s.pages) {
		return nil
	}
	return s.page(slot)
}

// get finds the connection that h names, or nil when it is gone.
func (s *slots) get(h Handle) *Conn {
	slot := slotOf(h)
	p := s.find(slot)
	if p == nil {
		return nil
	}
	c := &p.conns[slot%pageSize]
	if c.gen != genOf(h) || c.state == stateFree {
		return nil
	}
	return c
}

// take gives a free record, with its slot and generation set; nil when the
// loop has as many as a handle can name.
func (s *slots) take() *Conn {
	if len(s.spare) == 0 && !s.grow() {
		return nil
	}
	p := s.pages[s.spare[len(s.spare)-1]]
	if p.frees == pageSize {
		s.empty--
	}
	p.frees--
	if p.frees == 0 {
		s.spare = s.spare[:len(s.spare)-1]
	}
	s.live++
	return &p.conns[p.free[p.frees]]
}

// grow adds an empty page.
func (s *slots) grow() bool {
	index, ok := s.vacancy()
	if !ok {
		return false
	}
	p := &page{frees: pageSize}
	for i := range p.conns {
		p.conns[i].slot, p.conns[i].gen = index<<pageBits|uint32(i), s.gens[index]
		p.free[i] = uint8(pageSize - 1 - i)
	}
	s.pages[index] = p
	s.spare = append(s.spare, index)
	s.empty++
	return true
}

// vacancy finds an index without a page.
func (s *slots) vacancy() (uint32, bool) {
	if n := len(s.gone); n > 0 {
		index := s.gone[n-1]
		s.gone = s.gone[:n-1]
		return index, true
	}
	index := uint32(len(s.pages))
	if index == maxSlots>>pageBits {
		return 0, false
	}
	s.pages, s.gens = append(s.pages, nil), append(s.gens, 1)
	return index, true
}

// put gives a record back. Handles to it find nobody from here on.
func (s *slots) put(c *Conn) {
	slot, gen := c.slot, nextGen(c.gen)
	p, seat := s.page(slot), slot%pageSize
	if p.secure != nil {
		p.secure[seat] = nil
	}
	*c = Conn{slot: slot, gen: gen}
	p.out[seat], p.due[seat] = outgoing{}, 0
	p.free[p.frees] = uint8(seat)
	p.frees++
	s.live--
	switch p.frees {
	case 1:
		s.spare = append(s.spare, slot>>pageBits)
	case pageSize:
		s.vacated(slot >> pageBits)
	}
}

// vacated gives a page back when another one is empty already.
func (s *slots) vacated(index uint32) {
	if s.empty == 0 {
		s.empty++
		return
	}
	for i := range s.pages[index].conns {
		s.gens[index] = max(s.gens[index], s.pages[index].conns[i].gen)
	}
	s.pages[index] = nil
	s.gone = append(s.gone, index)
	i := slices.Index(s.spare, index)
	s.spare = slices.Delete(s.spare, i, i+1)
}

func nextGen(gen uint32) uint32 {
	if gen = (gen + 1) & genMask; gen == 0 {
		return 1
	}
	return gen
}

// each visits every connection. visit may close the one it is given.
func (s *slots) each(visit func(*Conn)) {
	for _, p := range s.pages {
		if p == nil {
			continue
		}
		for i := range p.conns {
			if c := &p.conns[i]; c.state != stateFree {
				visit(c)
			}
		}
	}
}

// after finds the first connection in that state whose slot is from or a later
// one; nil when there is none.
func (s *slots) after(from uint32, in state) *Conn {
	for ; int(from>>pageBits) < len(s.pages); from = (from>>pageBits + 1) << pageBits {
		p := s.page(from)
		if p == nil {
			continue
		}
		for i := from % pageSize; i < pageSize; i++ {
			if c := &p.conns[i]; c.state == in {
				return c
			}
		}
	}
	return nil
}
