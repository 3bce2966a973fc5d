package logs

import (
	"io"
	"sync"
	"time"
)

// maxWaiting bounds the bytes that wait to be written.
const maxWaiting = 1 << 20

// queue is an io.Writer that never waits: a goroutine writes what was given to
// it. What there is no room for is lost, and counted.
type queue struct {
	to    io.Writer
	tell  func(lines int) // of those that were lost; on the goroutine
	wake  chan struct{}
	ended chan struct{}

	mu      sync.Mutex
	waiting []byte // guarded by mu
	spare   []byte // guarded by mu
	lost    int    // guarded by mu
	closed  bool   // guarded by mu
}

func newQueue(to io.Writer, tell func(lines int)) *queue {
	q := &queue{to: to, tell: tell, wake: make(chan struct{}, 1), ended: make(chan struct{})}
	go q.run()
	return q
}

// Write implements io.Writer for one line. It never fails.
func (q *queue) Write(line []byte) (int, error) {
	q.mu.Lock()
	if q.closed || len(q.waiting)+len(line) > maxWaiting {
		q.lost++
	} else {
		q.waiting = append(q.waiting, line...)
	}
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
	return len(line), nil
}

func (q *queue) run() {
	defer close(q.ended)
	for range q.wake {
		for {
			lines, lost, closed := q.take()
			if len(lines) > 0 {
				_, _ = q.to.Write(lines) // there is no other place to say it
			}
			if lost > 0 {
				q.tell(lost)
			}
			if len(lines) == 0 && closed {
				return
			}
			if len(lines) == 0 {
				break
			}
			q.keep(lines)
		}
	}
}

// take gives what waits, and how much was lost behind it.
func (q *queue) take() (lines []byte, lost int, closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	lines, lost = q.waiting, q.lost
	q.waiting, q.spare, q.lost = q.spare[:0], nil, 0
	return lines, lost, q.closed
}

// keep has a buffer used again, unless a burst has made it large.
func (q *queue) keep(b []byte) {
	const most = 64 << 10
	q.mu.Lock()
	defer q.mu.Unlock()
	if cap(b) <= most {
		q.spare = b
	}
}

// close returns when all is written, or when the time has passed.
func (q *queue) close(limit time.Duration) {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
	late := time.NewTimer(limit)
	defer late.Stop()
	select {
	case <-q.ended:
	case <-late.C:
	}
}
