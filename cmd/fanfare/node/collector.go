//go:build unix

package node

import (
	"slices"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"fanfare/channels"
	"fanfare/channels/apps"
	"fanfare/channels/apps/database"
	"fanfare/channels/webhooks"
	"fanfare/engine"
	"fanfare/protocol/gate"
	"fanfare/protocol/pusher"
	"fanfare/protocol/pusher/api"
)

// collector reads what loops, channels, protocols and apps have counted, when
// Prometheus asks. Nothing is counted twice, so serving pays nothing for it.
type collector struct{ *parts }

// snapshot is what one scrape sees.
type snapshot struct {
	limit    int // of connections
	engine   engine.Stats
	channels channels.Stats
	pusher   pusher.Stats
	api      api.Stats
	users    int64 // signed in
	gate     gate.Stats
	hooks    webhooks.Stats
	database database.Stats // zero: there is none
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
	series(counter, "proxied_total", "PROXY headers taken.", func(s *snapshot) uint64 { return s.engine.Proxied }),
	series(gauge, "input_bytes", "Bytes of unfinished requests and messages.", func(s *snapshot) int64 { return s.engine.InputBytes }),
	series(gauge, "outbound_queue_bytes", "Bytes waiting for slow connections.", func(s *snapshot) int64 { return s.engine.QueuedBytes }),
	series(gauge, "mailbox_bytes", "Bytes of events posted to loops and not yet sent.", func(s *snapshot) int64 { return s.engine.MailboxBytes }),

	series(gauge, "channels", "Occupied channels.", func(s *snapshot) int64 { return s.channels.Channels }),
	series(gauge, "subscriptions", "Subscriptions of connections to channels.", func(s *snapshot) int64 { return s.channels.Subscriptions }),
	series(gauge, "presence_members", "Members of presence channels.", func(s *snapshot) int64 { return s.channels.Members }),

	series(gauge, "cached_bytes", "Bytes of events that cache channels keep, about.", func(s *snapshot) int64 { return s.channels.CachedBytes }),
	series(counter, "cache_evicted_total", "Events that a cache channel kept and lost before their time, because all together were too many.", func(s *snapshot) uint64 { return s.channels.CacheEvicted }),
	series(gauge, "users", "Users that are signed in.", func(s *snapshot) int64 { return s.users }),

	series(gauge, "gate_addresses", "Client addresses that limits are kept for.", func(s *snapshot) int { return s.gate.Addresses }),
	series(counter, "gate_exempt_total", "Connections of proxies that did not tell for whom, so that no limit per address holds.", func(s *snapshot) uint64 { return s.gate.Exempt }),

	series(gauge, "webhook_queued_events", "Events that wait for webhooks.", func(s *snapshot) int { return s.hooks.Queued }),
	series(gauge, "webhook_queued_bytes", "Bytes of events that wait for webhooks.", func(s *snapshot) int { return s.hooks.QueuedBytes }),
	series(gauge, "webhook_lingering", "Channels and members whose end is held back.", func(s *snapshot) int { return s.hooks.Lingering }),
	series(counter, "webhook_delivered_total", "Events that webhooks have taken.", func(s *snapshot) uint64 { return s.hooks.Delivered }),
	series(counter, "webhook_failed_attempts_total", "Requests to webhooks that failed.", func(s *snapshot) uint64 { return s.hooks.FailedAttempts }),
	series(counter, "webhook_disk_failures_total", "Commits of the webhooks' queues that failed.", func(s *snapshot) uint64 { return s.hooks.DiskFailures }),

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

// databaseMetrics are there when apps are looked up in a database.
var databaseMetrics = []metric{
	series(gauge, "database_up", "Whether the apps database answers: 1 or 0.", func(s *snapshot) int {
		if s.database.Away > 0 {
			return 0
		}
		return 1
	}),
	series(gauge, "database_apps", "Apps of the database that are kept in memory.", func(s *snapshot) int { return s.database.Apps }),
	series(gauge, "database_unknown", "Keys and ids that are remembered to be no app's.", func(s *snapshot) int { return s.database.Unknown }),
	series(counter, "database_hits_total", "Look-ups of apps that were in memory.", func(s *snapshot) uint64 { return s.database.Hits }),
	series(counter, "database_stale_hits_total", "Those of them while the database was away.", func(s *snapshot) uint64 { return s.database.StaleHits }),
	series(counter, "database_unknown_hits_total", "Look-ups of what is remembered to be no app's.", func(s *snapshot) uint64 { return s.database.UnknownHits }),
	series(counter, "database_misses_total", "Look-ups that the database had to be asked for.", func(s *snapshot) uint64 { return s.database.Misses }),
	series(counter, "database_queries_total", "Queries sent to the apps database.", func(s *snapshot) uint64 { return s.database.Queries }),
	series(counter, "database_query_failures_total", "Those of them that were not answered.", func(s *snapshot) uint64 { return s.database.Failures }),
	series(counter, "database_refused_rows_total", "Rows read that can't be right.", func(s *snapshot) uint64 { return s.database.Refused }),
	series(counter, "database_changed_total", "Apps whose row was found changed.", func(s *snapshot) uint64 { return s.database.Changed }),
	series(counter, "database_removed_total", "Apps whose row was found gone.", func(s *snapshot) uint64 { return s.database.Removed }),
	series(counter, "database_evicted_total", "Apps without connections that left memory because there are more of them than database.max_apps.", func(s *snapshot) uint64 { return s.database.Evicted }),
}

var (
	closedByCause = describe("connections_closed_total", "Connections ended.", "cause")
	slowClosed    = describe("slow_closed_total", "Connections closed with 4100 because they read too slowly, by the limit that they reached: bytes, frames, age (of the oldest message), budget (of the node).", "limit")
	slowDropped   = describe("slow_dropped_frames_total", "Messages dropped for connections that read too slowly: the oldest to keep a limit, conflated by newer ones, expired by age, or waiting for a connection that was closed.", "reason")
	refusedByCode = describe("pusher_refused_total", "Upgrades refused, by close code; 0 is any other.", "code")
	closedByCode  = describe("pusher_closed_total", "Sessions closed by the server, by close code; 0 is any other.", "code")
	apiAnswers    = describe("api_answers_total", "HTTP API requests answered, by status; 0 is any other.", "status")
	appRefused    = describe("app_refused_total", "Connections, commands and publishes refused.", "app", "reason")
	gateRefused   = describe("gate_refused_total", "Connections refused for a limit of the node or of their address, by the setting's name.", "limit")
	hooksDropped  = describe("webhook_dropped_total", "Events that no webhook got.", "reason")
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
	for _, m := range slices.Concat(nodeMetrics, databaseMetrics) {
		out <- m.desc
	}
	for _, m := range appMetrics {
		out <- m.desc
	}
	for _, d := range []*prometheus.Desc{closedByCause, slowClosed, slowDropped, refusedByCode, closedByCode, apiAnswers, appRefused, gateRefused, hooksDropped} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	s := &snapshot{
		limit: c.engine.MaxConnections(), engine: c.engine.Stats(), channels: c.registry.Stats(), pusher: c.pusher.Stats(), api: c.api.Stats(),
		users: c.users.Len(), gate: c.gate.Stats(), hooks: c.hooks.Stats(),
	}
	metrics := nodeMetrics
	if c.database != nil {
		s.database, metrics = c.database.Stats(), slices.Concat(nodeMetrics, databaseMetrics)
	}
	for _, m := range metrics {
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
	for why, n := range s.gate.Refused {
		out <- prometheus.MustNewConstMetric(gateRefused, counter, float64(n), gate.Reason(why).String())
	}
	for why, n := range s.hooks.Dropped.All {
		out <- prometheus.MustNewConstMetric(hooksDropped, counter, float64(n), why.String())
	}
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
