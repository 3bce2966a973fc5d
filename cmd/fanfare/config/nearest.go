package config

import (
	"slices"
	"strings"

	"fanfare/cmd/fanfare/spelling"
)

// nearestKey is nearest for keys of the configuration. Names that other
// Pusher-compatible servers give to the same thing lead to ours.
func nearestKey(name string, known []string) string {
	last := name[strings.LastIndexByte(name, '.')+1:]
	if ours := elsewhere[last]; ours != "" && slices.Contains(known, ours) {
		return ours
	}
	return spelling.Nearest(name, known)
}

var elsewhere = map[string]string{
	"max_conns":                        "max_connections",
	"capacity":                         "max_connections",
	"enable_client_messages":           "client_events",
	"accept_client_events_from":        "client_events",
	"ping_interval":                    "activity_timeout",
	"app_id":                           "id",
	"max_client_events_per_sec":        "limit.client_events_per_second",
	"max_presence_members_per_channel": "limit.presence_members",
	"max_presence_member_size_in_kb":   "limit.presence_user_info",
	"max_channel_name_length":          "limit.channel_name",
	"max_event_channels_at_once":       "limit.channels_per_publish",
	"max_event_name_length":            "limit.event_name",
	"max_event_payload_in_kb":          "limit.event_data",
	"max_event_batch_size":             "limit.events_per_batch",
	"max_message_size":                 "limit.message_size",
	"max_request_size":                 "limit.request_size",
	"shutdown_grace_period":            "server.shutdown_grace",
	"max_backend_events_per_sec":       "limit.events_per_second",
	"max_read_req_per_sec":             "limit.reads_per_second",
	"enable_user_authentication":       "authorized_connections",
	"user_authentication_timeout":      "authorization_timeout",
	"event_types":                      "events",
	"channel_name_starts_with":         "channel_prefix",
	"channel_name_ends_with":           "channel_suffix",
}
