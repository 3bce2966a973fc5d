//go:build linux

package course

import "fanfare/bench/loadgen"

// Lane is a kept-alive connection to the HTTP API, and the events that wait
// for it. It has one request outstanding at most, so that events arrive at the
// server in the order in which they were pushed.
type Lane struct {
	publisher *loadgen.Publisher
	batch     int // events in one request at most
	write     func(dst []byte, m loadgen.Mark) []byte
	free      func()
	queue     []loadgen.Mark
	head      int // the first in queue that was not sent
	scratch   []byte
}

// Lane opens one. write appends an event, free is called whenever nothing waits
// and all was answered. Requests that are refused end the run.
func (r *Run) Lane(batch int, write func([]byte, loadgen.Mark) []byte, free func()) (*Lane, error) {
	p, err := r.Loop.Publisher(r.Target)
	if err != nil {
		return nil, err
	}
	l := &Lane{publisher: p, batch: batch, write: write, free: free}
	p.Answered = l.Pump
	p.Refused = func(err error) { r.refusal = err }
	return l, nil
}

// Push queues an event; Pump sends it.
func (l *Lane) Push(m loadgen.Mark) { l.queue = append(l.queue, m) }

// Waiting is how many events were not sent yet.
func (l *Lane) Waiting() int { return len(l.queue) - l.head }

// Busy reports whether something waits, or was not answered.
func (l *Lane) Busy() bool { return l.Waiting() > 0 || !l.publisher.Idle() }

// Pump sends what waits, as much as one request may hold.
func (l *Lane) Pump() {
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
