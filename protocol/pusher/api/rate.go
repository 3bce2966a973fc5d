package api

import (
	"time"

	"fanfare/channels/apps"
)

// errReads refuses a question that comes too soon.
var errReads = &refusal{
	status: 429, why: apps.RefusedRate,
	text: "the app asks more often than its limit reads_per_second allows on this server: ask again in a second, or raise the limit",
}

// takeRead counts a request that only asks against the app's limit.
func (k *call) takeRead() *refusal {
	limit := k.App.Limits.ReadsPerSecond
	if limit == 0 || k.endpoint.method != "GET" || k.Live.Reads.Take(k.home.server.clock(), 1, limit) {
		return nil
	}
	return errReads
}

// takeEvents counts n events, once for each channel, against the app's limit:
// all or none. More than there ever are at once are not a matter of time.
func (k *call) takeEvents(n int) *refusal {
	limit := k.App.Limits.EventsPerSecond
	switch {
	case limit == 0:
		return nil
	case n > limit:
		return refusef(400, apps.RefusedCount,
			"the request publishes %d events, counted once for each channel: the app's limit events_per_second lets at most %d through at once; send fewer at a time, or raise the limit", n, limit)
	case k.Live.Events.Take(k.home.server.clock(), n, limit):
		return nil
	}
	return refusef(429, apps.RefusedRate,
		"the app publishes more than its limit events_per_second allows on this server, %d, counted once for each channel: nobody got anything of this; publish it again in a second, or raise the limit", limit)
}

// clock is what rates are measured with.
func (s *Server) clock() time.Duration { return s.cfg.Now().Sub(s.started) }
