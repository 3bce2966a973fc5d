package apps

import (
	"iter"
	"sync/atomic"
)

// Live is the run-time side of one app, shared by all protocols: how many
// connections are open, and what has been counted. Get it from [Tenants.Of].
// All methods may be called by any goroutine and never wait.
type Live struct {
	// Static after construction.
	id      string
	named   bool
	perLoop []Counters // one for each loop, the last for everybody else

	// Atomic. Touched once per connection or refusal, never per message.
	connections atomic.Int64
	opened      atomic.Uint64
	closed      atomic.Uint64
	refused     [refusals]atomic.Uint64

	// Events and Reads are what the app's servers may do a second on this node:
	// Limits.EventsPerSecond and Limits.ReadsPerSecond. Touched only where there
	// is such a limit.
	Events, Reads Rate
}

// Counters is one loop's share of an app's counters. They only ever grow. A
// loop has a cache line of its own, so that counting costs a few nanoseconds
// whatever the other loops do; who sends to many adds once for all of them.
type Counters struct {
	MessagesIn   atomic.Uint64 // WebSocket messages received
	MessagesOut  atomic.Uint64 // WebSocket messages handed to the kernel's side, once per receiver
	BytesIn      atomic.Uint64 // payload bytes of those received
	BytesOut     atomic.Uint64 // bytes of those handed over, frame headers included
	Publishes    atomic.Uint64 // events accepted from the HTTP API or another ingest, once per channel
	ClientEvents atomic.Uint64 // events accepted from clients
	Requests     atomic.Uint64 // HTTP API requests with a good signature
	Subscribes   atomic.Uint64 // subscriptions accepted
	RequestBytes atomic.Uint64 // of those requests' bodies
	AnswerBytes  atomic.Uint64 // of the bodies of the answers to them
	_            [48]byte      // to the end of a cache line
}

// Totals is what an app's counters amount to at one moment.
type Totals struct {
	Connections int64  // open now
	Opened      uint64 // ever opened
	Closed      uint64 // of those, and of those that were taken up
	MessagesIn, MessagesOut,
	BytesIn, BytesOut,
	Publishes, ClientEvents,
	Requests, Subscribes,
	RequestBytes, AnswerBytes uint64
}

func newLive(id string, loops int, named bool) *Live {
	return &Live{id: id, named: named, perLoop: make([]Counters, loops+1)}
}

// ID returns the app's id.
func (l *Live) ID() string { return l.id }

// Named tells whether metrics show the app by its id, and not among [Other]. It
// does not change.
func (l *Live) Named() bool { return l.named }

// Acquire counts one more open connection, unless max are open already (0 = no
// limit). The limit is an argument because the record that holds it may be
// replaced while connections are open. Every true must be paid back by one
// [Live.Release].
func (l *Live) Acquire(maxConnections int) bool {
	if !l.Reserve(maxConnections) {
		return false
	}
	l.Confirm()
	return true
}

// Reserve is Acquire for a connection that may turn out not to be one: every true
// is followed by [Live.Confirm], and later Release, or by [Live.Cancel].
func (l *Live) Reserve(maxConnections int) bool {
	for {
		n := l.connections.Load()
		if maxConnections > 0 && n >= int64(maxConnections) {
			return false
		}
		// Compare-and-swap rather than add and take back: an attempt that fails
		// must not, for a moment, make another one fail that would have fitted.
		if l.connections.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// TakeUp counts an open connection that another process had opened: it was let in
// there, so no limit holds. It is paid back as the others are.
func (l *Live) TakeUp() { l.connections.Add(1) }

// Confirm counts a reserved connection as opened. Counters never go back: a metric
// that did would look like a restart.
func (l *Live) Confirm() { l.opened.Add(1) }

// Release gives back what Acquire took. It panics when nothing was taken.
func (l *Live) Release() {
	l.Cancel()
	l.closed.Add(1)
}

// Cancel gives back what Reserve took: the connection was not opened.
func (l *Live) Cancel() {
	if l.connections.Add(-1) < 0 {
		l.connections.Add(1)
		panic("apps: Release without Acquire")
	}
}

// Connections returns how many are open now.
func (l *Live) Connections() int64 { return l.connections.Load() }

// On returns the counters of one loop, numbered from 0. Any other number, say
// -1, gives those that all who are no loop share. The pointer may be kept.
func (l *Live) On(loop int) *Counters {
	last := len(l.perLoop) - 1
	if loop < 0 || loop > last {
		loop = last
	}
	return &l.perLoop[loop]
}

// Refuse counts one refusal.
func (l *Live) Refuse(why Refusal) { l.refused[why].Add(1) }

// Refused yields every reason with its count, zeros included, so that a metric
// exists before its first event.
func (l *Live) Refused() iter.Seq2[Refusal, uint64] {
	return func(yield func(Refusal, uint64) bool) {
		for why := range refusals {
			if !yield(why, l.refused[why].Load()) {
				return
			}
		}
	}
}

// Totals adds all loops up. Counters that move meanwhile may be in it or not,
// each on its own.
func (l *Live) Totals() Totals {
	t := Totals{Connections: l.connections.Load(), Opened: l.opened.Load(), Closed: l.closed.Load()}
	for i := range l.perLoop {
		c := &l.perLoop[i]
		t.MessagesIn += c.MessagesIn.Load()
		t.MessagesOut += c.MessagesOut.Load()
		t.BytesIn += c.BytesIn.Load()
		t.BytesOut += c.BytesOut.Load()
		t.Publishes += c.Publishes.Load()
		t.ClientEvents += c.ClientEvents.Load()
		t.Requests += c.Requests.Load()
		t.Subscribes += c.Subscribes.Load()
		t.RequestBytes += c.RequestBytes.Load()
		t.AnswerBytes += c.AnswerBytes.Load()
	}
	return t
}

// Add adds another app's.
func (t *Totals) Add(o *Totals) {
	t.Connections += o.Connections
	t.Opened += o.Opened
	t.Closed += o.Closed
	t.MessagesIn += o.MessagesIn
	t.MessagesOut += o.MessagesOut
	t.BytesIn += o.BytesIn
	t.BytesOut += o.BytesOut
	t.Publishes += o.Publishes
	t.ClientEvents += o.ClientEvents
	t.Requests += o.Requests
	t.Subscribes += o.Subscribes
	t.RequestBytes += o.RequestBytes
	t.AnswerBytes += o.AnswerBytes
}
