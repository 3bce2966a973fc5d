package engine

import "sync/atomic"

// counters are a loop's own, plain numbers: counting costs an addition.
type counters struct {
	opened, upgrades, requests, messages    uint64
	receivedBytes, sentBytes, sends         uint64
	sentFrames, dropped, violations, panics uint64
	closed                                  [causes]uint64
}

// published is what a loop shows of its counters to other goroutines, once
// per turn and tick.
type published struct {
	numbers [publishedNumbers]atomic.Uint64
}

const publishedNumbers = 13 + int(causes)

// Stats is a snapshot of what the loops have counted, at most a second old.
type Stats struct {
	Open, Blocked                        uint64 // connections now; of them, those whose sockets take no more
	Opened, Upgrades, Requests, Messages uint64
	ReceivedBytes, SentBytes, Sends      uint64
	SentFrames, DroppedFrames            uint64
	Violations, Panics                   uint64
	Closed                               [causes]uint64 // by Cause
	QueuedBytes, MailboxBytes            int64          // waiting for slow sockets; posted and not yet run
	InputBytes                           int64          // of unfinished requests and messages
	Refused                              uint64         // connections closed at once, far over the limit
	Loops                                int
}

// EachClosed visits the connections closed so far, by cause.
func (s *Stats) EachClosed(visit func(c Cause, n uint64)) {
	for i, n := range s.Closed {
		visit(Cause(i), n)
	}
}

func (l *Loop) publish() {
	c := &l.counters
	n := [publishedNumbers]uint64{
		uint64(l.slots.live), uint64(l.blocked), c.opened, c.upgrades, c.requests, c.messages,
		c.receivedBytes, c.sentBytes, c.sends, c.sentFrames, c.dropped, c.violations, c.panics,
	}
	copy(n[13:], c.closed[:])
	for i, v := range n {
		l.shared.numbers[i].Store(v)
	}
}

func (s *Stats) add(l *Loop) {
	var n [publishedNumbers]uint64
	for i := range n {
		n[i] = l.shared.numbers[i].Load()
	}
	for i, field := range []*uint64{
		&s.Open, &s.Blocked, &s.Opened, &s.Upgrades, &s.Requests, &s.Messages,
		&s.ReceivedBytes, &s.SentBytes, &s.Sends, &s.SentFrames, &s.DroppedFrames, &s.Violations, &s.Panics,
	} {
		*field += n[i]
	}
	for i := range s.Closed {
		s.Closed[i] += n[13+i]
	}
	s.MailboxBytes += l.mail.reserved.Load()
}
