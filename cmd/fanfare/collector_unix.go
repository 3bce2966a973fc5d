//go:build unix

package main

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"fanfare/channels"
	"fanfare/channels/apps"
	"fanfare/engine"
	"fanfare/protocol/pusher"
	"fanfare/protocol/pusher/api"
)

// collector reads what loops, channels, protocols and apps have counted, when
// Prometheus asks. Nothing is counted twice, so serving pays nothing for it.
type collector struct {
	engine   *engine.Server
	registry *channels.Registry
	pusher   *pusher.Server
	api      *api.Server
	tenants  *apps.Tenants
}

// snapshot is what one scrape sees.
type snapshot struct {
	limit    int // of connections
	engine   engine.Stats
	channels channels.Stats
	pusher   pusher.Stats
	api      api.Stats
}

// metric is one time series of the node, and how to read it.
type metric struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	read func(s *snapshot) float64
}

const gauge, counter = prometheus.GaugeValue, prometheus.CounterValue

func series[T int | int64 | uint64](kind prometheus.ValueType, name, help string, read func(s *snapshot) T) metric {
	return metric{describe(name, help), kind, func(s *snapshot) float64 { return float64(read(s)) }}
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("fanfare_"+name, help, labels, nil)
}

var nodeMetrics = []metric{
	series(gauge, "loops", "Event loops.", func(s *snapshot) int { return s.engine.Loops }),
	series(gauge, "connections", "Open TCP connections.", func(s *snapshot) uint64 { return s.engine.Open }),
	series(gauge, "connections_limit", "Open connections at which newcomers are refused.", func(s *snapshot) int { return s.limit }),
	series(gauge, "connections_blocked", "Connections whose sockets take no more at the moment.", func(s *snapshot) uint64 { return s.engine.Blocked }),
	series(gauge, "slow_connections", "WebSocket connections whose sockets have taken nothing for a second or more.", func(s *snapshot) uint64 { return s.engine.Slow }),
	series(counter, "connections_opened_total", "Connections accepted.", func(s *snapshot) uint64 { return s.engine.Opened }),
	series(counter, "connections_refused_total", "Connections closed at once: the node was far over its limit, or shutting down.", func(s *snapshot) uint64 { return s.engine.Refused }),
	series(counter, "upgrades_total", "Connections that became WebSockets, those included that were then refused with a close code.", func(s *snapshot) uint64 { return s.engine.Upgrades }),
	series(counter, "http_requests_total", "Complete HTTP requests received, upgrades included.", func(s *snapshot) uint64 { return s.engine.Requests }),
	series(counter, "messages_received_total", "WebSocket messages received.", func(s *snapshot) uint64 { return s.engine.Messages }),
	series(counter, "received_bytes_total", "Bytes read from connections.", func(s *snapshot) uint64 { return s.engine.ReceivedBytes }),
	series(counter, "sent_bytes_total", "Bytes written to connections.", func(s *snapshot) uint64 { return s.engine.SentBytes }),
	series(counter, "sends_total", "System calls that wrote to connections.", func(s *snapshot) uint64 { return s.engine.Sends }),
	series(counter, "frames_sent_total", "WebSocket frames and HTTP answers sent.", func(s *snapshot) uint64 { return s.engine.SentFrames }),
	series(counter, "protocol_violations_total", "Connections that broke HTTP or RFC 6455.", func(s *snapshot) uint64 { return s.engine.Violations }),
	series(counter, "panics_total", "Callbacks that panicked; each cost one connection.", func(s *snapshot) uint64 { return s.engine.Panics }),
	series(gauge, "input_bytes", "Bytes of unfinished requests and messages.", func(s *snapshot) int64 { return s.engine.InputBytes }),
	series(gauge, "outbound_queue_bytes", "Bytes waiting for slow connections.", func(s *snapshot) int64 { return s.engine.QueuedBytes }),
	series(gauge, "mailbox_bytes", "Bytes of events posted to loops and not yet sent.", func(s *snapshot) int64 { return s.engine.MailboxBytes }),

	series(gauge, "channels", "Occupied channels.", func(s *snapshot) int64 { return s.channels.Channels }),
	series(gauge, "subscriptions", "Subscriptions of connections to channels.", func(s *snapshot) int64 { return s.channels.Subscriptions }),
	series(gauge, "presence_members", "Members of presence channels.", func(s *snapshot) int64 { return s.channels.Members }),

	series(gauge, "pusher_sessions", "Sessions of the Pusher protocol.", func(s *snapshot) int64 { return s.pusher.Sessions }),
	series(counter, "pusher_sessions_opened_total", "Sessions of the Pusher protocol opened.", func(s *snapshot) uint64 { return s.pusher.Opened }),
	series(counter, "pusher_bad_handshakes_total", "Upgrades that were no WebSocket handshake.", func(s *snapshot) uint64 { return s.pusher.BadHandshakes }),
	series(counter, "pusher_pings_sent_total", "Pings sent to silent clients.", func(s *snapshot) uint64 { return s.pusher.PingsSent }),
	series(gauge, "pusher_lookups", "Upgrades that wait for an app's record.", func(s *snapshot) int64 { return s.pusher.Lookups }),
	series(counter, "pusher_lookup_errors_total", "App records that could not be read in time for an upgrade.", func(s *snapshot) uint64 { return s.pusher.LookupErrors }),
	series(counter, "pusher_auth_jobs_total", "Batches of signature checks given to the worker pool.", func(s *snapshot) uint64 { return s.pusher.AuthJobs }),
	series(counter, "pusher_auth_inline_total", "Signature checks that a loop did itself because the worker pool, or the connection's queue for it, was full.", func(s *snapshot) uint64 { return s.pusher.AuthInline }),

	series(gauge, "api_lookups", "HTTP API requests that wait for an app's record.", func(s *snapshot) int64 { return s.api.Lookups }),
	series(counter, "api_lookup_errors_total", "App records that could not be read in time for a request.", func(s *snapshot) uint64 { return s.api.LookupErrors }),
}

var (
	closedByCause = describe("connections_closed_total", "Connections ended.", "cause")
	slowClosed    = describe("slow_closed_total", "Connections closed with 4100 because they read too slowly, by the limit that they reached: bytes, frames, age (of the oldest message), budget (of the node).", "limit")
	slowDropped   = describe("slow_dropped_frames_total", "Messages dropped for connections that read too slowly: the oldest to keep a limit, conflated by newer ones, expired by age, or waiting for a connection that was closed.", "reason")
	refusedByCode = describe("pusher_refused_total", "Upgrades refused, by close code; 0 is any other.", "code")
	closedByCode  = describe("pusher_closed_total", "Sessions closed by the server, by close code; 0 is any other.", "code")
	apiAnswers    = describe("api_answers_total", "HTTP API requests answered, by status; 0 is any other.", "status")
	appRefused    = describe("app_refused_total", "Connections, commands and publishes refused.", "app", "reason")
)

// appMetric is one time series of each app.
type appMetric struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	read func(t *apps.Totals) float64
}

func appSeries[T int64 | uint64](kind prometheus.ValueType, name, help string, read func(t *apps.Totals) T) appMetric {
	return appMetric{describe("app_"+name, help, "app"), kind, func(t *apps.Totals) float64 { return float64(read(t)) }}
}

var appMetrics = []appMetric{
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
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, m := range nodeMetrics {
		out <- m.desc
	}
	for _, m := range appMetrics {
		out <- m.desc
	}
	for _, d := range []*prometheus.Desc{closedByCause, slowClosed, slowDropped, refusedByCode, closedByCode, apiAnswers, appRefused} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	s := &snapshot{c.engine.MaxConnections(), c.engine.Stats(), c.registry.Stats(), c.pusher.Stats(), c.api.Stats()}
	for _, m := range nodeMetrics {
		out <- prometheus.MustNewConstMetric(m.desc, m.kind, m.read(s))
	}
	s.engine.EachClosed(func(cause engine.Cause, n uint64) {
		out <- prometheus.MustNewConstMetric(closedByCause, counter, float64(n), cause.String())
	})
	s.engine.EachSlowClosed(func(limit engine.Limit, n uint64) {
		out <- prometheus.MustNewConstMetric(slowClosed, counter, float64(n), limit.String())
	})
	s.engine.EachDropped(func(why engine.Drop, n uint64) {
		out <- prometheus.MustNewConstMetric(slowDropped, counter, float64(n), why.String())
	})
	collectCodes(out, refusedByCode, s.pusher.Refused)
	collectCodes(out, closedByCode, s.pusher.Closed)
	collectCodes(out, apiAnswers, s.api.Answers)
	for id, live := range c.tenants.All() {
		collectApp(out, id, live)
	}
}

func collectCodes[T int | uint16](out chan<- prometheus.Metric, desc *prometheus.Desc, byCode map[T]uint64) {
	for code, n := range byCode {
		out <- prometheus.MustNewConstMetric(desc, counter, float64(n), strconv.Itoa(int(code)))
	}
}

func collectApp(out chan<- prometheus.Metric, id string, live *apps.Live) {
	t := live.Totals()
	for _, m := range appMetrics {
		out <- prometheus.MustNewConstMetric(m.desc, m.kind, m.read(&t), id)
	}
	for why, n := range live.Refused() {
		out <- prometheus.MustNewConstMetric(appRefused, counter, float64(n), id, why.String())
	}
}
