package rooms

import "fanfare/bench/loadgen"

// hearing is who has heard which whispers in one room. What a member sends
// after another's subscription was confirmed must reach that one, once and in
// order, if it stays; what was on its way while somebody came or went may.
type hearing struct {
	loadgen.Counts
	sent    []uint32 // by member: whispers so far
	heardOf []uint32 // by member: whispers of which somebody has heard the last
	said    uint64   // their sum
	in      []bool   // by member: whether it is owed what is sent
	heard   [][]page // by hearer and sender; a row is made when it is needed: nobody may ever speak in a large room
}

// page is what one member has heard of another.
type page struct {
	next   uint32 // the number after the highest one that came
	from   uint32 // earlier ones need not come
	recent uint64 // bit i: next-1-i has come
}

func newHearing(members int) *hearing {
	return &hearing{sent: make([]uint32, members), heardOf: make([]uint32, members), in: make([]bool, members), heard: make([][]page, members)}
}

// row is what one member has heard of each.
func (h *hearing) row(hearer int) []page {
	if h.heard[hearer] == nil {
		h.heard[hearer] = make([]page, len(h.sent))
	}
	return h.heard[hearer]
}

// admit notes that a member is owed all whispers from now on.
func (h *hearing) admit(member int) {
	h.in[member] = true
	if h.said == 0 {
		return
	}
	for sender, row := 0, h.row(member); sender < len(row); sender++ {
		row[sender].from = h.sent[sender]
	}
}

// dismiss notes that a member is not owed anything any more.
func (h *hearing) dismiss(member int) { h.in[member] = false }

// say takes the number of a member's next whisper.
func (h *hearing) say(sender int) uint32 {
	h.sent[sender]++
	h.said++
	return h.sent[sender] - 1
}

// hear notes that a whisper has come. It is false for one that must not have.
func (h *hearing) hear(hearer, sender int, seq uint32) bool {
	if hearer == sender || seq >= h.sent[sender] {
		h.Stray++
		return false
	}
	h.heardOf[sender] = max(h.heardOf[sender], seq+1)
	p := &h.row(hearer)[sender]
	if seq < p.next {
		return h.late(hearer, p, p.next-1-seq)
	}
	if h.in[hearer] {
		h.Lost += uint64(seq - min(seq, max(p.next, p.from)))
	}
	h.Delivered++
	p.recent = p.recent<<(seq-p.next+1) | 1 // a shift by 64 or more leaves only the 1
	p.next = seq + 1
	return true
}

// late notes a whisper that should have come age whispers earlier.
func (h *hearing) late(hearer int, p *page, age uint32) bool {
	bit := uint64(1) << age // 0 when it is too old to know
	if bit == 0 || p.recent&bit != 0 {
		h.Duplicated++
		return false
	}
	p.recent |= bit
	h.Delivered++
	h.Reordered++
	if h.in[hearer] && p.next-1-age >= p.from && h.Lost > 0 {
		h.Lost--
	}
	return true
}

// owed is how many whispers must still come.
func (h *hearing) owed() (n uint64) {
	if h.said == 0 {
		return 0
	}
	for hearer, in := range h.in {
		for sender, sent := range h.sent {
			if p := h.row(hearer)[sender]; in && hearer != sender {
				n += uint64(sent - min(sent, max(p.next, p.from)))
			}
		}
	}
	return n
}

// settled reports whether all who are owed a member's whispers have them, and it is
// certain that all have left the member: somebody has heard the last one.
func (h *hearing) settled(sender int) bool {
	if h.sent[sender] == 0 {
		return true
	}
	if h.heardOf[sender] < h.sent[sender] {
		return false
	}
	for hearer, in := range h.in {
		p := h.row(hearer)[sender]
		if in && hearer != sender && max(p.next, p.from) < h.sent[sender] {
			return false
		}
	}
	return true
}
