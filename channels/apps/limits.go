package apps

import (
	"errors"
	"fmt"
	"time"
)

const (
	kib = 1 << 10
	mib = 1 << 20

	// maxSize is the most that any size limit may be raised to. A connection
	// may pin that much memory, so more is surely a slip.
	maxSize = 64 * mib
	// maxCount is the same for counts.
	maxCount = 100_000_000
)

// Limits bounds what one app's clients and publishers may send. A limit is the
// largest value that is still accepted. "Bytes" are bytes of UTF-8 after JSON
// decoding; only MessageSize and RequestSize count bytes on the wire.
type Limits struct {
	// EventData is the data of an event published through the HTTP API, bytes.
	EventData int `toml:"event_data"`
	// ClientEventData is the data of an event sent by a client, bytes.
	ClientEventData int `toml:"client_event_data"`
	// ClientEventsPerSecond is per connection; as many may come in one burst.
	// 0 = no limit.
	ClientEventsPerSecond int `toml:"client_events_per_second"`

	// EventsPerSecond is how many events the app's servers may publish, once per
	// channel, on this node; as many may come in one burst. 0 = no limit.
	EventsPerSecond int `toml:"events_per_second"`
	// ReadsPerSecond is how many questions (GET) they may ask, on this node; as
	// many may come in one burst. 0 = no limit.
	ReadsPerSecond int `toml:"reads_per_second"`

	// ConnectionsPerUser is how many connections may be signed in as one user on
	// this node. 0 = no limit.
	ConnectionsPerUser int `toml:"connections_per_user"`

	// ChannelsPerPublish is how many channels one event may name.
	ChannelsPerPublish int `toml:"channels_per_publish"`
	// EventsPerBatch is how many events one batch request may carry.
	EventsPerBatch int `toml:"events_per_batch"`

	// ChannelName is the length of a channel's name with its prefix, characters.
	// It bounds signed-in user ids too, whose own channel's name holds them.
	ChannelName int `toml:"channel_name"`
	// EventName is the length of an event's name, characters.
	EventName int `toml:"event_name"`

	// ChannelsPerConnection is how many channels one connection may be
	// subscribed to at once. 0 = no limit.
	ChannelsPerConnection int `toml:"channels_per_connection"`
	// PresenceMembers is how many distinct users one presence channel may hold.
	// Another connection of a user who is there already is always let in.
	// 0 = no limit.
	PresenceMembers int `toml:"presence_members"`
	// PresenceUserInfo is the size of the whole user object that an application
	// signs (the channel_data), bytes.
	PresenceUserInfo int `toml:"presence_user_info"`
	// PresenceUserID is the length of a member's user id, characters.
	PresenceUserID int `toml:"presence_user_id"`
	// Watchlist is how many users one signed-in user may watch.
	Watchlist int `toml:"watchlist"`

	// CachedEventLife is how long a cache channel remembers its last event.
	CachedEventLife time.Duration `toml:"cached_event_life"`

	// MessageSize is the largest WebSocket message that a client may send, bytes
	// on the wire. A hostile connection can pin that much memory.
	MessageSize int `toml:"message_size"`
	// RequestSize is the largest body of an HTTP API request, bytes on the wire.
	RequestSize int `toml:"request_size"`
}

// GenerousLimits returns the defaults. Where self-hosted servers differ from
// the hosted service they follow the more generous, so that an application
// which moves here sends nothing that is suddenly too large; what only a
// client could abuse (rates, names) keeps the hosted service's figure.
func GenerousLimits() Limits {
	return Limits{
		EventData:             100 * kib,
		ClientEventData:       100 * kib,
		ClientEventsPerSecond: 10,
		ChannelsPerPublish:    100,
		EventsPerBatch:        10,
		ChannelName:           200, // what server libraries send; documented: 164
		EventName:             200,
		ChannelsPerConnection: 10_000, // a trading screen's worth; a few MB at most
		PresenceMembers:       10_000,
		PresenceUserInfo:      2 * kib,
		PresenceUserID:        128,
		Watchlist:             100,
		CachedEventLife:       30 * time.Minute,
		MessageSize:           256 * kib, // event data in JSON in JSON, with room
		RequestSize:           4 * mib,   // a full batch, escaped, with room
	}
}

// PusherLimits returns the hosted service's figures where it documents one,
// and [GenerousLimits] where it does not. Channel names keep 200: the libraries
// allow that much, whatever the documents say. [App.ApplyPreset] is the usual
// way here, because an activity timeout belongs to it.
func PusherLimits() Limits {
	l := GenerousLimits()
	l.EventData = 10 * kib
	l.ClientEventData = 10 * kib
	l.PresenceMembers = 100
	l.PresenceUserInfo = 1 * kib
	l.MessageSize = 64 * kib // 10 KiB of data fit even when every byte is a \u00XX
	l.RequestSize = 1 * mib
	return l
}

// bound is one limit's name, value and legal range.
type bound struct {
	name       string
	value      int
	min, max   int
	unit, zero string // zero: what 0 means, when it is legal
}

func (l *Limits) bounds() []bound {
	const unlimited = " (0 = no limit)"
	return []bound{
		{"event_data", l.EventData, 1, maxSize, "bytes", ""},
		{"client_event_data", l.ClientEventData, 1, maxSize, "bytes", ""},
		{"client_events_per_second", l.ClientEventsPerSecond, 0, maxCount, "events", unlimited},
		{"events_per_second", l.EventsPerSecond, 0, maxCount, "events", unlimited},
		{"reads_per_second", l.ReadsPerSecond, 0, maxCount, "requests", unlimited},
		{"connections_per_user", l.ConnectionsPerUser, 0, maxCount, "connections", unlimited},
		{"channels_per_publish", l.ChannelsPerPublish, 1, maxCount, "channels", ""},
		{"events_per_batch", l.EventsPerBatch, 1, maxCount, "events", ""},
		{"channel_name", l.ChannelName, 1, kib, "characters", ""},
		{"event_name", l.EventName, 1, kib, "characters", ""},
		{"channels_per_connection", l.ChannelsPerConnection, 0, maxCount, "channels", unlimited},
		{"presence_members", l.PresenceMembers, 0, maxCount, "users", unlimited},
		{"presence_user_info", l.PresenceUserInfo, 1, maxSize, "bytes", ""},
		{"presence_user_id", l.PresenceUserID, 1, kib, "characters", ""},
		{"watchlist", l.Watchlist, 1, maxCount, "users", ""},
		{"message_size", l.MessageSize, kib, maxSize, "bytes", ""},
		{"request_size", l.RequestSize, kib, maxSize, "bytes", ""},
	}
}

// Validate reports every limit that is out of range, or that a smaller one
// makes unreachable, joined, one line each.
func (l *Limits) Validate() error {
	var errs []error
	for _, b := range l.bounds() {
		if b.value < b.min || b.value > b.max {
			errs = append(errs, fmt.Errorf("limits.%s is %d: use %d to %d %s%s", b.name, b.value, b.min, b.max, b.unit, b.zero))
		}
	}
	if d := l.CachedEventLife; d < time.Second || d > 24*time.Hour {
		errs = append(errs, fmt.Errorf("limits.cached_event_life is %v: use 1s to 24h", d))
	}
	errs = append(
		errs,
		reachable("client_event_data", l.ClientEventData, "message_size", l.MessageSize),
		reachable("presence_user_info", l.PresenceUserInfo, "message_size", l.MessageSize),
		reachable("event_data", l.EventData, "request_size", l.RequestSize),
	)
	return errors.Join(errs...)
}

// reachable refuses an inner limit that the message around it can never reach:
// the person who raised it would wonder why nothing changed.
func reachable(inner string, value int, outer string, most int) error {
	if value <= most {
		return nil
	}
	return fmt.Errorf("limits.%s is %d, more than limits.%s (%d): raise limits.%s to at least %d", inner, value, outer, most, outer, value)
}
