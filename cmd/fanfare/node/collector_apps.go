//go:build unix

package node

import (
	"maps"
	"time"

	"fanfare/channels/apps"
	"fanfare/channels/webhooks"
)

// appFigures is what metrics tell of an app, or of all that have no place of
// their own there.
type appFigures struct {
	id      string
	totals  apps.Totals
	refused map[apps.Refusal]uint64
	hooks   hookFigures
}

// hookFigures are of all webhooks of an app.
type hookFigures struct {
	queued, bytes, failing int
	oldest                 time.Duration
}

func (f *hookFigures) add(e *webhooks.EndpointStats) {
	f.queued += e.Queued
	f.bytes += e.QueuedBytes
	f.oldest = max(f.oldest, e.Oldest)
	if e.Failing {
		f.failing++
	}
}

// figuresOf gives the figures of every app that has a name in metrics, and those
// of the others together, if there are any.
func figuresOf(t *apps.Tenants, endpoints []webhooks.EndpointStats) []appFigures {
	var list []appFigures
	at := map[string]int{}
	for id, live := range t.All() {
		if live.Named() {
			at[id] = len(list)
			list = append(list, figuresOfOne(live))
		}
	}
	rest := t.Others()
	other := appFigures{id: apps.Other, totals: rest.Totals, refused: map[apps.Refusal]uint64{}}
	for why, n := range rest.Refused {
		other.refused[apps.Refusal(why)] = n
	}
	for i := range endpoints {
		if place, named := at[endpoints[i].App]; named {
			list[place].hooks.add(&endpoints[i])
		} else {
			other.hooks.add(&endpoints[i])
		}
	}
	if rest.Apps > 0 || rest.Totals != (apps.Totals{}) || other.hooks != (hookFigures{}) {
		list = append(list, other)
	}
	return list
}

func figuresOfOne(live *apps.Live) appFigures {
	return appFigures{id: live.ID(), totals: live.Totals(), refused: maps.Collect(live.Refused())}
}

// perApp is a metric with one series for each app, up to metrics.max_apps.
func perApp[T int | int64 | uint64 | float64](k kind, name, help string, read func(f *appFigures) T) metric {
	return labelled(k, "app_"+name, help, "app", func(s *snapshot, emit func(float64, ...string)) {
		for i := range s.apps {
			emit(float64(read(&s.apps[i])), s.apps[i].id)
		}
	})
}

func appSeries[T int64 | uint64](k kind, name, help string, read func(t *apps.Totals) T) metric {
	return perApp(k, name, help, func(f *appFigures) T { return read(&f.totals) })
}

// appMetrics are of each app; of those beyond metrics.max_apps together as app
// "other".
var appMetrics = []metric{
	appSeries(gauge, "connections", "The app's open connections.", func(t *apps.Totals) int64 { return t.Connections }),
	appSeries(counter, "connections_opened_total", "The app's connections ever opened.", func(t *apps.Totals) uint64 { return t.Opened }),
	appSeries(counter, "messages_received_total", "Messages from the app's clients.", func(t *apps.Totals) uint64 { return t.MessagesIn }),
	appSeries(counter, "messages_sent_total", "Messages to the app's clients, one for each receiver.", func(t *apps.Totals) uint64 { return t.MessagesOut }),
	appSeries(counter, "received_bytes_total", "Payload bytes of messages from the app's clients.", func(t *apps.Totals) uint64 { return t.BytesIn }),
	appSeries(counter, "sent_bytes_total", "Bytes of messages to the app's clients, frame headers included.", func(t *apps.Totals) uint64 { return t.BytesOut }),
	appSeries(counter, "publishes_total", "Events accepted from the app's servers, one for each channel.", func(t *apps.Totals) uint64 { return t.Publishes }),
	appSeries(counter, "client_events_total", "Events accepted from the app's clients.", func(t *apps.Totals) uint64 { return t.ClientEvents }),
	appSeries(counter, "http_requests_total", "HTTP API requests with a good signature.", func(t *apps.Totals) uint64 { return t.Requests }),
	appSeries(counter, "subscribes_total", "Subscriptions accepted.", func(t *apps.Totals) uint64 { return t.Subscribes }),
	appRefusals(),
	perApp(gauge, "webhook_queued_events", "Events that wait for the app's webhooks.", func(f *appFigures) int { return f.hooks.queued }),
	perApp(gauge, "webhook_queued_bytes", "Bytes of events that wait for the app's webhooks.", func(f *appFigures) int { return f.hooks.bytes }),
	perApp(gauge, "webhook_oldest_seconds", "How long the oldest of them has waited.", func(f *appFigures) float64 { return f.hooks.oldest.Seconds() }),
	perApp(gauge, "webhooks_failing", "Webhooks of the app of which the last request failed.", func(f *appFigures) int { return f.hooks.failing }),
}

func appRefusals() metric {
	m := newMetric(counter, "app_refused_total", "Connections, commands and publishes refused.", "app", "reason")
	m.read = func(s *snapshot, emit func(float64, ...string)) {
		for i := range s.apps {
			for why, n := range s.apps[i].refused {
				emit(float64(n), s.apps[i].id, why.String())
			}
		}
	}
	return m
}
