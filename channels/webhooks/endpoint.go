package webhooks

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cespare/xxhash/v2"

	"fanfare/channels/apps"
)

// address names an endpoint: a webhook of an app. It stays the same when the
// webhook's filters or headers are changed, so that what is queued is kept.
type address struct {
	app, url string
	nth      int // among the app's webhooks with this URL
}

// nth returns the number of the webhook at i among those with its URL.
func nth(list []apps.Webhook, i int) int {
	n := 0
	for j := range i {
		if list[j].URL == list[i].URL {
			n++
		}
	}
	return n
}

// find returns the webhook with the address, nil if there is none any more.
func (a *address) find(app *apps.App) *apps.Webhook {
	n := 0
	for i := range app.Webhooks {
		if app.Webhooks[i].URL != a.url {
			continue
		}
		if n == a.nth {
			return &app.Webhooks[i]
		}
		n++
	}
	return nil
}

// endpoint is a webhook's queue, and what is known of how its receiver does.
type endpoint struct {
	// Static after construction.
	hooks *Hooks
	address
	log   *slog.Logger
	alone chan struct{} // full while a lane makes a request that must be the only one

	standing atomic.Int32 // a standing

	// Guarded by mu.
	mu                sync.Mutex
	lanes             []*lane
	events, bytes     int
	delivered, failed uint64
	dropped           Drops
	said              Drops         // those that are in the log already
	saidFailing       bool          // the log's last word is that it fails
	saidAt            time.Duration // when it had that
}

func newEndpoint(h *Hooks, a address) *endpoint {
	ep := &endpoint{
		hooks: h, address: a,
		log:    h.cfg.Log.With("app", a.app, "url", withoutQuery(a.url)),
		alone:  make(chan struct{}, 1),
		saidAt: -sayAgain,
	}
	ep.proven(unproven)
	return ep
}

// add queues an event. What does not fit any more pushes out the oldest.
func (ep *endpoint) add(e event, batching bool) {
	ep.mu.Lock()
	defer ep.mu.Unlock()
	ep.spreadLocked(batching)
	l := ep.queueLocked(&e)
	ep.boundLocked()
	l.wakeLocked()
}

// queueLocked puts an event into the lane that its channel has.
func (ep *endpoint) queueLocked(e *event) *lane {
	l := ep.lanes[xxhash.Sum64String(e.channel)%uint64(len(ep.lanes))]
	l.queue = append(l.queue, *e)
	ep.countLocked(e, 1)
	return l
}

// boundLocked drops the oldest events while there are too many.
func (ep *endpoint) boundLocked() {
	for ep.events > ep.hooks.cfg.QueueEvents || ep.bytes > ep.hooks.cfg.QueueBytes {
		if !ep.dropOldestLocked(DropQueue) {
			return
		}
	}
}

// spreadLocked makes as many lanes as there may be requests at a time. While
// something waits they stay as they are, because an event that changes its lane
// could overtake others of its channel.
func (ep *endpoint) spreadLocked(batching bool) {
	n := ep.hooks.cfg.Parallel
	if batching {
		n = 1
	}
	if len(ep.lanes) == n || len(ep.lanes) > 0 && !ep.idleLocked() {
		return
	}
	ep.lanesLocked(n)
}

func (ep *endpoint) lanesLocked(n int) {
	ep.lanes = make([]*lane, n)
	for i := range ep.lanes {
		ep.lanes[i] = &lane{ep: ep, full: make(chan struct{}, 1)}
	}
}

// idleLocked tells whether nothing waits and no lane's goroutine runs.
func (ep *endpoint) idleLocked() bool {
	for _, l := range ep.lanes {
		if l.running || len(l.queue) > 0 {
			return false
		}
	}
	return true
}

// countLocked counts an event in (1) or out (-1).
func (ep *endpoint) countLocked(e *event, sign int) {
	ep.events += sign
	ep.bytes += sign * e.size()
	ep.hooks.queued.Add(int64(sign * e.size()))
}

// dropOldestLocked drops the oldest event that is in no request right now, and
// reports whether there was one.
func (ep *endpoint) dropOldestLocked(why Drop) bool {
	var from *lane
	for _, l := range ep.lanes {
		if len(l.queue) > l.sending && (from == nil || l.queue[l.sending].number < from.queue[from.sending].number) {
			from = l
		}
	}
	if from == nil {
		return false
	}
	from.dropLocked(why)
	return true
}

// shed drops the oldest events until that many bytes are free, and returns how
// many are.
func (ep *endpoint) shed(want int, why Drop) int {
	ep.mu.Lock()
	defer ep.mu.Unlock()
	before := ep.bytes
	for before-ep.bytes < want && ep.dropOldestLocked(why) {
	}
	return before - ep.bytes
}

// target returns the app and the webhook as they are now. It may wait for the
// store. The error is errGone when one of them was removed.
func (ep *endpoint) target(ctx context.Context) (*apps.App, *apps.Webhook, error) {
	app, answer := ep.hooks.apps.look(ep.app)
	if answer == apps.Unknown {
		return nil, nil, errGone
	}
	if answer == apps.Later {
		var err error
		if app, err = ep.hooks.apps.fetch(ctx, ep.app); err != nil {
			return nil, nil, err
		}
	}
	hook := ep.find(app)
	if hook == nil {
		return nil, nil, errGone
	}
	return app, hook, nil
}

// batching tells whether the app wants several events in a request. An app
// that can't be looked up without waiting is taken for one that does not.
func (ep *endpoint) batching() bool {
	app, answer := ep.hooks.apps.peek(ep.app)
	return answer == apps.Found && app.WebhookBatching
}

// sayAgain is the least time between two log lines about an endpoint's failing.
const sayAgain = time.Minute

func (ep *endpoint) sayFailing(err error) {
	ep.proven(failing)
	now := ep.hooks.now()
	ep.mu.Lock()
	again := !ep.saidFailing && now-ep.saidAt >= sayAgain
	if again {
		ep.saidFailing, ep.saidAt = true, now
	}
	events := ep.events
	ep.mu.Unlock()
	if again {
		ep.log.Warn("a webhook's endpoint fails; its events wait", "error", err, "waiting", events)
	}
}

// sayWorks notes a success, and how long it took.
func (ep *endpoint) sayWorks(took time.Duration) {
	now := quick
	if took > slowAfter {
		now = slow
	}
	if ep.proven(now) != failing {
		return
	}
	ep.mu.Lock()
	said, events := ep.saidFailing, ep.events
	ep.saidFailing = false
	ep.mu.Unlock()
	if said {
		ep.log.Info("a webhook's endpoint works again", "waiting", events)
	}
}

// unsaid returns what was dropped and is not in the log yet.
func (ep *endpoint) unsaid() (d Drops, any bool) {
	ep.mu.Lock()
	defer ep.mu.Unlock()
	for why := range d {
		d[why] = ep.dropped[why] - ep.said[why]
	}
	ep.said = ep.dropped
	return d, d != Drops{}
}

func (ep *endpoint) idle() bool {
	ep.mu.Lock()
	defer ep.mu.Unlock()
	return ep.idleLocked()
}

func (ep *endpoint) stats(now time.Duration) EndpointStats {
	ep.mu.Lock()
	defer ep.mu.Unlock()
	s := EndpointStats{
		App: ep.app, URL: withoutQuery(ep.url), Number: ep.nth,
		Queued: ep.events, QueuedBytes: ep.bytes,
		Delivered: ep.delivered, FailedAttempts: ep.failed, Dropped: ep.dropped,
		Failing: ep.stands() == failing,
	}
	for _, l := range ep.lanes {
		if len(l.queue) > 0 {
			s.Oldest = max(s.Oldest, now-l.queue[0].born)
		}
	}
	return s
}
