//go:build unix

package node

import "fanfare/protocol"

// nodeMetrics are figures of the node as a whole.
var nodeMetrics = []metric{
	series(gauge, "loops", "Event loops.", func(s *snapshot) int { return s.engine.Loops }),
	series(gauge, "connections", "Open TCP connections.", func(s *snapshot) uint64 { return s.engine.Open }),
	series(gauge, "connections_limit", "Open connections at which newcomers are refused.", func(s *snapshot) int { return s.limit }),
	series(gauge, "draining", "Whether the node sends its clients away to end: 1 or 0.", func(s *snapshot) int {
		if s.phase == protocol.Draining {
			return 1
		}
		return 0
	}),
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
	series(gauge, "outbound_queue_limit_bytes", "Bytes that may wait for slow connections; beyond, the slowest is closed.", func(s *snapshot) int64 { return s.engine.QueueLimit }),
	series(gauge, "outbound_queue_oldest_seconds", "For how long the socket that is blocked longest has taken nothing.", func(s *snapshot) float64 { return s.engine.OldestBacklog.Seconds() }),
	series(gauge, "input_limit_bytes", "Bytes of unfinished requests and messages that there may be; beyond, whoever sends more is refused.", func(s *snapshot) int64 { return s.engine.InputLimit }),
	series(gauge, "mailbox_bytes", "Bytes of events posted to loops and not yet sent.", func(s *snapshot) int64 { return s.engine.MailboxBytes }),
	series(gauge, "mailbox_limit_bytes", "Bytes of events that may wait for each loop; beyond, publishes are refused with 503.", func(s *snapshot) int64 { return s.engine.MailboxLimit }),
	series(gauge, "worker_jobs", "Jobs that wait for a worker: signature checks, look-ups of apps.", func(s *snapshot) int { return s.engine.Jobs }),
	series(counter, "worker_jobs_refused_total", "Jobs that found the workers' queue full.", func(s *snapshot) uint64 { return s.engine.RefusedJobs }),

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
