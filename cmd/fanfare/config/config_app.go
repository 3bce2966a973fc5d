package config

import (
	"time"

	"fanfare/cmd/fanfare/config/setting"
)

// App is one of the [[apps]] tables: an application, its credentials, and
// what its clients may do.
type App struct {
	// Id in the path of the HTTP API: /apps/ID/events.
	ID string `key:"id" elsewhere:"app_id"`

	// Public key that clients connect with: /app/KEY.
	Key string `key:"key"`

	// Secret that signs requests and subscriptions. Keep it on servers.
	Secret string `key:"secret" secret:"true"`

	// Whether the app is served. Clients of a disabled one are closed with
	// 4003.
	Enabled bool `key:"enabled" default:"true"`

	// Whether clients may send client-* events (whispers) on private and
	// presence channels.
	ClientEvents bool `key:"client_events" default:"true" elsewhere:"enable_client_messages accept_client_events_from"`

	// Connections at which the app's newcomers are closed with 4004. 0 is no
	// limit.
	MaxConnections int `key:"max_connections" default:"0" range:"0..100000000" elsewhere:"max_conns capacity"`

	// Seconds without traffic after which client and server ping each other.
	// Keep it below the idle time-out of proxies (nginx: 60).
	ActivityTimeout time.Duration `key:"activity_timeout" default:"30" pusher:"120" range:"1..3600" elsewhere:"ping_interval"`

	// Origins of pages that may connect, such as https://example.com,
	// *.example.com or http://localhost:*. Others are closed with 4009. None
	// means all.
	AllowedOrigins []string `key:"allowed_origins" default:""`

	// Set of limits to start from: generous, or the hosted service's own.
	Limits string `key:"limits" default:"generous" oneof:"generous pusher"`

	// Whether clients that name no protocol version are taken for version 7
	// instead of being closed with 4008.
	LenientProtocol bool `key:"lenient_protocol" default:"false"`

	// Whether a refused subscription is also told as
	// pusher:subscription_error, which names the channel.
	SubscriptionErrors bool `key:"subscription_errors" default:"true"`

	// What becomes of messages for clients that read too slowly: disconnect
	// closes them with 4100 when a limit is reached, drop-oldest drops the oldest
	// messages, conflate keeps only the newest of each channel and event.
	SlowPolicy string `key:"slow_policy" default:"disconnect" oneof:"disconnect drop-oldest conflate"`

	// Bytes of the app's messages that may wait for one client. 0 is
	// server.queue_bytes, which holds besides.
	SlowBytes setting.Bytes `key:"slow_bytes" default:"0" range:"0..1GiB"`

	// Messages of the app that may wait for one client. 0 is server.queue_frames,
	// which holds besides.
	SlowFrames int `key:"slow_frames" default:"0" range:"0..1000000"`

	// Seconds that one of the app's messages may wait: then it is dropped, or its
	// client closed. 0 is server.queue_age for disconnect, else no limit.
	SlowAge time.Duration `key:"slow_age" default:"0" range:"0..3600"`

	// Whether the subscribers of a channel are told how many they are, on all
	// but presence channels.
	SubscriptionCounts bool `key:"subscription_counts" default:"false"`

	// Whether signed-in users are told when those on their watchlist come and
	// go.
	Watchlists bool `key:"watchlists" default:"true"`

	// Whether clients that did not come by TLS, be it to a proxy in
	// trusted_proxies, are closed with 4000.
	TLSOnly bool `key:"tls_only" default:"false"`

	// Whether clients are closed with 4009 that have neither signed in nor
	// subscribed to a private or presence channel within authorization_timeout.
	AuthorizedConnections bool `key:"authorized_connections" default:"false" elsewhere:"enable_user_authentication"`

	// Seconds that clients have for what authorized_connections asks of them.
	AuthorizationTimeout time.Duration `key:"authorization_timeout" default:"30" range:"1..3600" elsewhere:"user_authentication_timeout"`

	// Whether users whose connections the application terminates are closed with
	// 4200, so that they come back at once and are asked for their sign-in again.
	// Else it is 4009, and they stay away.
	TerminatedReturn bool `key:"terminated_return" default:"false"`

	// Whether one webhook request may carry several events.
	WebhookBatching bool `key:"webhook_batching" default:"false"`

	Limit Limit `key:"limit"`

	Slow []Slow `key:"slow"`

	Webhooks []Webhook `key:"webhooks"`

	Former []Former `key:"former"`
}

// Slow is one of an app's [[apps.slow]] tables: what differs for some of its
// channels from the app's slow_* keys. The first table whose pattern matches a channel counts.
// FANFARE_APP_SLOW has all of them, with spaces between: market-*:conflate
// camera-*:drop-oldest:frames=4:age=2.
type Slow struct {
	// Pattern of the channels, such as market-*. * stands for any characters,
	// also for none.
	Channels string `key:"channels"`

	// As slow_policy.
	Policy string `key:"policy" default:"disconnect" oneof:"disconnect drop-oldest conflate"`

	// Bytes that may wait for one client on all these channels together. 0 is
	// server.queue_bytes, which holds besides.
	Bytes setting.Bytes `key:"bytes" default:"0" range:"0..1GiB"`

	// Messages that may wait for one client on all these channels together. 0 is
	// server.queue_frames, which holds besides.
	Frames int `key:"frames" default:"0" range:"0..1000000"`

	// Seconds that a message may wait. 0 is server.queue_age for disconnect, else
	// no limit.
	Age time.Duration `key:"age" default:"0" range:"0..3600"`
}

// Webhook is one of an app's [[apps.webhooks]] tables: an address that is told
// what happens on its channels. FANFARE_APP_WEBHOOKS has all of them: URLs with
// spaces between, or a JSON list of objects with these keys, such as
// [{"url":"https://example.com/hook","events":["channel_occupied"]}].
type Webhook struct {
	// Address that events are posted to, http or https.
	URL string `key:"url" secret:"query"`

	// Events that it is told: channel_occupied, channel_vacated, member_added,
	// member_removed, client_event, cache_miss, subscription_count. None means
	// all.
	Events []string `key:"events" default:"" elsewhere:"event_types"`

	// Beginning of the names of the channels that it is told of. Empty means all.
	ChannelPrefix string `key:"channel_prefix" default:"" elsewhere:"channel_name_starts_with"`

	// End of the names of the channels that it is told of. Empty means all.
	ChannelSuffix string `key:"channel_suffix" default:"" elsewhere:"channel_name_ends_with"`

	// Headers that go with every request, such as {Authorization = "Bearer ..."}.
	Headers map[string]string `key:"headers" default:"" secret:"true"`

	// Whether the address may be on this machine or a private network, as an
	// application under development is.
	PrivateTargets bool `key:"private_targets" default:"false"`
}

// Former is one of an app's [[apps.former]] tables: a secret that was replaced
// and verifies for a while longer. fanfare app rotate writes them.
type Former struct {
	// Secret that was replaced.
	Secret string `key:"secret" secret:"true"`

	// Moment from which it verifies no longer, such as 2026-11-23T12:00:00Z.
	Until time.Time `key:"until"`
}

// Limit is an app's [apps.limit] table: single limits that differ from the
// set that the app's limits key names. Bytes are bytes of UTF-8 after JSON decoding,
// but for message_size and request_size, which count bytes on the wire.
type Limit struct {
	// Bytes of data in one published event. Beyond: 413.
	EventData setting.Bytes `key:"event_data" default:"100KiB" pusher:"10KiB" range:"1..64MiB" elsewhere:"max_event_payload_in_kb"`

	// Bytes of data in one client event.
	ClientEventData setting.Bytes `key:"client_event_data" default:"100KiB" pusher:"10KiB" range:"1..64MiB"`

	// Client events per second and connection; as many may come in one burst.
	// Beyond: error 4301. 0 is no limit.
	ClientEventsPerSecond int `key:"client_events_per_second" default:"10" range:"0..100000000" elsewhere:"max_client_events_per_sec"`

	// Events per second that the app's servers may publish on one node, counted
	// once per channel; as many may come in one burst. Beyond: 429. 0 is no limit.
	EventsPerSecond int `key:"events_per_second" default:"0" range:"0..100000000" elsewhere:"max_backend_events_per_sec"`

	// Other HTTP API requests per second that the app's servers may make on one
	// node; as many may come in one burst. Beyond: 429. 0 is no limit.
	ReadsPerSecond int `key:"reads_per_second" default:"0" range:"0..100000000" elsewhere:"max_read_req_per_sec"`

	// Connections that may be signed in as one user on one node. 0 is no limit.
	ConnectionsPerUser int `key:"connections_per_user" default:"0" range:"0..100000000"`

	// Channels that one published event may name.
	ChannelsPerPublish int `key:"channels_per_publish" default:"100" range:"1..100000000" elsewhere:"max_event_channels_at_once"`

	// Events that one batch may carry.
	EventsPerBatch int `key:"events_per_batch" default:"10" range:"1..100000000" elsewhere:"max_event_batch_size"`

	// Characters of a channel name, prefix included.
	ChannelName int `key:"channel_name" default:"200" range:"1..1024" elsewhere:"max_channel_name_length"`

	// Characters of an event name.
	EventName int `key:"event_name" default:"200" range:"1..1024" elsewhere:"max_event_name_length"`

	// Channels that one connection may be subscribed to at once. 0 is no limit.
	ChannelsPerConnection int `key:"channels_per_connection" default:"10000" range:"0..100000000"`

	// Distinct users of one presence channel. 0 is no limit.
	PresenceMembers int `key:"presence_members" default:"10000" pusher:"100" range:"0..100000000" elsewhere:"max_presence_members_per_channel"`

	// Bytes of the user object (channel_data) that a presence member brings.
	PresenceUserInfo setting.Bytes `key:"presence_user_info" default:"2KiB" pusher:"1KiB" range:"1..64MiB" elsewhere:"max_presence_member_size_in_kb"`

	// Characters of a presence member's user_id.
	PresenceUserID int `key:"presence_user_id" default:"128" range:"1..1024"`

	// Users that one signed-in user may watch.
	Watchlist int `key:"watchlist" default:"100" range:"1..100000000"`

	// Seconds that a cache channel remembers its last event.
	CachedEventLife time.Duration `key:"cached_event_life" default:"1800" range:"1..86400"`

	// Bytes of one WebSocket message from a client.
	MessageSize setting.Bytes `key:"message_size" default:"256KiB" pusher:"64KiB" range:"1KiB..64MiB" elsewhere:"max_message_size"`

	// Bytes of one HTTP API request's body.
	RequestSize setting.Bytes `key:"request_size" default:"4MiB" pusher:"1MiB" range:"1KiB..64MiB" elsewhere:"max_request_size"`
}
