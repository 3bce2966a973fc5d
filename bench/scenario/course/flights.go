package course

import "time"

// flights are the messages of one source that not all have got yet, in the
// order of their sequence numbers.
type flights struct {
	list []flight
	head int    // the first in list that is not over
	next uint32 // the sequence number after the latest one
}

type flight struct {
	due     time.Duration // when it was to be published, on the loop's clock
	missing int           // deliveries
}

// add begins the next message, and returns its sequence number.
func (f *flights) add(due time.Duration, deliveries int) uint32 {
	if f.head > 32 && f.head > len(f.list)/2 {
		f.list = f.list[:copy(f.list, f.list[f.head:])]
		f.head = 0
	}
	f.list = append(f.list, flight{due, deliveries})
	f.next++
	f.trim()
	return f.next - 1
}

// land notes a delivery, and returns when the message was due. ok is false
// when it was never sent, or nobody waits for it any more.
func (f *flights) land(seq uint32) (due time.Duration, ok bool) {
	i := len(f.list) - int(f.next-seq)
	if seq >= f.next || i < f.head {
		return 0, false
	}
	at := &f.list[i]
	at.missing--
	due = at.due
	if at.missing == 0 && i == f.head {
		f.trim()
	}
	return due, true
}

// trim forgets the messages at the head that are over.
func (f *flights) trim() {
	for f.head < len(f.list) && f.list[f.head].missing <= 0 {
		f.head++
	}
}

// over reports whether every message has come to everybody.
func (f *flights) over() bool { return f.head == len(f.list) }

// oldest is when the oldest message that is not over was due; now when there
// is none.
func (f *flights) oldest(now time.Duration) time.Duration {
	if f.over() {
		return now
	}
	return f.list[f.head].due
}

// first is the sequence number of the oldest message that is not over. There
// must be one.
func (f *flights) first() uint32 { return f.next - uint32(len(f.list)-f.head) }
