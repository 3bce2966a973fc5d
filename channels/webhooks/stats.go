package webhooks

import (
	"cmp"
	"net/url"
	"slices"
	"sync/atomic"
	"time"
)

// Drop is why an event was not delivered. It is a counter's index and a
// metric's label.
type Drop uint8

// The reasons.
const (
	DropQueue    Drop = iota // pushed out: its endpoint's queue was full
	DropMemory               // pushed out: all queues together were full
	DropExpired              // failing and older than Config.RetryFor
	DropRemoved              // its app or webhook was removed
	DropHandover             // the desk did not keep up; counted once, not per endpoint
	DropRecord               // its app's record could not be had; counted once
	DropShutdown             // left in memory when Close's time was over
	DropDisk                 // unreadable on disk at the start

	drops // how many there are
)

var dropNames = [drops]string{"queue_full", "memory_full", "expired", "removed", "handover_full", "no_record", "shutdown", "unreadable"}

// String returns the reason as a metric's label spells it.
func (d Drop) String() string {
	if d >= drops {
		return "invalid drop"
	}
	return dropNames[d]
}

// Drops are counts by reason; the index is a [Drop].
type Drops [drops]uint64

// All yields every reason with its count, zeros included.
func (d *Drops) All(yield func(Drop, uint64) bool) {
	for why, n := range d {
		if !yield(Drop(why), n) {
			return
		}
	}
}

// Stats is what has been counted since the start, and what waits now.
type Stats struct {
	Delivered      uint64 // events that were answered with a 2xx
	FailedAttempts uint64 // requests that were not
	Dropped        Drops
	Queued         int // events in all queues
	QueuedBytes    int
	Lingering      int    // channels and members in their delay
	DiskFailures   uint64 // commits that failed; they are tried again

	// Endpoints are those that have something to send or had lately, at most
	// Config.Endpoints of the latter. Their counters start at 0 when an endpoint
	// was forgotten meanwhile; the sums above never go back.
	Endpoints []EndpointStats
}

// EndpointStats is about one webhook of an app.
type EndpointStats struct {
	App            string
	URL            string // without its query
	Number         int    // from 0, among the app's webhooks with this URL
	Queued         int
	QueuedBytes    int
	Oldest         time.Duration // age of the oldest that waits
	Delivered      uint64
	FailedAttempts uint64
	Dropped        Drops
	Failing        bool // the last request failed
}

// sums are the counters that never go back.
type sums struct {
	delivered, failed, diskFailures atomic.Uint64
	dropped                         [drops]atomic.Uint64
}

// Stats takes a look. Any goroutine may call it, every few seconds.
func (h *Hooks) Stats() Stats {
	s := Stats{
		Delivered:      h.sums.delivered.Load(),
		FailedAttempts: h.sums.failed.Load(),
		DiskFailures:   h.sums.diskFailures.Load(),
		Lingering:      h.lingering.Len(),
	}
	for why := range s.Dropped {
		s.Dropped[why] = h.sums.dropped[why].Load()
	}
	now := h.now()
	for _, ep := range h.allEndpoints() {
		e := ep.stats(now)
		s.Queued += e.Queued
		s.QueuedBytes += e.QueuedBytes
		s.Endpoints = append(s.Endpoints, e)
	}
	slices.SortFunc(s.Endpoints, func(a, b EndpointStats) int {
		return cmp.Or(cmp.Compare(a.App, b.App), cmp.Compare(a.URL, b.URL), cmp.Compare(a.Number, b.Number))
	})
	return s
}

// withoutQuery returns the URL for logs and metrics: a query may be a secret.
func withoutQuery(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "unreadable"
	}
	u.RawQuery, u.Fragment, u.User = "", "", nil
	return u.String()
}
