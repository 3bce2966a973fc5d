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
	pool  *ants.PoolWithFuncGeneric[func()]
	quit  chan struct{} // closed to end dispatch
	done  sync.WaitGroup

	taken   atomic.Uint64 // jobs that were taken
	ended   atomic.Uint64 // those of them that are over
	refused atomic.Uint64 // jobs that found the queue full
}

func newWorkers(n, queue int, log *slog.Logger) (*workers, error) {
	w := &workers{queue: make(chan func(), queue), quit: make(chan struct{})}
	var err error
	w.pool, err = ants.NewPoolWithFuncGeneric(n, w.work, ants.WithPanicHandler(func(p any) {
		log.Error("panic in a worker; its job is lost", "panic", p, "stack", string(debug.Stack()))
	}), ants.WithLogger(antsLog{log}))
	if err != nil {
		return nil, err
	}
	w.done.Go(w.dispatch)
	return w, nil
}

func (w *workers) work(job func()) {
	defer w.ended.Add(1)
	job()
}

// idle tells how many jobs were ever taken, if all of them are over.
func (w *workers) idle() (jobs uint64, idle bool) {
	ended := w.ended.Load() // first: it never overtakes the other
	jobs = w.taken.Load()
	return jobs, jobs == ended
}

// submit never blocks.
func (w *workers) submit(job func()) error {
	w.taken.Add(1) // before it can be over
	select {
	case w.queue <- job:
		return nil
	default:
		w.ended.Add(1)
		w.refused.Add(1)
		return ErrPoolFull
	}
}

// dispatch hands queued jobs to the pool as workers become free.
func (w *workers) dispatch() {
	for {
		select {
		case job := <-w.queue:
			_ = w.pool.Invoke(job) // fails only after stop
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
