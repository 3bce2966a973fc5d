package engine

import (
	"sync/atomic"
	"time"

	"fanfare/engine/websocket"
)

// counters are a loop's own, plain numbers: counting costs an addition. All are
// uint64, and listed in all.
type counters struct {
	opened, upgrades, requests, messages uint64
	receivedBytes, sentBytes, sends      uint64
	sentFrames, violations, panics       uint64
	proxied                              uint64
	stalls, longestStall                 uint64 // times that the loop stood still; nanoseconds
	closed                               [causes]uint64
	slowClosed                           [limits]uint64
	dropped                              [drops]uint64
	refused                              [refusals]uint64 // requests, by place in refusalStatuses

	badHandshakes [websocket.Faults]uint64

	// Not counted, but as of now.
	slow              uint64 // connections, as of the last tick
	open, blocked     uint64
	busy, longestPass uint64 // nanoseconds
	taken, takenSince uint64 // deliveries out of the mailbox that have not run, and Loop.clock of the oldest
}

func (c *counters) all() []*uint64 {
	list := []*uint64{
		&c.opened, &c.upgrades, &c.requests, &c.messages, &c.receivedBytes, &c.sentBytes, &c.sends, &c.sentFrames,
		&c.violations, &c.panics, &c.proxied, &c.stalls, &c.longestStall,
		&c.slow, &c.open, &c.blocked, &c.busy, &c.longestPass, &c.taken, &c.takenSince,
	}
	for _, array := range [][]uint64{c.closed[:], c.slowClosed[:], c.dropped[:], c.refused[:], c.badHandshakes[:]} {
		for i := range array {
			list = append(list, &array[i])
		}
	}
	return list
}

// published is what a loop shows to other goroutines: its counters, once per turn
// and tick, and its histograms, which it adds to in place.
type published struct {
	counters        []*uint64       // of the loop, which alone looks there
	numbers         []atomic.Uint64 // copies of them
	writes, fanouts histogram
}

func newPublished(c *counters) published {
	list := c.all()
	return published{counters: list, numbers: make([]atomic.Uint64, len(list))}
}

func (l *Loop) publish() {
	c := &l.counters
	c.open, c.blocked = uint64(l.slots.live), uint64(l.blocked)
	c.busy, c.longestPass = l.meter.busy, max(l.meter.longest, l.meter.before)
	c.taken, c.takenSince = uint64(len(l.taken)-l.takenNext), 0
	if c.taken > 0 {
		c.takenSince = uint64(l.taken[l.takenNext].at)
	}
	for i, n := range l.shared.counters {
		if copied := &l.shared.numbers[i]; copied.Load() != *n { // storing is dearer than looking
			copied.Store(*n)
		}
	}
}

// read gives the counters as they were published last. Any goroutine.
func (p *published) read() (c counters) {
	for i, n := range c.all() {
		*n = p.numbers[i].Load()
	}
	return c
}

// Stats is a snapshot of what the loops have counted, at most a second old.
type Stats struct {
	Open, Blocked                        uint64 // connections now; of them, those whose sockets take no more
	Slow                                 uint64 // of the upgraded ones, those whose sockets have taken nothing for a second or more
	Opened, Upgrades, Requests, Messages uint64
	ReceivedBytes, SentBytes, Sends      uint64
	SentFrames                           uint64
	Violations, Panics                   uint64
	Proxied                              uint64                   // PROXY headers taken
	Stalls                               uint64                   // times that a loop stood still
	LongestStall                         time.Duration            // of all loops
	Closed                               [causes]uint64           // by Cause
	SlowClosed                           [limits]uint64           // closed for being slow, by Limit
	Dropped                              [drops]uint64            // frames of slow or lost connections, by Drop
	RefusedRequests                      [refusals]uint64         // that the engine answered itself; EachRefusal
	BadHandshakes                        [websocket.Faults]uint64 // upgrades refused, by what was wrong
	QueueLimit, MailboxLimit, InputLimit int64                    // Config.QueueBudget, MailboxBytes (of one loop), InputBudget
	QueuedBytes, MailboxBytes            int64                    // waiting for slow sockets; posted and not yet run
	OldestBacklog                        time.Duration            // for how long the slowest socket has taken nothing
	InputBytes                           int64                    // of unfinished requests and messages
	Refused                              uint64                   // connections closed at once, far over the limit
	Jobs                                 int                      // that wait for a worker
	RefusedJobs                          uint64                   // that found the workers' queue full
	Handshakes                           Handshakes               // of TLS
	Loops                                int
	PerLoop                              []LoopStats

	// Writes is how long frames took from their posting (Loop.PostDelivery) until
	// the kernel had them for a connection, one count for each connection that
	// keeps up; of up to 64 that are sent to together, one stands for all.
	// Fanouts is how long until it had them for all connections of the loop, one
	// count for each posting that reached any.
	Writes, Fanouts Histogram
}

// LoopStats is about one loop.
type LoopStats struct {
	Open         uint64        // connections now
	Busy         time.Duration // in all of its life; the rest it waited for something to do
	LongestPass  time.Duration // that it spent with one connection or turn, in the last 30 to 60 s
	Stalls       uint64        // times that it stood still
	LongestStall time.Duration // ever

	// What is in the mailbox, and has not run.
	MailboxTasks int
	MailboxBytes int64         // of deliveries
	MailboxAge   time.Duration // of the oldest delivery
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

// refusalStatuses are those with which the engine refuses requests by itself. The
// last stands for all others.
var refusalStatuses = [refusals]int{400, 408, 413, 414, 431, 500, 501, 503, 505, 0}

const refusals = 10

// EachRefusal visits the requests that the engine has refused so far, by the
// status that it answered; 0 is any other.
func (s *Stats) EachRefusal(visit func(status int, n uint64)) {
	for i, n := range s.RefusedRequests {
		visit(refusalStatuses[i], n)
	}
}

func (c *counters) refuse(status int) {
	for i, s := range refusalStatuses {
		if s == status || s == 0 {
			c.refused[i]++
			return
		}
	}
}

func (s *Stats) add(l *Loop) {
	c := l.shared.read()
	for _, x := range []struct {
		sum *uint64
		n   uint64
	}{
		{&s.Open, c.open},
		{&s.Blocked, c.blocked},
		{&s.Slow, c.slow},
		{&s.Opened, c.opened},
		{&s.Upgrades, c.upgrades},
		{&s.Requests, c.requests},
		{&s.Messages, c.messages},
		{&s.ReceivedBytes, c.receivedBytes},
		{&s.SentBytes, c.sentBytes},
		{&s.Sends, c.sends},
		{&s.SentFrames, c.sentFrames},
		{&s.Violations, c.violations},
		{&s.Panics, c.panics},
		{&s.Proxied, c.proxied},
		{&s.Stalls, c.stalls},
	} {
		*x.sum += x.n
	}
	addTo(s.Closed[:], c.closed[:])
	addTo(s.SlowClosed[:], c.slowClosed[:])
	addTo(s.Dropped[:], c.dropped[:])
	addTo(s.RefusedRequests[:], c.refused[:])
	addTo(s.BadHandshakes[:], c.badHandshakes[:])
	s.Writes.add(&l.shared.writes)
	s.Fanouts.add(&l.shared.fanouts)
	s.addLoop(l, &c)
}

func addTo(sums, numbers []uint64) {
	for i, n := range numbers {
		sums[i] += n
	}
}

// addLoop adds what is told of each loop apart.
func (s *Stats) addLoop(l *Loop, c *counters) {
	tasks, since := l.mail.waiting()
	if c.takenSince != 0 {
		since = int64(c.takenSince)
	}
	ls := LoopStats{
		Open: c.open, Busy: time.Duration(c.busy), LongestPass: time.Duration(c.longestPass),
		Stalls: c.stalls, LongestStall: time.Duration(c.longestStall),
		MailboxTasks: tasks + int(c.taken), MailboxBytes: l.mail.reserved.Load(), MailboxAge: l.ageOf(since),
	}
	s.PerLoop = append(s.PerLoop, ls)
	s.LongestStall = max(s.LongestStall, ls.LongestStall)
	s.MailboxBytes += ls.MailboxBytes
	s.OldestBacklog = max(s.OldestBacklog, l.ageOf(l.oldestSince.Load()))
}

// ageOf is how long it is since Loop.clock was since, 0 for no time.
func (l *Loop) ageOf(since int64) time.Duration {
	if since == 0 {
		return 0
	}
	return max(0, time.Duration(l.clock()-since))
}
