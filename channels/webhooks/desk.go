package webhooks

import (
	"context"
	"errors"
	"time"

	"fanfare/channels/apps"
)

const (
	// sweepEvery is how often drops are logged and endpoints forgotten.
	sweepEvery = 10 * time.Second

	// maxLimbo is how many records may wait for their app's record.
	maxLimbo = 10_000

	// maxLines is how many log lines about drops a sweep may write.
	maxLines = 20
)

// desk turns records into events in queues. All of it belongs to its goroutine.
type desk struct {
	hooks *Hooks

	// limbo holds records of apps whose record has to be waited for.
	limbo   map[string][]record
	inLimbo int

	said Drops // those sums that are in the log already
}

// run works until quit is closed, and then on what has come before, unless that
// is another process's.
func (d *desk) run(quit <-chan struct{}) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-d.hooks.handover.ready:
			d.clear()
		case <-tick.C:
			d.sweep()
		case <-quit:
			if d.hooks.ctx.Err() != nil {
				return
			}
			d.clear()
			d.forsake()
			d.sayDrops()
			return
		}
	}
}

func (d *desk) clear() {
	for _, chunk := range d.hooks.handover.take() {
		for i := range chunk {
			d.handle(&chunk[i])
		}
	}
}

func (d *desk) handle(r *record) {
	switch r.kind {
	case errand:
		r.letter.do(d)
	case recordFetched:
		d.fetched(r)
	default:
		d.place(r)
	}
}

// place finds the app that the record belongs to.
func (d *desk) place(r *record) {
	if _, waits := d.limbo[r.app]; waits {
		d.wait(r)
		return
	}
	app, answer := d.hooks.apps.look(r.app)
	switch answer {
	case apps.Found:
		d.deliver(app, r)
	case apps.Later:
		d.wait(r)
		if len(d.limbo[r.app]) == 1 {
			d.hooks.fetches.Go(func() { d.hooks.fetchRecord(r.app) })
		}
	default:
		d.drop(r, DropRemoved)
	}
}

// deliver puts the event into the queue of every endpoint that wants it.
func (d *desk) deliver(app *apps.App, r *record) {
	h := d.hooks
	e := event{channel: r.channel, created: time.Now().UnixMilli(), born: h.now()}
	for i := range app.Webhooks {
		w := &app.Webhooks[i]
		if !w.Wants(r.kind.String(), r.channel) {
			continue
		}
		if e.json == nil {
			e.json = encode(r)
		}
		e.number = h.number.Add(1)
		at := address{app: app.ID, url: w.URL, nth: nth(app.Webhooks, i)}
		h.journal.put(at, &e)
		h.endpoint(at).add(e, app.WebhookBatching)
	}
	h.relieve()
	d.finish(r)
}

// finish notes that what lingered is now in the queues, or is nobody's.
func (d *desk) finish(r *record) {
	if r.fromLingered {
		d.hooks.journal.release(r.lingerer())
	}
}

func (d *desk) drop(r *record, why Drop) {
	d.hooks.sums.dropped[why].Add(1)
	d.finish(r)
}

// wait keeps a record until its app's record is there.
func (d *desk) wait(r *record) {
	if d.inLimbo >= maxLimbo {
		d.drop(r, DropRecord)
		return
	}
	d.limbo[r.app] = append(d.limbo[r.app], *r)
	d.inLimbo++
}

// fetched ends the wait of an app's records.
func (d *desk) fetched(r *record) {
	waited := d.limbo[r.app]
	delete(d.limbo, r.app)
	d.inLimbo -= len(waited)
	for i := range waited {
		switch {
		case r.letter.app != nil:
			d.deliver(r.letter.app, &waited[i])
		case !d.hooks.isClosing():
			d.drop(&waited[i], DropRecord)
		default: // what lingered stays on disk, and is told by the next process
			d.hooks.sums.dropped[DropRecord].Add(1)
		}
	}
}

// forsake drops what is still in limbo when Hooks end.
func (d *desk) forsake() {
	for app := range d.limbo {
		d.fetched(&record{app: app, letter: &letter{}})
	}
}

// fetchRecord waits for the app's record and sends it to the desk.
func (h *Hooks) fetchRecord(app string) {
	found := &letter{}
	for n := 1; ; n++ {
		ctx, cancel := context.WithTimeout(h.fetching, h.cfg.Timeout)
		record, err := h.apps.fetch(ctx, app)
		cancel()
		if err == nil {
			found.app = record
			break
		}
		if errors.Is(err, errGone) || h.fetching.Err() != nil || n == maxFetches {
			break
		}
		select {
		case <-time.After(backoff(n)):
		case <-h.fetching.Done():
		}
	}
	h.handover.push(record{kind: recordFetched, app: app, letter: found})
}

// maxFetches is how often a record is asked for: over about five minutes.
const maxFetches = 14

// relieve drops the oldest events of the largest queues while all together are
// too large. Some room is made at once, so that not every event has to look for
// the largest.
func (h *Hooks) relieve() {
	limit := int64(h.cfg.TotalBytes)
	if h.queued.Load() <= limit {
		return
	}
	for goal := limit - limit/16; h.queued.Load() > goal; {
		most, size := h.largest()
		if most == nil || most.shed(min(int(h.queued.Load()-goal), size/2+1), DropMemory) == 0 {
			return // the rest is in requests
		}
	}
}

func (h *Hooks) largest() (most *endpoint, size int) {
	for _, ep := range h.allEndpoints() {
		ep.mu.Lock()
		if ep.bytes > size {
			most, size = ep, ep.bytes
		}
		ep.mu.Unlock()
	}
	return most, size
}

// sweep logs what was dropped since the last sweep, and forgets endpoints that
// have nothing to send and are no more, or are too many.
func (d *desk) sweep() {
	d.sayDrops()
	h := d.hooks
	all := h.allEndpoints()
	tooMany := len(all) - h.cfg.Endpoints
	for _, ep := range all {
		app, answer := h.apps.peek(ep.app)
		gone := answer == apps.Unknown || answer == apps.Found && ep.find(app) == nil
		if (gone || tooMany > 0) && ep.idle() {
			h.forget(ep)
			tooMany--
		}
	}
}

// sayDrops logs by endpoint, and what belongs to none by itself.
func (d *desk) sayDrops() {
	h := d.hooks
	var sum Drops
	for why := range sum {
		sum[why] = h.sums.dropped[why].Load()
	}
	if sum == d.said {
		return
	}
	lines, silent := 0, 0
	for _, ep := range h.allEndpoints() {
		dropped, any := ep.unsaid()
		switch {
		case !any:
		case lines >= maxLines:
			silent++
		default:
			lines++
			ep.log.Warn("webhook events were dropped", dropped.attrs()...)
		}
	}
	total := Drops{}
	for why := range sum {
		total[why] = sum[why] - d.said[why]
	}
	d.said = sum
	h.cfg.Log.Warn("webhook events were dropped, all together", append(total.attrs(), "endpoints_not_listed", silent)...)
}

// attrs returns the reasons that occurred.
func (d *Drops) attrs() (list []any) {
	for why, n := range d.All {
		if n > 0 {
			list = append(list, why.String(), n)
		}
	}
	return list
}
