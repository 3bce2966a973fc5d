package protocol

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"fanfare/channels/apps"
	"fanfare/engine"
)

// LookupLimits bounds Lookups. Fields that are zero get their default.
type LookupLimits struct {
	// Workers is how many of the pool's workers may wait for the app store at
	// the same time, default 1. Leave some free for whatever else needs them.
	Workers int
	// Max bounds the requests that wait at once, default 1,024, and MaxBytes
	// what they hold meanwhile, default 64 MiB.
	Max      int
	MaxBytes int64
	// Timeout is how long one may wait, default 5 s. It should be less than
	// engine.Config.AnswerTimeout, which ends a request without a word of the
	// protocol.
	Timeout time.Duration
}

const (
	defaultMaxLookups    = 1024
	defaultLookupBytes   = 64 << 20
	defaultLookupTimeout = 5 * time.Second
)

// Lookups are the requests that wait for their app's record, which the store
// could not give at once (apps.Later). They are parked and wait in a queue of
// their own; a few workers at a time ask the store, oldest first, so that a slow
// store never takes the whole pool; and each result comes back to its
// connection's loop.
//
// Bounded are how many wait, what they hold, for how long they do, and how many
// workers do it. All goroutines may use one.
type Lookups struct {
	// Static.
	limits LookupLimits
	submit func(job func()) error

	// Guarded by mu, which is held for moments only: loops take it.
	mu      sync.Mutex
	queue   []*lookup
	waiting int   // in the queue, and those that a worker asks for
	bytes   int64 // that those hold
	asking  int   // workers
}

// Lookup is one request that needs an app's record.
type Lookup struct {
	// Size is about how many bytes the request holds while it waits.
	Size int64
	// Fetch asks the store. It runs on a worker and must use nothing that is
	// borrowed.
	Fetch func(ctx context.Context) (*apps.App, error)
	// Answer goes on with the request, on its loop. It is not called when the
	// connection is gone or waits no longer. app is nil exactly when err is
	// not: apps.ErrUnknown when there is no such app, anything else when that
	// could not be found out.
	Answer func(c *engine.Conn, app *apps.App, err error)
}

var (
	// ErrLookupsFull means that too many requests wait, or hold too much.
	ErrLookupsFull = errors.New("too many requests wait for their app's record")

	// errNoAnswer stands when the store panicked, or broke its contract.
	errNoAnswer = errors.New("the app store gave no answer")
)

// NewLookups makes look-ups on a worker pool. submit gives it a job, or fails at
// once when it is full: engine.Server.Submit.
func NewLookups(submit func(job func()) error, limits LookupLimits) *Lookups {
	limits.Workers = cmp.Or(limits.Workers, 1)
	limits.Max = cmp.Or(limits.Max, defaultMaxLookups)
	limits.MaxBytes = cmp.Or(limits.MaxBytes, defaultLookupBytes)
	limits.Timeout = cmp.Or(limits.Timeout, defaultLookupTimeout)
	return &Lookups{limits: limits, submit: submit}
}

// Start parks the connection and has its app looked up. With ErrLookupsFull
// nothing has happened and the caller refuses the request. It is called on the
// connection's loop.
func (q *Lookups) Start(c *engine.Conn, ask Lookup) error {
	l := &lookup{
		Lookup: ask, from: q, loop: c.Loop(), handle: c.Handle(),
		deadline: time.Now().Add(q.limits.Timeout), err: errNoAnswer,
	}
	now, ok := q.hold(l)
	if !ok {
		return ErrLookupsFull
	}
	if now && q.submit(l.work) != nil {
		q.end(l)
		return ErrLookupsFull
	}
	c.Park()
	return nil
}

// Waiting is how many requests wait now. Any goroutine.
func (q *Lookups) Waiting() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return int64(q.waiting)
}

// hold makes room for one more request, and tells whether a worker may ask for
// it now. Else it is in the queue.
func (q *Lookups) hold(l *lookup) (now, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.waiting >= q.limits.Max || q.bytes+l.Size > q.limits.MaxBytes {
		return false, false
	}
	q.waiting++
	q.bytes += l.Size
	if q.asking < q.limits.Workers {
		q.asking++
		return true, true
	}
	q.queue = append(q.queue, l)
	return false, true
}

// end frees what a request held, and gives its worker's place to the oldest in
// the queue. That is a job of its own, so that others get their turn of the
// pool. When the pool has no room, a request that waited for it is refused like
// one that comes now.
func (q *Lookups) end(l *lookup) {
	for l = q.release(l); l != nil && q.submit(l.work) != nil; l = q.release(l) {
		l.err = ErrLookupsFull
		l.loop.Post(l)
	}
}

// release returns the request whose turn it is, nil when none waits for a
// worker.
func (q *Lookups) release(l *lookup) *lookup {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting--
	q.bytes -= l.Size
	if len(q.queue) == 0 {
		q.asking--
		return nil
	}
	next := q.queue[0]
	q.queue[0] = nil
	q.queue = q.queue[1:]
	return next
}

// lookup is a request that waits, and the task that brings the app to its loop.
// Its worker owns the result until it posts.
type lookup struct {
	// Static.
	Lookup
	from     *Lookups
	loop     *engine.Loop
	handle   engine.Handle
	deadline time.Time

	app *apps.App
	err error
}

// work runs on a worker. The task is posted, and the next begins, even when the
// store panics. A request whose time is over before its turn came is not worth
// asking for.
func (l *lookup) work() {
	defer l.from.end(l)
	defer l.loop.Post(l)
	ctx, cancel := context.WithDeadline(context.Background(), l.deadline)
	defer cancel()
	app, err := (*apps.App)(nil), ctx.Err()
	if err == nil {
		app, err = l.Fetch(ctx)
	}
	switch {
	case err != nil:
		l.err = err
	case app != nil:
		l.app, l.err = app, nil
	}
}

// Run implements engine.Task.
func (l *lookup) Run(loop *engine.Loop) {
	if c := loop.Conn(l.handle); c != nil && c.Parked() {
		l.Answer(c, l.app, l.err)
	}
}
