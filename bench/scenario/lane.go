//go:build linux

package scenario

import "fanfare/bench/loadgen"

// lane is a kept-alive connection to the HTTP API, and the events that wait
// for it. It has one request outstanding at most, so that events arrive at the
// server in the order in which they were pushed.
type lane struct {
	publisher *loadgen.Publisher
	batch     int // events in one request at most
	write     func(dst []byte, m loadgen.Mark) []byte
	free      func() // called when nothing waits and all was answered
	queue     []loadgen.Mark
	head      int // the first in queue that was not sent
	scratch   []byte
}

// lane opens one. Requests that are refused end the run.
func (r *run) lane(batch int, write func([]byte, loadgen.Mark) []byte) (*lane, error) {
	p, err := r.loop.Publisher(r.Target)
	if err != nil {
		return nil, err
	}
	l := &lane{publisher: p, batch: batch, write: write, free: func() {}}
	p.Answered = l.pump
	p.Refused = func(err error) { r.refusal = err }
	return l, nil
}

func (l *lane) push(m loadgen.Mark) { l.queue = append(l.queue, m) }

// idle reports whether nothing waits and all was answered.
func (l *lane) idle() bool { return l.head == len(l.queue) && l.publisher.Idle() }

// pump sends what waits, as much as one request may hold.
func (l *lane) pump() {
	if !l.publisher.Idle() {
		return
	}
	if l.head == len(l.queue) {
		l.queue, l.head = l.queue[:0], 0
		l.free()
		return
	}
	next := l.queue[l.head:min(len(l.queue), l.head+l.batch)]
	l.head += len(next)
	if len(next) == 1 {
		l.scratch = l.write(l.scratch[:0], next[0])
		l.publisher.Post("events", l.scratch)
		return
	}
	l.scratch = appendBatch(l.scratch[:0], next, l.write)
	l.publisher.Post("batch_events", l.scratch)
}
