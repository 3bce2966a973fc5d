package webhooks

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"fanfare/channels"
	"fanfare/channels/linger"
)

// Hooks tell applications what happens on their channels. The package comment
// has the whole.
type Hooks struct {
	// Static after construction.
	cfg        Config
	start      time.Time
	apps       *ledger
	misses     misses
	lingering  *linger.Set[lingerer]
	handover   *handover
	journal    *journal // nil without Config.Dir
	courier    *courier
	admissions [standings]admission // for requests, by how the endpoint stands
	brake      brake                // for requests, while Hooks are suspended

	// The ends of things, in the order in which they come.
	closed   atomic.Bool   // nothing is taken any more
	closing  chan struct{} // what waits for company is sent now
	fetching context.Context
	unfetch  context.CancelFunc
	quit     chan struct{} // for the desk
	ctx      context.Context
	cancel   context.CancelFunc // ends requests and lanes

	desk, fetches, lanes sync.WaitGroup

	// One of Suspend, Export, Import, Resume and Close at a time.
	step  sync.Mutex
	phase phase // guarded by step

	// Atomic.
	number atomic.Uint64 // of the last event
	queued atomic.Int64  // bytes in all queues
	sums   sums

	// Guarded by mu. Only the desk adds and removes, and New before it runs.
	mu        sync.RWMutex
	endpoints map[address]*endpoint
}

var _ channels.Witness = (*Hooks)(nil).Witness

// New starts Hooks. With Config.Dir it begins to send what an earlier process
// left there; the error says what is wrong with the folder, or the Config.
func New(cfg Config) (*Hooks, error) {
	if err := cfg.fill(); err != nil {
		return nil, err
	}
	h := newHooks(cfg)
	begin := h.Resume
	if cfg.Held {
		begin = h.journal.makeFolder
	}
	if err := begin(); err != nil {
		return nil, errors.Join(err, h.Close(context.Background()))
	}
	return h, nil
}

// newHooks returns Hooks that are held.
func newHooks(cfg Config) *Hooks {
	h := &Hooks{
		cfg:       cfg,
		start:     time.Now(),
		apps:      newLedger(cfg.Apps),
		courier:   newCourier(&cfg),
		closing:   make(chan struct{}),
		quit:      make(chan struct{}),
		endpoints: map[address]*endpoint{},
	}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	h.fetching, h.unfetch = context.WithCancel(h.ctx)
	h.admissions = admissions(cfg.Requests, h.ctx.Done())
	h.handover = newHandover(max(cfg.TotalBytes/8, 1), h.overrun)
	h.lingering = linger.New(linger.Config[lingerer]{
		Delay: cfg.Delay, Max: cfg.Lingering, Tell: h.lingered, Home: lingerer.home,
	})
	if cfg.Dir != "" {
		h.journal = newJournal(cfg.Dir, cfg.Log, &h.sums)
	}
	h.lingering.Pause()
	h.brake.pull()
	d := &desk{hooks: h, limbo: map[string][]record{}}
	h.desk.Go(func() { d.run(h.quit) })
	return h
}

// now is the time since the start, on the monotonic clock.
func (h *Hooks) now() time.Duration { return time.Since(h.start) }

func (h *Hooks) isClosing() bool {
	select {
	case <-h.closing:
		return true
	default:
		return false
	}
}

// endpoint finds or makes the endpoint with the address. Only the desk may call
// it, and New.
func (h *Hooks) endpoint(at address) *endpoint {
	if ep := h.endpoints[at]; ep != nil {
		return ep
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	ep := newEndpoint(h, at)
	h.endpoints[at] = ep
	return ep
}

func (h *Hooks) forget(ep *endpoint) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.endpoints, ep.address)
}

func (h *Hooks) allEndpoints() []*endpoint {
	h.mu.RLock()
	defer h.mu.RUnlock()
	all := make([]*endpoint, 0, len(h.endpoints))
	for _, ep := range h.endpoints {
		all = append(all, ep)
	}
	return all
}

// overrun is told what the handover dropped, with its lock held.
func (h *Hooks) overrun(dropped []record) {
	for i := range dropped {
		r := &dropped[i]
		if r.letter != nil {
			continue // kept
		}
		h.sums.dropped[DropHandover].Add(1)
		if r.fromLingered {
			h.journal.release(r.lingerer())
		}
	}
}

// Sync waits until all that was witnessed before is in the queues and, with
// Config.Dir, on disk. It must not be called after Close.
func (h *Hooks) Sync(ctx context.Context) error {
	if err := h.onDesk(ctx, func(*desk) error { return nil }); err != nil {
		return err
	}
	return h.journal.sync(ctx)
}

// Close ends Hooks. What happens on channels must have been witnessed before;
// what is witnessed later is not taken. Close returns when everything has been
// delivered, or when ctx ends.
//
// Without Config.Dir, ends that linger are told at once, failing endpoints are
// tried again until ctx ends, and what is left then is dropped, counted and
// part of the error. With it, an endpoint that fails is left alone, and what is
// left is on disk, with the ends that linger.
//
// Hooks that are held, or that Export has written down, just end: nothing is
// told, sent, dropped or written, since another process has it all. Suspended
// ones are resumed first.
func (h *Hooks) Close(ctx context.Context) error {
	if !h.closed.CompareAndSwap(false, true) {
		return errors.New("webhooks: Close was called before")
	}
	h.step.Lock()
	defer h.step.Unlock()
	was := h.phase
	h.phase = closed
	switch was {
	case held, taken, exported:
		return h.leave()
	case suspended:
		h.brake.release()
	case running, closed:
	}
	return h.deliverRest(ctx)
}

// leave ends Hooks whose events are another process's.
func (h *Hooks) leave() error {
	h.lingering.Stop()
	h.cancel()
	close(h.quit)
	h.desk.Wait() // it starts fetches and lanes
	h.fetches.Wait()
	h.lanes.Wait()
	h.courier.close()
	return h.journal.letGo()
}

func (h *Hooks) deliverRest(ctx context.Context) error {
	if h.journal == nil {
		h.lingering.Flush()
	}
	h.lingering.Stop()
	close(h.closing)
	h.unfetch()
	close(h.quit)
	h.desk.Wait() // it starts fetches and lanes
	h.fetches.Wait()
	h.waitLanes(ctx)
	h.courier.close()
	if h.journal != nil {
		return h.journal.close()
	}
	return h.abandon()
}

// waitLanes lets lanes finish until ctx ends.
func (h *Hooks) waitLanes(ctx context.Context) {
	stop := context.AfterFunc(ctx, h.cancel)
	defer stop()
	h.lanes.Wait()
	h.cancel()
}

// abandon counts what is left in memory.
func (h *Hooks) abandon() error {
	left := 0
	for _, ep := range h.allEndpoints() {
		ep.mu.Lock()
		left += ep.events
		ep.mu.Unlock()
		ep.shed(1<<62, DropShutdown)
	}
	if left == 0 {
		return nil
	}
	h.cfg.Log.Warn("webhook events were dropped: they were not delivered before the end, and no webhooks.dir keeps them", "events", left)
	return fmt.Errorf("%d webhook events were not delivered in time: set webhooks.dir to keep them", left)
}
