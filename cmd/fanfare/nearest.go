package main

import (
	"math"
	"slices"
	"strings"
)

// nearest gives the candidate that is most likely meant by name: the one with
// the fewest edits between them. A candidate whose last part is name itself
// (server.port for port) counts as one edit away. When even the best would
// have to be changed for more than half, nobody can tell: then it is "".
func nearest(name string, candidates []string) string {
	best, fewest := "", math.MaxInt
	for _, c := range candidates {
		d := edits(name, c)
		if name != "" && (strings.HasSuffix(c, "."+name) || strings.HasSuffix(c, "_"+name)) {
			d = min(d, 1)
		}
		if d < fewest && d <= max(len(name), len(c))/2 {
			best, fewest = c, d
		}
	}
	return best
}

// edits is the number of characters to insert, delete, replace or swap with
// their neighbour to turn a into b (optimal string alignment).
func edits(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+differ(a[i-1], b[j-1]))
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}

func differ(a, b byte) int {
	if a == b {
		return 0
	}
	return 1
}

// nearestKey is nearest for keys of the configuration. Names that other
// Pusher-compatible servers give to the same thing lead to ours.
func nearestKey(name string, known []string) string {
	last := name[strings.LastIndexByte(name, '.')+1:]
	if ours := elsewhere[last]; ours != "" && slices.Contains(known, ours) {
		return ours
	}
	return nearest(name, known)
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
