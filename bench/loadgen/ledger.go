package loadgen

// Ledger checks that every subscriber gets every message of every publisher
// once and in order, and all subscribers the messages of all publishers in
// the same order. It costs 16 bytes for each pair of subscriber and publisher.
type Ledger struct {
	Counts
	publishers int
	pages      []page   // by subscriber and publisher
	orders     []uint64 // by subscriber: a running hash of what came
}

// Counts is what a Ledger found. Duplicated and Reordered are told apart when
// the late message is among the 64 latest of its publisher.
type Counts struct {
	Delivered  uint64 // messages that came, duplicates not counted
	Lost       uint64
	Duplicated uint64
	Reordered  uint64 // came, but after a later one of the same publisher
	Disagreed  uint64 // subscribers that saw another order than the first one
}

// Clean reports whether nothing was lost, duplicated or out of order.
func (c Counts) Clean() bool {
	return c.Lost == 0 && c.Duplicated == 0 && c.Reordered == 0 && c.Disagreed == 0
}

// page is what one subscriber had from one publisher.
type page struct {
	next   uint32 // the sequence number that should come
	recent uint64 // bit i: next-1-i has come
}

// NewLedger returns one that expects every publisher's messages from 0 on.
func NewLedger(subscribers, publishers int) *Ledger {
	return &Ledger{
		publishers: publishers,
		pages:      make([]page, subscribers*publishers),
		orders:     make([]uint64, subscribers),
	}
}

// Receive notes that a subscriber got m.
func (l *Ledger) Receive(subscriber int, m Mark) {
	const prime = 1099511628211 // FNV's
	l.orders[subscriber] = (l.orders[subscriber] ^ uint64(m.Seq) ^ uint64(m.Publisher)<<32) * prime
	p := &l.pages[subscriber*l.publishers+m.Publisher]
	if m.Seq < p.next {
		l.late(p, p.next-1-m.Seq)
		return
	}
	skipped := m.Seq - p.next
	l.Lost += uint64(skipped)
	l.Delivered++
	p.next = m.Seq + 1
	p.recent = p.recent<<(skipped+1) | 1 // a shift by 64 or more leaves only the 1
}

// late notes a message that should have come age messages earlier.
func (l *Ledger) late(p *page, age uint32) {
	bit := uint64(1) << age // 0 when it is too old to know
	if bit != 0 && p.recent&bit == 0 {
		p.recent |= bit
		l.Lost--
		l.Delivered++
		l.Reordered++
		return
	}
	l.Duplicated++
}

// Close counts as lost what each publisher sent and a subscriber lacks at the
// end, and compares the subscribers' orders. sent has one number for each
// publisher. Receive must not be called afterwards.
func (l *Ledger) Close(sent []uint32) Counts {
	for i, p := range l.pages {
		if want := sent[i%l.publishers]; p.next < want {
			l.Lost += uint64(want - p.next)
		}
	}
	for _, o := range l.orders {
		if o != l.orders[0] {
			l.Disagreed++
		}
	}
	return l.Counts
}
