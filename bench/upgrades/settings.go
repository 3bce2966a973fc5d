//go:build linux

package main

import "fmt"

// The one app of the server.
const (
	appID  = "upgrades"
	key    = "upgrades-key"
	secret = "upgrades-secret"
)

// settings is fanfare.toml: room for slow readers, whose backlog may become old, and
// who can't answer pings. TLS has a port of its own.
func settings(socket, webhooks, certificate string, post *post) string {
	return fmt.Sprintf(`# Written by bench/upgrades.
[server]
queue_bytes = "256MiB"
queue_frames = 1000000
queue_age = 600

[control]
socket = %q

[tls]
enabled = true
port = 0
cert = %q

[webhooks]
dir = %q

[[apps]]
id = %q
key = %q
secret = %q
activity_timeout = 600
webhook_batching = true

[apps.limit]
client_events_per_second = 0

[[apps.webhooks]]
url = "http://%s/"
events = ["member_added", "member_removed"]
private_targets = true

[[apps.webhooks]]
url = "http://%s/"
events = ["channel_occupied", "channel_vacated"]
channel_prefix = "private-"
private_targets = true

[[apps.webhooks]]
url = "http://%s/"
events = ["client_event"]
private_targets = true
`, socket, certificate, webhooks, appID, key, secret, post.members.Addr, post.channels.Addr, post.whispers.Addr)
}
