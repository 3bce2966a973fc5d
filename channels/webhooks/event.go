package webhooks

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"

	"fanfare/channels/apps"
)

// event is one that waits in a lane: shared bytes and where they stand.
type event struct {
	number  uint64        // ascending over all endpoints
	created int64         // Unix milliseconds
	born    time.Duration // when it came, on the monotonic clock of Hooks; 0 if it was on disk, negative if it came to another process
	channel string
	json    []byte // shared by all endpoints; never changed
}

// overhead is about what an event takes in a lane besides its JSON.
const overhead = 128

func (e *event) size() int { return len(e.json) + overhead }

// wire is the JSON of an event. The order of its members is that of the
// documents, for people who read it; receivers go by the names.
type wire struct {
	Name     string  `json:"name"`
	Channel  string  `json:"channel"`
	Event    string  `json:"event,omitempty"`
	Data     *string `json:"data,omitempty"` // there for client events, even when empty
	SocketID string  `json:"socket_id,omitempty"`
	UserID   string  `json:"user_id,omitempty"`
	Count    *int    `json:"subscription_count,omitempty"` // there for counts, even when 0
}

// encode returns the event's JSON. Data is always a string, as some libraries
// have it typed, whatever it contains.
func encode(r *record) []byte {
	w := wire{Name: r.kind.String(), Channel: r.channel, UserID: r.user}
	switch r.kind {
	case clientEvent:
		w.Event, w.Data, w.SocketID = r.event, &r.data, r.socket
	case subscriptionCount:
		w.Count = &r.count
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // our JSON is never part of a page
	_ = e.Encode(&w)       // strings and a number: it cannot fail
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// appendBody appends the body of a request with these events: at least one. Its
// time is that of the first event, and so the same on every retry.
func appendBody(dst []byte, events []event) []byte {
	dst = append(dst, `{"time_ms":`...)
	dst = strconv.AppendInt(dst, events[0].created, 10)
	dst = append(dst, `,"events":[`...)
	for i := range events {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, events[i].json...)
	}
	return append(dst, "]}"...)
}

// sign returns the X-Pusher-Signature of a body.
func sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// kind is what a record is about. Those before kinds are webhook events.
type kind uint8

const (
	channelOccupied kind = iota
	channelVacated
	memberAdded
	memberRemoved
	clientEvent
	cacheMiss
	subscriptionCount
	kinds

	recordFetched // an app's record that was waited for is there, or is not
	errand        // something that the desk has to do in its turn
)

var kindNames = [kinds]string{
	apps.ChannelOccupied, apps.ChannelVacated, apps.MemberAdded, apps.MemberRemoved,
	apps.ClientEvent, apps.CacheMiss, apps.SubscriptionCount,
}

// String returns the name on the wire.
func (k kind) String() string {
	if k >= kinds {
		return "no event"
	}
	return kindNames[k]
}
