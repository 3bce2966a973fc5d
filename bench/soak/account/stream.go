package account

import (
	"slices"
	"time"
)

// Stream is what one subscriber has had of one source.
type Stream struct {
	// Lossy says that the channel's slow-consumer policy may drop messages: what
	// lacks is counted as dropped, for the server's own counters to account for.
	Lossy bool

	joined time.Duration // when the latest subscription was confirmed; 0 while there is none
	fresh  bool          // nothing has come since
	next   uint32        // the highest that came, and 1
	recent uint64        // bit i: next-1-i has come
	open   []uint32      // uncertain ones that were passed over, and may still come
}

// maxOpen bounds Stream.open: a publisher that was not answered for more than
// so many messages in a row has given up long ago.
const maxOpen = 64

// Finding is what a message was, or how many were found missing.
type Finding struct {
	Lost     uint64 // had to come before this one, and did not
	Dropped  uint64 // the same on a lossy stream
	Declared uint64 // did not come, as they were sent before the subscription was confirmed, or uncertain
	Twice    bool
	Disorder bool // it came after a later one of its source

	// Uncertain are messages that came although their publisher was not answered
	// with success.
	Uncertain []uint32
}

// Clean reports whether nothing is wrong.
func (f *Finding) Clean() bool { return f.Lost == 0 && !f.Twice && !f.Disorder }

// Join notes that a subscription was confirmed: what is sent from now on must
// come.
func (s *Stream) Join(now time.Duration) { s.joined, s.fresh = now, true }

// Leave notes that the subscription has ended: nothing more has to come.
func (s *Stream) Leave() { s.joined, s.fresh = 0, false }

// Joined reports whether the subscription stands.
func (s *Stream) Joined() bool { return s.joined > 0 }

// Flows reports whether the subscription stands, and has brought something.
func (s *Stream) Flows() bool { return s.Joined() && !s.fresh }

// Receive notes that a message came.
func (s *Stream) Receive(m Stamp) (f Finding) {
	if m.Seq < s.next {
		s.late(m.Seq, &f)
		return f
	}
	s.gap(m, &f)
	f.Uncertain = s.uncertain(m)
	skipped := m.Seq - s.next
	s.recent = s.recent<<(skipped+1) | 1 // a shift by 64 or more leaves only the 1
	s.next, s.fresh = m.Seq+1, false
	return f
}

// gap judges what lacks before m.
func (s *Stream) gap(m Stamp, f *Finding) {
	skipped := uint64(m.Seq - s.next)
	owed := uint64(m.Certain) - min(uint64(m.Certain), uint64(s.next)) // up to the certain one
	switch {
	case owed == 0 || s.fresh && m.CertainSent <= s.joined:
		f.Declared = skipped
		return
	case s.fresh: // the certain one was owed, and nobody knows since which
		owed = 1
	}
	f.Declared = skipped - owed
	if s.Lossy {
		f.Dropped = owed
		return
	}
	f.Lost = owed
}

// uncertain notes which messages before m nobody has answered for, and returns
// those of them that have come.
func (s *Stream) uncertain(m Stamp) (came []uint32) {
	for seq := max(m.Certain, m.Seq-min(m.Seq, maxOpen)); seq < m.Seq; seq++ {
		if seq < s.next {
			if s.had(seq) {
				came = append(came, seq)
			}
			continue
		}
		s.open = append(s.open, seq)
	}
	if over := len(s.open) - maxOpen; over > 0 {
		s.open = slices.Delete(s.open, 0, over)
	}
	return came
}

// had reports whether one of the latest 64 has come.
func (s *Stream) had(seq uint32) bool { return s.recent&s.bit(seq) != 0 }

// bit is that of a number below next; 0 when it is too old to know.
func (s *Stream) bit(seq uint32) uint64 { return 1 << (s.next - 1 - seq) }

// late judges a message that comes after a later one.
func (s *Stream) late(seq uint32, f *Finding) {
	if i := slices.Index(s.open, seq); i >= 0 { // its request was still on its way when the next one was made
		s.open = slices.Delete(s.open, i, i+1)
		s.recent |= s.bit(seq)
		f.Uncertain = []uint32{seq}
		return
	}
	if b := s.bit(seq); b != 0 && s.recent&b == 0 {
		s.recent |= b
		f.Disorder = true
		return
	}
	f.Twice = true
}

// Owes is how many messages had to come when the latest certain one of the
// source is last, and did not: at least so many.
func (s *Stream) Owes(last Stamp) uint64 {
	switch {
	case !s.Joined() || last.Seq < s.next || last.Sent <= s.joined:
		return 0
	case s.fresh:
		return 1
	}
	return uint64(last.Seq+1) - uint64(s.next)
}
