package engine

// slots holds a loop's connections: pages of records that never move, so that
// gnet and a running callback can keep a pointer, and one dense array of
// deadlines beside them for the time-out scan. Owned by the loop.
type slots struct {
	pages []*[pageSize]Conn
	due   []uint32 // by slot: the loop second at which expire is called; 0 never
	free  []uint32 // slots to use again, last freed first
	live  int
}

const (
	pageBits = 8
	pageSize = 1 << pageBits
)

func (s *slots) at(slot uint32) *Conn { return &s.pages[slot>>pageBits][slot&(pageSize-1)] }

// get finds the connection that h names, or nil when it is gone.
func (s *slots) get(h Handle) *Conn {
	slot := slotOf(h)
	if int(slot) >= len(s.due) {
		return nil
	}
	c := s.at(slot)
	if c.gen != genOf(h) || c.state == stateFree {
		return nil
	}
	return c
}

// take gives a free record, with its slot and generation set; nil when the
// loop has as many as a handle can name.
func (s *slots) take() *Conn {
	if len(s.free) == 0 && !s.grow() {
		return nil
	}
	slot := s.free[len(s.free)-1]
	s.free = s.free[:len(s.free)-1]
	s.live++
	return s.at(slot)
}

func (s *slots) grow() bool {
	base := uint32(len(s.due))
	if base+pageSize > maxSlots {
		return false
	}
	page := new([pageSize]Conn)
	s.pages = append(s.pages, page)
	s.due = append(s.due, make([]uint32, pageSize)...)
	for i := uint32(pageSize); i > 0; i-- {
		page[i-1].slot, page[i-1].gen = base+i-1, 1
		s.free = append(s.free, base+i-1)
	}
	return true
}

// put gives a record back. Handles to it find nobody from here on.
func (s *slots) put(c *Conn) {
	slot, gen := c.slot, (c.gen+1)&genMask
	if gen == 0 {
		gen = 1
	}
	*c = Conn{slot: slot, gen: gen}
	s.due[slot] = 0
	s.free = append(s.free, slot)
	s.live--
}

// each visits every connection. visit may close the one it is given.
func (s *slots) each(visit func(*Conn)) {
	for slot := range uint32(len(s.due)) {
		if c := s.at(slot); c.state != stateFree {
			visit(c)
		}
	}
}
