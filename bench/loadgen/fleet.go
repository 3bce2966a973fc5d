//go:build linux

package loadgen

import (
	"fmt"
	"time"
)

// Fleet is a set of WebSocket connections to one server, opened with a bounded
// number in flight, each with what it subscribes to.
type Fleet struct {
	// Receive is called with every channel event that a ready connection gets,
	// and its Mark. Nil only counts.
	Receive func(subscriber int, m Mark)
	// Other is called with every other text frame that a ready connection
	// gets, and that is no ping. Nil only counts.
	Other func(subscriber int, payload []byte)
	// Joined is called when a connection has become ready, with the time since
	// its first SYN.
	Joined func(subscriber int, took time.Duration)

	// Prompt has these connections looked at before all others, a hundred times
	// more often when there are thousands: theirs is the server's latency and
	// not the load generator's.
	Prompt bool

	// Messages and Bytes count the channel events that carried a mark, and
	// their frames' payload.
	Messages, Bytes uint64
	// Pings counts the server's that were answered, Pusher's and WebSocket's.
	Pings uint64

	loop     *Loop
	target   *Target
	join     func(i int) []Subscription
	inFlight int
	conns    []*subscriber
	size     int
	ready    int
	failed   int
	opening  bool  // within openMore
	err      error // of the first that failed
	hint     int   // offset of the last mark in its payload
	scratch  []byte
}

// Open begins to open n connections, at most inFlight at once that are not
// ready. join tells what the i-th subscribes to; nil is nothing. Run the loop
// until Ready.
func (l *Loop) Open(t *Target, n, inFlight int, join func(i int) []Subscription) *Fleet {
	if join == nil || t.Bare {
		join = func(int) []Subscription { return nil }
	}
	f := &Fleet{loop: l, target: t, join: join, inFlight: inFlight, size: n, conns: make([]*subscriber, 0, n), hint: -1}
	f.loop.At(0, f.openMore) // the caller may still set its callbacks
	return f
}

// Ready reports whether every connection stands and is subscribed, or has
// failed: Err tells.
func (f *Fleet) Ready() bool { return f.ready+f.failed >= f.size }

// Standing is how many connections stand and are subscribed.
func (f *Fleet) Standing() int { return f.ready }

// Size is how many connections it is to have; 0 when it was closed.
func (f *Fleet) Size() int { return f.size }

// Err is nil while no connection was refused, closed or cut off.
func (f *Fleet) Err() error {
	if f.failed == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d connections failed, the first with: %w", f.failed, f.size, f.err)
}

// Send sends a text frame on a ready connection. payload is copied.
func (f *Fleet) Send(subscriber int, payload []byte) {
	s := f.conns[subscriber]
	if s.state != ready {
		return // Err tells
	}
	f.scratch = appendFrame(f.scratch[:0], opText, payload)
	if err := s.write(f.scratch); err != nil {
		s.fail(err)
	}
}

// Close closes all connections, with a reset, and opens no more.
func (f *Fleet) Close() {
	f.size, f.ready, f.failed = 0, 0, 0
	for _, s := range f.conns {
		s.close()
	}
}

// openMore is called again by connections that fail at once.
func (f *Fleet) openMore() {
	if f.opening {
		return
	}
	f.opening = true
	defer func() { f.opening = false }()
	for len(f.conns) < f.size && len(f.conns)-f.ready-f.failed < f.inFlight {
		s := &subscriber{fleet: f, index: len(f.conns), joining: &joining{since: f.loop.Now()}}
		f.conns = append(f.conns, s)
		s.prompt = f.Prompt
		if err := s.open(f.loop, s, f.target, f.target.hello); err != nil {
			s.fail(err)
		}
	}
}

// receive takes the payload of a text frame that a ready connection got. It
// reports whether it was a channel event of ours.
func (f *Fleet) receive(subscriber int, payload []byte) bool {
	m, at := FindMark(payload, f.hint)
	if at < 0 {
		return false
	}
	f.hint = at
	f.Messages++
	f.Bytes += uint64(len(payload))
	if f.Receive != nil {
		f.Receive(subscriber, m)
	}
	return true
}

func (f *Fleet) other(subscriber int, payload []byte) {
	if f.Other != nil {
		f.Other(subscriber, payload)
	}
}
