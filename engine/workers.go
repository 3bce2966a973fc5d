package engine

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/panjf2000/ants/v2"
)

// ErrPoolFull tells that the worker pool's queue is full. The caller does the
// work itself, or refuses with a reason.
var ErrPoolFull = errors.New("the worker pool is full: all workers are busy and the queue is at its limit")

// workers runs what may wait, off the loops: a bounded queue in front of a
// bounded pool of goroutines.
type workers struct {
	queue chan func()
	pool  *ants.Pool
	quit  chan struct{} // closed to end dispatch
	done  sync.WaitGroup

	refused atomic.Uint64 // jobs that found the queue full
}

func newWorkers(n, queue int, log *slog.Logger) (*workers, error) {
	pool, err := ants.NewPool(n, ants.WithPanicHandler(func(p any) {
		log.Error("panic in a worker; its job is lost", "panic", p, "stack", string(debug.Stack()))
	}), ants.WithLogger(antsLog{log}))
	if err != nil {
		return nil, err
	}
	w := &workers{queue: make(chan func(), queue), pool: pool, quit: make(chan struct{})}
	w.done.Go(w.dispatch)
	return w, nil
}

// submit never blocks.
func (w *workers) submit(job func()) error {
	select {
	case w.queue <- job:
		return nil
	default:
		w.refused.Add(1)
		return ErrPoolFull
	}
}

// dispatch hands queued jobs to the pool as workers become free.
func (w *workers) dispatch() {
	for {
		select {
		case job := <-w.queue:
			_ = w.pool.Submit(job) // fails only after stop
		case <-w.quit:
			return
		}
	}
}

// stop ends the pool. Jobs that still wait are dropped, since nobody is left
// to hear of them; those that run have a few seconds.
func (w *workers) stop() {
	close(w.quit)
	_ = w.pool.ReleaseTimeout(workersGrace) // also ends a dispatch that waits for a worker
	w.done.Wait()
}

const workersGrace = 3 * time.Second

type antsLog struct{ log *slog.Logger }

func (a antsLog) Printf(format string, args ...any) {
	a.log.Warn("worker pool: " + fmt.Sprintf(format, args...))
}
