package database

import (
	"strings"
	"time"

	"fanfare/channels/apps"
)

// column is one that means something here.
type column struct {
	// name is soketi's where it has one.
	name string
	// also are other names for it.
	also []string
	// needed is for columns that nothing works without.
	needed bool
	// private values are never part of an error.
	private bool
	// set writes a value, never "", into the record. Its error says what is right;
	// the caller names the app, the column and the value.
	set func(d *draft, text string) error
}

// columns are all that are read; all may also be spelled as soketi's other stores
// do, maxConnections or MaxConnections. id, key and secret are needed. For the
// others that are missing or NULL what [Config.New] made holds.
var columns = []column{
	{name: "id", needed: true, set: func(d *draft, text string) error { d.app.ID = text; return nil }},
	{name: "key", needed: true, set: func(d *draft, text string) error { d.app.Key = text; return nil }},
	{name: "secret", needed: true, private: true, set: func(d *draft, text string) error { d.app.Secret = text; return nil }},

	// Switches.
	{name: "enabled", set: flag(func(a *apps.App) *bool { return &a.Enabled })},
	{name: "enable_client_messages", set: flag(func(a *apps.App) *bool { return &a.ClientEvents })},
	{name: "enable_user_authentication", set: flag(func(a *apps.App) *bool { return &a.AuthorizedConnections })},

	// Rates: -1 is no limit. sockudo's columns are like soketi's but for 0, which
	// can't be told from "none at all" there.
	{name: "max_backend_events_per_sec", also: []string{"maxBackendEventsPerSecond"}, set: rate(backendRate)},
	{name: "max_client_events_per_sec", also: []string{"maxClientEventsPerSecond"}, set: rate(clientRate)},
	{name: "max_read_req_per_sec", also: []string{"maxReadRequestsPerSecond"}, set: rate(readRate)},
	{name: "max_backend_events_per_second", set: quota(backendRate)},
	{name: "max_client_events_per_second", set: quota(clientRate)},
	{name: "max_read_requests_per_second", set: quota(readRate)},

	// Counts: -1 and 0 are no limit. capacity is laravel-websockets'.
	{name: "max_connections", also: []string{"capacity"}, set: quota(func(a *apps.App) *int { return &a.MaxConnections })},

	// Counts and lengths that have to be positive.
	{name: "max_presence_members_per_channel", set: count(func(a *apps.App) *int { return &a.Limits.PresenceMembers })},
	{name: "max_channel_name_length", set: count(func(a *apps.App) *int { return &a.Limits.ChannelName })},
	{name: "max_event_name_length", set: count(func(a *apps.App) *int { return &a.Limits.EventName })},
	{name: "max_event_channels_at_once", set: count(func(a *apps.App) *int { return &a.Limits.ChannelsPerPublish })},
	{name: "max_event_batch_size", set: count(func(a *apps.App) *int { return &a.Limits.EventsPerBatch })},

	// Sizes, in units of 1,024 bytes.
	{name: "max_presence_member_size_in_kb", set: kilobytes(func(l *apps.Limits, n int) { l.PresenceUserInfo = n })},
	{name: "max_event_payload_in_kb", set: kilobytes(func(l *apps.Limits, n int) { l.EventData, l.ClientEventData = n, n })},

	{name: "webhooks", private: true, set: webhooks},

	// What soketi has no column for: sockudo's and laravel-websockets', and ours.
	{name: "allowed_origins", set: origins},
	{name: "enable_watchlist_events", also: []string{"watchlists"}, set: flag(func(a *apps.App) *bool { return &a.Watchlists })},
	{name: "subscription_counts", set: flag(func(a *apps.App) *bool { return &a.SubscriptionCounts })},
	{name: "tls_only", set: flag(func(a *apps.App) *bool { return &a.TLSOnly })},
	{name: "webhook_batching", set: flag(func(a *apps.App) *bool { return &a.WebhookBatching })},
	{name: "connections_per_user", set: quota(func(a *apps.App) *int { return &a.Limits.ConnectionsPerUser })},
	{name: "channels_per_connection", set: quota(func(a *apps.App) *int { return &a.Limits.ChannelsPerConnection })},
	{name: "activity_timeout", set: seconds(func(a *apps.App) *time.Duration { return &a.ActivityTimeout })},
}

func backendRate(a *apps.App) *int { return &a.Limits.EventsPerSecond }
func clientRate(a *apps.App) *int  { return &a.Limits.ClientEventsPerSecond }
func readRate(a *apps.App) *int    { return &a.Limits.ReadsPerSecond }

// exactly and roughly find a column by its name, and by its name without
// underscores in lower case.
var exactly, roughly = func() (map[string]string, map[string]string) {
	exact, rough := make(map[string]string), make(map[string]string)
	for _, c := range columns {
		exact[c.name] = c.name
		for _, name := range append([]string{c.name}, c.also...) {
			if rough[folded(name)] == "" {
				rough[folded(name)] = c.name
			}
		}
	}
	return exact, rough
}()

func folded(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }

// columnNamed is the column that a table's own spelling means, "" for none.
func columnNamed(spelling string) string {
	if name := exactly[spelling]; name != "" {
		return name
	}
	return roughly[folded(spelling)]
}
