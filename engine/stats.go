package engine

import "sync/atomic"

// counters are a loop's own, plain numbers: counting costs an addition.
type counters struct {
	opened, upgrades, requests, messages uint64
	receivedBytes, sentBytes, sends      uint64
	sentFrames, violations, panics       uint64
	proxied                              uint64
	slow                                 uint64 // connections, as of the last tick
	closed                               [causes]uint64
	slowClosed                           [limits]uint64
	dropped                              [drops]uint64
}

// published is what a loop shows of its counters to other goroutines, once
// per turn and tick.
type published struct {
	numbers [publishedNumbers]atomic.Uint64
}

const (
	publishedSingles = 14
	publishedNumbers = publishedSingles + int(causes) + int(limits) + int(drops)
)

// Stats is a snapshot of what the loops have counted, at most a second old.
type Stats struct {
	Open, Blocked                        uint64 // connections now; of them, those whose sockets take no more
	Slow                                 uint64 // of the upgraded ones, those whose sockets have taken nothing for a second or more
	Opened, Upgrades, Requests, Messages uint64
	ReceivedBytes, SentBytes, Sends      uint64
	SentFrames                           uint64
	Violations, Panics                   uint64
	Proxied                              uint64         // PROXY headers taken
	Closed                               [causes]uint64 // by Cause
	SlowClosed                           [limits]uint64 // closed for being slow, by Limit
	Dropped                              [drops]uint64  // frames of slow connections, by Drop
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

// EachSlowClosed visits the connections closed so far for being slow, by the
// limit that they reached.
func (s *Stats) EachSlowClosed(visit func(l Limit, n uint64)) {
	for i, n := range s.SlowClosed {
		visit(Limit(i), n)
	}
}

// EachDropped visits the frames dropped so far, by the reason.
func (s *Stats) EachDropped(visit func(d Drop, n uint64)) {
	for i, n := range s.Dropped {
		visit(Drop(i), n)
	}
}

func (l *Loop) publish() {
	c := &l.counters
	n := [publishedNumbers]uint64{
		uint64(l.slots.live), uint64(l.blocked), c.slow, c.opened, c.upgrades, c.requests, c.messages,
		c.receivedBytes, c.sentBytes, c.sends, c.sentFrames, c.violations, c.panics, c.proxied,
	}
	rest := n[publishedSingles:]
	rest = rest[copy(rest, c.closed[:]):]
	rest = rest[copy(rest, c.slowClosed[:]):]
	copy(rest, c.dropped[:])
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
		&s.Open, &s.Blocked, &s.Slow, &s.Opened, &s.Upgrades, &s.Requests, &s.Messages,
		&s.ReceivedBytes, &s.SentBytes, &s.Sends, &s.SentFrames, &s.Violations, &s.Panics, &s.Proxied,
	} {
		*field += n[i]
	}
	rest := n[publishedSingles:]
	rest = addTo(s.Closed[:], rest)
	rest = addTo(s.SlowClosed[:], rest)
	addTo(s.Dropped[:], rest)
	s.MailboxBytes += l.mail.reserved.Load()
}

// addTo adds as many numbers as there are sums, and returns the others.
func addTo(sums, numbers []uint64) []uint64 {
	for i := range sums {
		sums[i] += numbers[i]
	}
	return numbers[len(sums):]
}
