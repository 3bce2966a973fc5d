package slow

import "fmt"

// progress is what one slow reader has got of a numbered stream.
type progress struct {
	next     uint32 // the number after the highest one that came
	gaps     int    // times that something was left out
	skipped  uint64 // what was
	tail     uint32 // how many came in a row since
	disorder uint64 // that came twice or out of order
}

func (p *progress) receive(seq uint32) {
	switch {
	case seq < p.next:
		p.disorder++
		return
	case seq > p.next:
		p.gaps++
		p.skipped += uint64(seq - p.next)
		p.tail = 0
	}
	p.tail++
	p.next = seq + 1
}

// fate is what became of a slow reader.
type fate string

// The fates of those who were not closed, which are closedFate or cutOff.
const (
	gotAll    fate = "got everything"
	gotNewest fate = "got the newest message only"
	gotRing   fate = "got the newest messages"
	stuck     fate = "open, but without the newest message"
	cutOff    fate = "cut off without a close frame"
)

func closedFate(code int) fate { return fate(fmt.Sprintf("closed with %d", code)) }

// fate tells what became of a reader that is still open and has read all
// there is; sent is how many messages there were.
func (p *progress) fate(sent uint32) fate {
	switch {
	case p.next < sent:
		return stuck
	case p.gaps == 0:
		return gotAll
	case p.tail == 1:
		return gotNewest
	}
	return gotRing
}
