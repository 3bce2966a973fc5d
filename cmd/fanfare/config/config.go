package config

import (
	"time"

	"fanfare/cmd/fanfare/config/setting"
)

// Config is everything that fanfare can be told. A value comes from a flag,
// else from a FANFARE_* variable, else from fanfare.toml, else from its
// default. The comments of the fields are what --help and the README print;
// the tags are those of package setting, and pusher is the preset that
// limits = "pusher" asks for. What an app has stands in config_app.go.
type Config struct {
	Server   Server   `key:"server"`
	TLS      TLS      `key:"tls"`
	Metrics  Metrics  `key:"metrics"`
	Log      Log      `key:"log"`
	Webhooks Webhooks `key:"webhooks"`
	Database Database `key:"database"`
	Control  Control  `key:"control"`
	Apps     []App    `key:"apps"`
}

// Server is the [server] table: the port that clients and publishers share,
// and how much one process takes on.
type Server struct {
	// Address to listen on. localhost is 127.0.0.1 and ::1, 0.0.0.0 every
	// IPv4 address, :: every IPv6 address, * all of both.
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

	// Subscriptions of all connections together, beyond which they are refused
	// with an error. Each loop has its share. auto is one for every 2 KiB of
	// the memory that the machine or cgroup gives: a subscription takes up to
	// 700 bytes.
	MaxSubscriptions int `key:"max_subscriptions" default:"auto" range:"1..1000000000"`

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
	// Beyond them whoever sends more is refused, and from three quarters on
	// what stays unfinished for 5 s. auto is an eighth of the memory that the
	// machine or cgroup gives.
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

	// Seconds from SIGTERM or fanfare drain, when /ready says 503, until
	// newcomers are refused: load balancers need them to notice.
	DrainDelay time.Duration `key:"drain_delay" default:"5" range:"0..3600"`

	// Seconds after that over which clients are sent away with 4200, so that they
	// don't all come back elsewhere at once. Few take less: 100 leave each
	// second at least. 0 sends everybody away at once.
	DrainTime time.Duration `key:"drain_time" default:"20" range:"0..86400"`

	// Seconds that the end of a stop may take: last goodbyes, what is queued for
	// clients, and then webhooks. SIGINT (Ctrl-C) begins with it.
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

// TLS is the [tls] table: whether clients and publishers may come by TLS, and with
// which certificates. Files that change are taken over while serving, without closing
// a connection, also on SIGHUP; changes of the keys themselves wait for an upgrade or a restart.
type TLS struct {
	// Whether TLS is served, besides server.port.
	Enabled bool `key:"enabled" default:"false"`

	// TCP port of TLS, on the addresses of server.host. 0 takes a free one. When it is
	// that of server.port, that one speaks TLS, and nothing is served in the clear.
	Port int `key:"port" default:"443" range:"0..65535"`

	// PEM file of the certificate, followed by those that lead to its root. Clients
	// that name no host, or one that no certificate is for, get this one. Of systemd's
	// LoadCredential= it is %d/NAME in the unit.
	Cert string `key:"cert" default:"" elsewhere:"ssl_cert local_cert certPath sslCertPath"`

	// PEM file of its private key, which has no passphrase. Empty means that it is in
	// the certificate's file.
	Key string `key:"key" default:"" elsewhere:"ssl_key local_pk keyPath sslKeyPath"`

	// Oldest version of TLS that is spoken.
	MinVersion string `key:"min_version" default:"1.2" oneof:"1.2 1.3"`

	// How keys are agreed upon. hybrid is X25519MLKEM768, which protects what is
	// recorded today from quantum computers to come, where the client knows it;
	// classical is X25519 and P-256 alone, with which a handshake takes a quarter less
	// CPU.
	KeyExchange string `key:"key_exchange" default:"hybrid" oneof:"hybrid classical"`

	// Handshakes that are computed at a time; others wait for their turn. auto is one
	// per event loop. Less leaves more of the processors to those who are connected
	// while thousands come at once.
	Handshakes int `key:"handshakes" default:"auto" range:"1..256"`

	// Handshakes that may wait for their clients. Each takes 25 KB, or 50 KB for a
	// moment. Beyond them the one is ended that has waited for the longest time.
	HandshakesOpen int `key:"handshakes_open" default:"4096" range:"1..1000000"`

	// Host names to get certificates for by ACME, such as ws.example.com. Naming any
	// accepts the terms of the authority. No wildcards.
	ACMEDomains []string `key:"acme_domains" default:""`

	// Folder that keeps account, keys and certificates of ACME, such as
	// /var/lib/fanfare/acme. Nodes may share it.
	ACMEDir string `key:"acme_dir" default:""`

	// Address that the authority may write to. Empty is none.
	ACMEEmail string `key:"acme_email" default:""`

	// URL of the authority's directory.
	ACMEDirectory string `key:"acme_directory" default:"https://acme-v02.api.letsencrypt.org/directory"`

	// How the authority is shown that a name is ours. tls-alpn-01 needs port 443 of the
	// name to lead to tls.port, http-01 needs port 80 to lead to server.port.
	ACMEChallenge string `key:"acme_challenge" default:"tls-alpn-01" oneof:"tls-alpn-01 http-01"`

	// Kind of certificate to ask for, one of those in the authority's directory, such
	// as shortlived. Empty is its default.
	ACMEProfile string `key:"acme_profile" default:""`

	// PEM file of the roots that the authority's own server is checked by, for one
	// within a company. Empty takes those of the machine.
	ACMERoots string `key:"acme_roots" default:""`

	// Id of the key that binds the account to one that the authority knows (EAB).
	// Empty is none.
	ACMEKeyID string `key:"acme_key_id" default:""`

	// That key, in base64url as the authority shows it.
	ACMEKey string `key:"acme_key" default:"" secret:"true"`

	Certificates []Certificate `key:"certificates"`
}

// Certificate is one of the [[tls.certificates]] tables: a certificate besides
// tls.cert. Clients choose by the host that they name; of several for one host those
// of ECDSA go before those of RSA.
type Certificate struct {
	// PEM file, as tls.cert.
	Cert string `key:"cert"`

	// PEM file, as tls.key.
	Key string `key:"key" default:""`
}

// Metrics is the [metrics] table: the operator's port, with metrics for
// Prometheus, profiles, and what is known of loops that stood still.
type Metrics struct {
	// Whether to serve /metrics, /debug/ and the page that lists them.
	Enabled bool `key:"enabled" default:"true"`

	// Address to listen on, as server.host. One that other machines reach wants a
	// token.
	Host string `key:"host" default:"127.0.0.1"`

	// TCP port of /metrics. 0 takes a free one.
	Port int `key:"port" default:"9601" range:"0..65535"`

	// Apps that have series of their own: the first that are met. The others are
	// summed as app "other". Each app takes about 40 series.
	MaxApps int `key:"max_apps" default:"100" range:"0..100000"`

	// Whether to serve what soketi counts under its names as well, so that its
	// dashboards go on working, and /usage and /metrics?json=1.
	SoketiNames bool `key:"soketi_names" default:"false"`

	// Token that every request to this port has to bring, as a bearer token or as
	// a password with any name; 16 characters or more. Empty asks for none, which only
	// loopback may. It crosses the network as it is.
	Token string `key:"token" default:"" secret:"true"`

	// Whether to serve profiles for go tool pprof under /debug/pprof/.
	Profiles bool `key:"profiles" default:"true"`

	// Whether to record the last seconds all the time, so that there is a trace
	// of a loop that stood still, and of now at /debug/trace/flight.
	FlightRecorder bool `key:"flight_recorder" default:"false"`
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

// Control is the [control] table: the socket that fanfare drain and fanfare
// status speak to.
type Control struct {
	// Path of the socket, which is for this user and root alone. auto is
	// control.sock in RUNTIME_DIRECTORY under systemd, else fanfare-PORT.sock in
	// XDG_RUNTIME_DIR, else PORT.sock in /tmp/fanfare-UID. Empty: there is none.
	Socket string `key:"socket" default:"auto"`
}
