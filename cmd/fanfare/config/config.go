package config

import (
	"time"

	"fanfare/cmd/fanfare/config/setting"
)

// Config is everything that fanfare can be told. A value comes from a flag,
// else from a FANFARE_* variable, else from fanfare.toml, else from its
// default. The comments of the fields are what --help and the README print;
// the tags are those of package setting, and pusher is the preset that
// limits = "pusher" asks for.
type Config struct {
	Server   Server   `key:"server"`
	Metrics  Metrics  `key:"metrics"`
	Log      Log      `key:"log"`
	Webhooks Webhooks `key:"webhooks"`
	Database Database `key:"database"`
	Apps     []App    `key:"apps"`
}

// Server is the [server] table: the port that clients and publishers share,
// and how much one process takes on.
type Server struct {
	// Address to listen on. localhost is 127.0.0.1 and ::1, 0.0.0.0 every
	// IPv4 address, :: every IPv6 address.
	Host string `key:"host" default:"localhost"`

	// TCP port of WebSocket and HTTP API together. 0 takes a free one.
	Port int `key:"port" default:"6001" range:"0..65535"`

	// Path in front of /app and /apps, such as /rt, for a server that shares
	// its host name with other things. Signatures do not cover it.
	PathPrefix string `key:"path_prefix" default:""`

	// Event loops. auto is one per core that the machine or cgroup gives.
	Loops int `key:"loops" default:"auto" range:"1..256"`

	// Connections at which newcomers are refused with 4100. auto is what the
	// descriptor limit allows.
	MaxConnections int `key:"max_connections" default:"auto" range:"1..100000000"`

	// Bytes of one WebSocket message, fragments taken together. A larger one
	// is closed with 1009.
	MaxMessage setting.Bytes `key:"max_message" default:"1MiB" range:"1KiB..64MiB"`

	// Seconds that a client has to answer a ping before it is closed with
	// 4201.
	PongTimeout time.Duration `key:"pong_timeout" default:"30" range:"1..3600"`

	// Bytes that may wait for one connection that reads too slowly. Beyond
	// them messages that may be dropped are (slow_policy), or it is closed with
	// 4100.
	QueueBytes setting.Bytes `key:"queue_bytes" default:"1MiB" range:"16KiB..1GiB"`

	// Messages that may wait for one connection that reads too slowly. Beyond
	// them messages that may be dropped are (slow_policy), or it is closed with
	// 4100.
	QueueFrames int `key:"queue_frames" default:"1024" range:"1..1000000"`

	// Seconds that a message may wait for a connection that reads too slowly,
	// where slow_policy is disconnect. Beyond them it is closed with 4100, and
	// has as long again to wake up and read that.
	QueueAge time.Duration `key:"queue_age" default:"30" range:"1..3600"`

	// Bytes that may wait for all connections together. Beyond them the oldest
	// backlog is closed. auto is a quarter of the memory that the machine or
	// cgroup gives.
	QueueBudget setting.Bytes `key:"queue_budget" default:"auto" range:"1MiB..1PiB"`

	// Bytes of unfinished requests and messages of all connections together.
	// Beyond them whoever sends more is refused. auto is an eighth of the memory
	// that the machine or cgroup gives.
	InputBudget setting.Bytes `key:"input_budget" default:"auto" range:"1MiB..1PiB"`

	// Bytes of published events that may wait for one loop. Beyond them a
	// publish is refused with 503.
	MailboxBytes setting.Bytes `key:"mailbox_bytes" default:"64MiB" range:"1MiB..64GiB"`

	// Bytes of events that cache channels keep, all together. Beyond them those
	// go first that would expire first. auto is an eighth of the memory that the
	// machine or cgroup gives.
	CacheBudget setting.Bytes `key:"cache_budget" default:"auto" range:"1MiB..1PiB"`

	// Whether broadcasts leave through io_uring where the kernel (Linux 5.18)
	// and the sandbox allow it. A broadcast takes about a sixth less CPU.
	IOUring bool `key:"io_uring" default:"true"`

	// Seconds from connecting to a complete request head and body.
	HeadTimeout time.Duration `key:"head_timeout" default:"10" range:"0.1..3600"`

	// Seconds that an HTTP connection may stay silent between two requests.
	KeepAlive time.Duration `key:"keep_alive" default:"75" range:"1..86400"`

	// Seconds that a stop (SIGTERM, SIGINT) may take: clients are sent 4200,
	// and what is queued for them is flushed.
	ShutdownGrace time.Duration `key:"shutdown_grace" default:"5" range:"0.1..3600" elsewhere:"shutdown_grace_period"`

	// Goroutines that check signatures and do other work that may wait. auto
	// is four per loop, and a few more with a database.
	Workers int `key:"workers" default:"auto" range:"1..10000"`

	// Jobs that may wait for a worker. When they are all taken the loop does
	// the work itself.
	WorkerQueue int `key:"worker_queue" default:"4096" range:"1..1000000"`

	// Addresses and networks of the proxies in front, such as 10.0.0.0/8. Only
	// from these are X-Forwarded-For, X-Forwarded-Proto and PROXY headers
	// believed.
	TrustedProxies []string `key:"trusted_proxies" default:""`

	// Whether connections from trusted_proxies begin with a PROXY header
	// (version 1 or 2), as HAProxy and load balancers send it. Those that don't
	// are closed.
	ProxyProtocol bool `key:"proxy_protocol" default:"false"`

	// Connections of one client address (of IPv6: of one /64) at which its
	// newcomers are refused with 4100. 0 is no limit.
	ConnectionsPerIP int `key:"connections_per_ip" default:"0" range:"0..100000000"`

	// Connections per second that the node takes; as many may come in one burst.
	// Beyond: 4100. 0 is no limit.
	ConnectsPerSecond int `key:"connects_per_second" default:"0" range:"0..100000000"`

	// Connections per second that one client address (of IPv6: one /64) may
	// open; as many may come in one burst. Beyond: 4100. 0 is no limit.
	ConnectsPerSecondPerIP int `key:"connects_per_second_per_ip" default:"0" range:"0..100000000"`

	// Seconds for which an app's secret verifies on after a reload has replaced
	// it. fanfare app rotate takes it as well, and writes it down for a restart.
	// 0 ends a replaced secret at once.
	SecretOverlap time.Duration `key:"secret_overlap" default:"600" range:"0..2592000"`
}

// Metrics is the [metrics] table: the port that Prometheus scrapes.
type Metrics struct {
	// Whether to serve /metrics.
	Enabled bool `key:"enabled" default:"true"`

	// Address to listen on. Metrics are not protected: keep them off the open
	// network.
	Host string `key:"host" default:"127.0.0.1"`

	// TCP port of /metrics. 0 takes a free one.
	Port int `key:"port" default:"9601" range:"0..65535"`
}

// Log is the [log] table. Logs go to standard error, one line per life event,
// none per message.
type Log struct {
	// Least serious lines to write.
	Level string `key:"level" default:"info" oneof:"debug info warn error"`

	// Form of the lines. auto is text on a terminal and JSON elsewhere.
	Format string `key:"format" default:"auto" oneof:"auto text json"`
}

// Webhooks is the [webhooks] table: how the node sends what the apps' own
// [[apps.webhooks]] ask for.
type Webhooks struct {
	// Folder that keeps what is queued, so that not even a crash loses it. Empty
	// keeps it in memory.
	Dir string `key:"dir" default:""`

	// Events that may wait for one endpoint. Beyond them the oldest are dropped.
	// The default is five minutes of 1,000 a second.
	QueueEvents int `key:"queue_events" default:"300000" range:"1..100000000"`

	// Bytes of events that may wait for one endpoint. Beyond them the oldest are
	// dropped.
	QueueBytes setting.Bytes `key:"queue_bytes" default:"64MiB" range:"64KiB..64GiB"`

	// Bytes of events that may wait for all endpoints together. Beyond them the
	// oldest are dropped.
	QueueBudget setting.Bytes `key:"queue_budget" default:"256MiB" range:"64KiB..1PiB"`

	// Requests that one endpoint may have under way, for apps without
	// webhook_batching. The order on each channel holds with any number, 1 makes it
	// hold across channels too.
	Parallel int `key:"parallel" default:"8" range:"1..1000"`

	// Requests that may be under way for all endpoints together. Each takes a file
	// descriptor.
	Requests int `key:"requests" default:"256" range:"1..100000"`

	// Seconds that an endpoint has to answer a request.
	Timeout time.Duration `key:"timeout" default:"10" range:"0.1..300"`

	// Seconds, from when it happened, for which an event is tried again, with
	// growing pauses. Then it is dropped.
	RetryFor time.Duration `key:"retry_for" default:"300" range:"1..86400"`

	// Whether endpoints may be on this machine and on private networks. A
	// webhook's private_targets allows it for that one alone.
	AllowPrivate bool `key:"allow_private" default:"false"`
}

// Database is the [database] table: where apps are looked up that are in no file,
// in a table as soketi has it. It is only read.
type Database struct {
	// URL of the PostgreSQL, MySQL or MariaDB database, such as
	// postgres://USER:PASSWORD@HOST:5432/DATABASE or
	// mysql://USER:PASSWORD@HOST:3306/DATABASE. Empty is none. Others on the machine
	// can see a flag, but not a variable.
	URL string `key:"url" default:"" secret:"true"`

	// Name of the table, if need be with its schema in front: soketi.apps.
	Table string `key:"table" default:"apps"`

	// Connections to the database that may be open at once.
	Pool int `key:"pool" default:"4" range:"1..1000"`

	// Seconds that the database has to answer, connecting included.
	QueryTimeout time.Duration `key:"query_timeout" default:"3" range:"0.1..8"`

	// Seconds within which a change of an app is noticed.
	TTL time.Duration `key:"ttl" default:"60" range:"1..86400"`

	// Seconds for which a key or id that no app has is refused without asking
	// again. So long may a new app have to wait.
	UnknownTTL time.Duration `key:"unknown_ttl" default:"10" range:"1..86400"`

	// Seconds for which apps are served as they were while the database is away. 0
	// is no limit.
	StaleLimit time.Duration `key:"stale_limit" default:"86400" range:"0..31536000"`

	// Apps without connections to keep in memory, 1 KB each. Those with connections
	// always are.
	MaxApps int `key:"max_apps" default:"10000" range:"1..100000000"`

	// Keys and ids to remember that no app has, 400 bytes each.
	MaxUnknown int `key:"max_unknown" default:"10000" range:"2..100000000"`
}

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
