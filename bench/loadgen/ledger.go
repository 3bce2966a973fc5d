package loadgen

// Ledger checks that every subscriber gets every message of each of its
// sources once and in order and, where all have the same sources, that all
// get the messages of all sources in the same order. It costs 16 bytes for
// each pair of subscriber and source.
type Ledger struct {
	Counts
	each   int      // sources that a subscriber has
	pages  []page   // by subscriber
	orders []uint64 // by subscriber: a running hash of what came; nil when each has sources of its own
}

// Counts is what a Ledger found. Duplicated and Reordered are told apart when
// the late message is among the 64 latest of its source.
type Counts struct {
	Delivered  uint64 // messages that came, duplicates not counted
	Lost       uint64
	Duplicated uint64
	Reordered  uint64 // came, but after a later one of the same source
	Disagreed  uint64 // subscribers that saw another order than the first one
	Stray      uint64 // came to somebody who is not subscribed
}

// Clean reports whether nothing was lost, duplicated, out of order or sent to
// the wrong one.
func (c Counts) Clean() bool {
	c.Delivered = 0
	return c == Counts{}
}

// page is what one subscriber had from one source.
type page struct {
	source uint32
	next   uint32 // the sequence number that should come
	recent uint64 // bit i: next-1-i has come
}

// NewLedger returns one whose subscribers all get the messages of the sources
// from 0 up, each from 0 on.
func NewLedger(subscribers, sources int) *Ledger {
	all := make([]int, sources)
	for i := range all {
		all[i] = i
	}
	l := NewSparseLedger(subscribers, sources, func(int) []int { return all })
	l.orders = make([]uint64, subscribers)
	return l
}

// NewSparseLedger returns one whose subscribers have as many sources each as
// each says, and different ones. A message is looked for among them one after
// another, which is meant for a few dozen.
func NewSparseLedger(subscribers, each int, sources func(subscriber int) []int) *Ledger {
	l := &Ledger{each: each, pages: make([]page, subscribers*each)}
	for i := range subscribers {
		for k, source := range sources(i)[:each] {
			l.pages[i*each+k].source = uint32(source)
		}
	}
	return l
}

// Receive notes that a subscriber got m. It reports whether that is one that
// was awaited, and no duplicate.
func (l *Ledger) Receive(subscriber int, m Mark) (fresh bool) {
	p := l.page(subscriber, uint32(m.Source))
	if p == nil {
		l.Stray++
		return false
	}
	l.order(subscriber, m)
	if m.Seq < p.next {
		return l.late(p, p.next-1-m.Seq)
	}
	skipped := m.Seq - p.next
	l.Lost += uint64(skipped)
	l.Delivered++
	p.next = m.Seq + 1
	p.recent = p.recent<<(skipped+1) | 1 // a shift by 64 or more leaves only the 1
	return true
}

// page finds a source among a subscriber's, nil when it is not there.
func (l *Ledger) page(subscriber int, source uint32) *page {
	own := l.pages[subscriber*l.each:][:l.each]
	if int(source) < len(own) && own[source].source == source {
		return &own[source]
	}
	for i := range own {
		if own[i].source == source {
			return &own[i]
		}
	}
	return nil
}

func (l *Ledger) order(subscriber int, m Mark) {
	const prime = 1099511628211 // FNV's
	if l.orders != nil {
		l.orders[subscriber] = (l.orders[subscriber] ^ uint64(m.Seq) ^ uint64(m.Source)<<32) * prime
	}
}

// late notes a message that should have come age messages earlier.
func (l *Ledger) late(p *page, age uint32) bool {
	bit := uint64(1) << age // 0 when it is too old to know
	if bit != 0 && p.recent&bit == 0 {
		p.recent |= bit
		l.Lost--
		l.Delivered++
		l.Reordered++
		return true
	}
	l.Duplicated++
	return false
}

// Close counts as lost what each source sent and a subscriber lacks at the
// end, and compares the subscribers' orders. sent has one number for each
// source. Receive must not be called afterwards.
func (l *Ledger) Close(sent []uint32) Counts {
	for _, p := range l.pages {
		if want := sent[p.source]; p.next < want {
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
