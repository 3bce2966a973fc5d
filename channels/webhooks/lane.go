package webhooks

import (
	"context"
	"errors"
	"slices"
	"time"
)

// What one request carries at most with batching, and how long its first event
// waits for others. A single event is always sent, however large.
const (
	maxBatch      = 100
	maxBatchBytes = 1 << 20
	batchWait     = time.Second
)

// closingWait is the longest pause between attempts when Hooks are being closed.
const closingWait = 500 * time.Millisecond

// A queue with room for more than this is not kept when it is empty.
const largeQueue = 1024

// lane is the part of an endpoint's queue that some of the channels have. Its
// requests go one after the other.
type lane struct {
	// Static after construction.
	ep   *endpoint
	full chan struct{} // holds a token when a whole batch is there

	// Guarded by ep.mu.
	queue   []event
	sending int  // how many at the head are in a request right now
	tried   int  // how many at the head were in a request that failed
	running bool // the goroutine runs, or is about to

	// Written by the goroutine while it has entered Hooks' brake, and so at rest
	// while Hooks are suspended.
	failures int           // in a row
	took     time.Duration // the last request, to the end of the answer
	again    time.Duration // when the next request may be made
}

// wakeLocked has the goroutine look at the queue.
func (l *lane) wakeLocked() {
	if !l.running {
		l.running = true
		l.ep.hooks.lanes.Go(l.run)
		return
	}
	if len(l.queue) >= maxBatch {
		select {
		case l.full <- struct{}{}:
		default:
		}
	}
}

// run sends until the queue is empty or Hooks end.
func (l *lane) run() {
	for l.rest() && l.ripen() && l.turn() {
	}
}

// turn makes a request when it may and draws the consequences. It returns false
// when the goroutine has to end.
func (l *lane) turn() (ok bool) {
	leave, ok := l.ep.admit()
	if !ok {
		return false
	}
	defer leave() // when it is known how the endpoint stands: others wait for that
	h := l.ep.hooks
	if !h.brake.enter(h.ctx.Done()) {
		return false
	}
	defer h.brake.exit()
	wait, ok := l.settle(l.attempt())
	l.again = h.now() + wait
	return ok
}

// ripen waits until a request is due. It returns false when the goroutine has
// to end, which is then on record.
func (l *lane) ripen() bool {
	for {
		wait, any := l.due()
		if !any {
			return false
		}
		if wait <= 0 {
			return true
		}
		select {
		case <-time.After(wait):
		case <-l.full:
		case <-l.ep.hooks.closing:
		case <-l.ep.hooks.ctx.Done():
		}
	}
}

// due returns how long the next request has to wait for more events.
func (l *lane) due() (wait time.Duration, any bool) {
	h := l.ep.hooks
	batching := l.ep.batching()
	l.ep.mu.Lock()
	defer l.ep.mu.Unlock()
	switch {
	case len(l.queue) == 0 || h.ctx.Err() != nil:
		l.running = false
		return 0, false
	case !batching || l.tried > 0 || len(l.queue) >= maxBatch || h.isClosing():
		return 0, true
	}
	return l.queue[0].born + batchWait - h.now(), true
}

// attempt makes one request.
func (l *lane) attempt() error {
	h := l.ep.hooks
	ctx, cancel := context.WithTimeout(h.ctx, h.cfg.Timeout)
	defer cancel()
	app, hook, err := l.ep.target(ctx)
	if err != nil {
		return err
	}
	events := l.take(app.WebhookBatching)
	if len(events) == 0 { // dropped meanwhile
		return nil
	}
	began := h.now()
	defer func() { l.took = h.now() - began }()
	return h.courier.post(ctx, app, hook, appendBody(nil, events))
}

// take marks the events of the next request and returns them. One that is tried
// again has the events that it had, as far as they are still there.
func (l *lane) take(batching bool) []event {
	l.ep.mu.Lock()
	defer l.ep.mu.Unlock()
	switch {
	case l.tried > 0:
		l.sending = l.tried
	case batching:
		l.sending = l.batchLocked()
	default:
		l.sending = min(len(l.queue), 1)
	}
	return slices.Clone(l.queue[:l.sending])
}

func (l *lane) batchLocked() int {
	bytes := 0
	for i := range l.queue {
		if bytes += len(l.queue[i].json); i == maxBatch || i > 0 && bytes > maxBatchBytes {
			return i
		}
	}
	return len(l.queue)
}

// settle draws the consequences of an attempt, and returns how long to wait if
// it failed. It returns false when the goroutine has to end.
func (l *lane) settle(err error) (wait time.Duration, ok bool) {
	switch {
	case err == nil:
		l.succeeded()
		return 0, true
	case errors.Is(err, errGone):
		l.dropAll(DropRemoved)
		return 0, true
	case l.ep.hooks.ctx.Err() != nil: // not the endpoint's fault
		l.putBack()
		return 0, false
	}
	l.failed()
	l.ep.sayFailing(err)
	return backoff(l.failures), true
}

func (l *lane) succeeded() {
	if l.delivered() > 0 { // else there was no request
		l.failures = 0
		l.ep.sayWorks(l.took)
	}
}

// delivered takes out what was in the request, and returns how many that were.
func (l *lane) delivered() (n int) {
	l.ep.mu.Lock()
	defer l.ep.mu.Unlock()
	n = l.sending
	l.sending, l.tried = 0, 0
	l.ep.delivered += uint64(n)
	l.ep.hooks.sums.delivered.Add(uint64(n))
	for range n {
		l.popLocked()
	}
	return n
}

// failed puts the events back and drops those that are too old, also those that
// were not in the request: had they been, they would have failed.
func (l *lane) failed() {
	l.failures++
	h := l.ep.hooks
	h.sums.failed.Add(1)
	l.putBack()
	l.ep.mu.Lock()
	defer l.ep.mu.Unlock()
	l.ep.failed++
	for oldest := h.now() - h.cfg.RetryFor; len(l.queue) > 0 && l.queue[0].born <= oldest; {
		l.dropLocked(DropExpired)
	}
}

func (l *lane) putBack() {
	l.ep.mu.Lock()
	defer l.ep.mu.Unlock()
	if l.sending > 0 { // else there was no request
		l.tried = l.sending
	}
	l.sending = 0
}

// rest waits after an attempt that failed. It returns false when the goroutine
// has to end. While Hooks are being closed, what is on disk need not be tried
// again, and what is not is tried soon.
func (l *lane) rest() bool {
	h := l.ep.hooks
	wait := l.again - h.now()
	if wait <= 0 {
		return true
	}
	closing := h.closing
	if h.isClosing() {
		if h.journal != nil {
			return false
		}
		wait, closing = min(wait, closingWait), nil
	}
	select {
	case <-time.After(wait):
		return true
	case <-closing:
		return h.journal == nil
	case <-h.ctx.Done():
		return false
	}
}

// dropAll drops what is in no request.
func (l *lane) dropAll(why Drop) {
	l.ep.mu.Lock()
	defer l.ep.mu.Unlock()
	for len(l.queue) > l.sending {
		l.dropLocked(why)
	}
}

// dropLocked drops the oldest event that is in no request.
func (l *lane) dropLocked(why Drop) {
	// Those in the request move up: they are few, what waits may be long.
	gone := l.queue[l.sending]
	copy(l.queue[1:l.sending+1], l.queue[:l.sending])
	l.queue[0] = gone
	if l.sending == 0 && l.tried > 0 {
		l.tried--
	}
	l.popLocked()
	l.ep.dropped[why]++
	l.ep.hooks.sums.dropped[why].Add(1)
}

// popLocked takes the first event out.
func (l *lane) popLocked() {
	e := &l.queue[0]
	l.ep.countLocked(e, -1)
	l.ep.hooks.journal.remove(e.number)
	*e = event{}
	l.queue = l.queue[1:]
	if len(l.queue) == 0 && cap(l.queue) > largeQueue {
		l.queue = nil
	}
}
