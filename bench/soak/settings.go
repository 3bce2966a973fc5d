//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// app is one that the server has.
type app struct{ id, key, secret string }

var (
	mainApp = app{"soak", "soak-key", "soak-secret"}
	// tenant is disabled and enabled while the server runs.
	tenant = app{"tenant", "tenant-key", "tenant-secret"}
)

// tempo is how fast things happen: in a short soak, faults that last seconds must
// have the effects of those that last minutes.
type tempo struct {
	activity, pong time.Duration
	queueAge       time.Duration
	hookTimeout    time.Duration
	drain          time.Duration // over which clients are sent away
}

func (o *options) tempo() tempo {
	if o.cycle < time.Minute {
		return tempo{activity: 4 * time.Second, pong: 4 * time.Second, queueAge: 3 * time.Second, hookTimeout: time.Second, drain: 2 * time.Second}
	}
	return tempo{activity: 15 * time.Second, pong: 10 * time.Second, queueAge: 10 * time.Second, hookTimeout: 3 * time.Second, drain: 8 * time.Second}
}

// Sizes of the server's settings that the soak reckons with.
const (
	eventData    = 20 << 10 // bytes; more is refused
	cameraFrames = 8
)

// settings is fanfare.toml.
func settings(t tempo, dir, inbox string, tlsPort int, certificate string) string {
	return fmt.Sprintf(`# Written by bench/soak.
[server]
pong_timeout = %d
queue_age = %d
queue_bytes = "256KiB"
drain_delay = 1
drain_time = %d

[control]
socket = %q

[tls]
enabled = true
port = %d
cert = %q

[webhooks]
dir = %q
timeout = %d

[[apps]]
id = %q
key = %q
secret = %q
activity_timeout = %d

[apps.limit]
event_data = %d

[[apps.slow]]
channels = "camera-*"
policy = "drop-oldest"
frames = %d

[[apps.slow]]
channels = "quotes-*"
policy = "conflate"

[[apps.webhooks]]
url = "http://%s/"
events = ["channel_occupied", "channel_vacated", "member_added", "member_removed"]
channel_prefix = "presence-"
private_targets = true
`, seconds(t.pong), seconds(t.queueAge), seconds(t.drain), filepath.Join(dir, "control.sock"), tlsPort, certificate, filepath.Join(dir, "webhooks"), seconds(t.hookTimeout),
		mainApp.id, mainApp.key, mainApp.secret, seconds(t.activity), eventData, cameraFrames, inbox)
}

func seconds(d time.Duration) int { return int(d / time.Second) }

// tenants is apps.toml, which fanfare app edits.
func tenants(t tempo) string {
	return fmt.Sprintf("[[apps]]\nid = %q\nkey = %q\nsecret = %q\nactivity_timeout = %d\n", tenant.id, tenant.key, tenant.secret, seconds(t.activity))
}

// replace writes a file as editors do: all of it at once.
func replace(file, text string) error {
	if err := os.WriteFile(file+".new", []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}
