package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"fanfare/protocol/pusher/conformance/wire"
)

// maxEventData is the limit of a published event's data in bytes.
const maxEventData = 10240

// listener connects and subscribes to a fresh public channel.
func (t *T) listener() (c *client, channel string) {
	c, channel = t.connect(mainApp), t.name("public-")
	c.subscribe(channel)
	return c, channel
}

// exactly proves status 200, the type and the very bytes of an answer.
func (t *T) exactly(resp wire.Response, want string) {
	if body := t.status(resp, http.StatusOK); body != want {
		t.fatalf("got body %q, want %q", body, want)
	}
	if kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";"); kind != "application/json" {
		t.fatalf("got Content-Type %q, want application/json", resp.Header.Get("Content-Type"))
	}
}

func api10(t *T) {
	c, channel := t.listener()
	t.exactly(t.post(c.app, "/events", eventBody("event", "{}", channel)), "{}")
	c.hears("event", channel)
	t.exactly(t.post(c.app, "/events", eventBody("event", "{}", t.name("nobody-"))), "{}")
}

func api11(t *T) {
	c, single := t.listener()
	t.status(t.post(c.app, "/events", map[string]any{"name": "one", "data": "{}", "channel": single}), http.StatusOK)
	c.hears("one", single)

	channels := make([]string, 101)
	for i := range channels {
		channels[i] = t.name("public-")
		c.subscribe(channels[i])
	}
	t.status(t.post(c.app, "/events", eventBody("hundred", "{}", channels[:100]...)), http.StatusOK)
	var got []string
	for _, e := range c.barrier() {
		got = append(got, e.Channel)
	}
	if slices.Sort(got); !slices.Equal(got, slices.Sorted(slices.Values(channels[:100]))) {
		t.fatalf("an event to 100 channels arrived on %d: %v", len(got), got)
	}
	t.refuses(t.post(c.app, "/events", eventBody("over", "{}", channels...)), http.StatusBadRequest)
	c.hearsNothing()
	if t.own() {
		c.oddChannels(single, channels[0])
	}
}

// oddChannels publishes with lists of channels for which the documentation has
// no rule, and proves that our own rules hold.
func (c *client) oddChannels(single, listed string) {
	t := c.t
	t.refuses(t.post(c.app, "/events", map[string]any{"name": "none", "data": "{}", "channels": []string{}}), http.StatusBadRequest)
	t.refuses(t.post(c.app, "/events", map[string]any{"name": "none", "data": "{}"}), http.StatusBadRequest)
	c.hearsNothing()
	t.status(t.post(c.app, "/events", map[string]any{"name": "both", "data": "{}", "channel": single, "channels": []string{listed}}), http.StatusOK)
	c.hears("both", listed)
	t.publish(c.app, "twice", "{}", single, single)
	c.hears("twice", single)
}

// delivered publishes data and proves that it arrives as the same string.
func (c *client) delivered(channel, name, data string) {
	c.t.publish(c.app, name, data, channel)
	e := c.hears(name, channel)
	if got := c.text(e); got != data {
		c.t.fatalf("data %q arrived as %q", data, got)
	}
	c.members(e, "event", "channel", "data")
}

func api12(t *T) {
	c, channel := t.listener()
	c.delivered(channel, "event", "")
}

func api13(t *T) {
	c, channel := t.listener()
	for _, unit := range []string{"x", "ü", "\""} { // a limit of the data, not of its escapes
		fits := strings.Repeat(unit, maxEventData/len(unit))
		c.delivered(channel, "event", fits)
		t.refuses(t.post(c.app, "/events", eventBody("event", fits+"x", channel)), http.StatusRequestEntityTooLarge)
		batch := map[string]any{"batch": []any{map[string]any{"name": "event", "data": fits + "x", "channel": channel}}}
		t.refuses(t.post(c.app, "/batch_events", batch), http.StatusRequestEntityTooLarge)
		c.hearsNothing()
	}
}

func api14(t *T) {
	c, channel := t.listener()
	for _, data := range []string{
		"ünïcode 😀 漢字", `"quotes" \ and / slashes`, "</script><!-- & '", "line\u2028paragraph\u2029end",
		"\x00\x01\x1f\x7f\t\r\n", `{ "a" : 1.0, "b":12345678901234567890 }`, `\u00fc`, "null", "0", " ", "\ufeff", "\ufffd",
	} {
		c.delivered(channel, "event", data)
	}
	escaped := `{"name":"event","channel":` + encode(channel) + `,"data":"\u00fc\ud83d\ude00\/\u003c\b\f"}`
	t.status(t.post(c.app, "/events", json.RawMessage(escaped)), http.StatusOK)
	if got := c.text(c.hears("event", channel)); got != "ü😀/<\b\f" {
		t.fatalf("escaped data arrived as %q", got)
	}
}

func api15(t *T) {
	c, channel := t.listener()
	for _, name := range []string{`App\Events\X`, `Illuminate\Notifications\Events\BroadcastNotificationCreated`, "client-x", ".dot", "ü \"q\"", strings.Repeat("n", 200)} {
		c.delivered(channel, name, "{}")
	}
}

func api16(t *T) {
	c, channel := t.listener()
	for _, name := range []string{"pusher:", "pusher:error", "pusher:connection_established", "pusher_internal:", "pusher_internal:member_added"} {
		t.refuses(t.post(c.app, "/events", eventBody(name, "{}", channel)), http.StatusBadRequest)
		batch := map[string]any{"batch": []any{map[string]any{"name": name, "data": "{}", "channel": channel}}}
		t.refuses(t.post(c.app, "/batch_events", batch), http.StatusBadRequest)
	}
	c.hearsNothing()
	c.delivered(channel, "pusherx:y", "{}")
	c.delivered(channel, "my-pusher:y", "{}")
}

func api17(t *T) {
	c, channel := t.listener()
	other := t.connect(mainApp)
	other.subscribe(channel)
	body := eventBody("event", "{}", channel)
	body["socket_id"] = c.id
	t.status(t.post(c.app, "/events", body), http.StatusOK)
	c.hearsNothing()
	other.hears("event", channel)
	t.status(t.post(c.app, "/batch_events", map[string]any{"batch": []any{
		map[string]any{"name": "batched", "data": "{}", "channel": channel, "socket_id": other.id},
		map[string]any{"name": "for-all", "data": "{}", "channel": channel},
	}}), http.StatusOK)
	other.hears("for-all", channel)
	c.expect("batched", channel)
	c.expect("for-all", channel)
	t.note(oneNode)
}

func api18(t *T) {
	c, channel := t.listener()
	for _, id := range []string{"abc", "1", "1.", ".1", "1.2.3", "-1.2", "1.2 ", "1.2\n", "1,2", "1.x", "١.٢"} {
		body := eventBody("event", "{}", channel)
		body["socket_id"] = id
		t.refuses(t.post(c.app, "/events", body), http.StatusBadRequest)
		batch := map[string]any{"batch": []any{map[string]any{"name": "event", "data": "{}", "channel": channel, "socket_id": id}}}
		t.refuses(t.post(c.app, "/batch_events", batch), http.StatusBadRequest)
	}
	c.hearsNothing()
	body := eventBody("event", "{}", channel)
	body["socket_id"] = "123.456" // well formed, and nobody's
	t.status(t.post(c.app, "/events", body), http.StatusOK)
	c.hears("event", channel)
}

// occupied makes a presence channel of two users on three connections and a
// public channel of one connection.
func (t *T) occupied() (room, public string) {
	room, public = t.name("presence-"), t.name("public-")
	for _, user := range []string{"1", "2", "2"} {
		t.connect(mainApp).join(room, member(user, nil))
	}
	t.connect(mainApp).subscribe(public)
	return room, public
}

func api19(t *T) {
	app := t.apps[mainApp]
	room, public := t.occupied()
	empty := t.name("nobody-")
	for info, want := range map[string]map[string]map[string]int{
		"user_count,subscription_count": {
			room:   {"user_count": 2, "subscription_count": 3},
			public: {"subscription_count": 1},
			empty:  {"subscription_count": 0},
		},
		"subscription_count": {room: {"subscription_count": 3}, public: {"subscription_count": 1}, empty: {"subscription_count": 0}},
	} {
		body := eventBody("event", "{}", room, public, empty)
		body["info"] = info
		var answer struct {
			Channels map[string]entry `json:"channels"`
		}
		text := t.status(t.post(app, "/events", body), http.StatusOK)
		t.decode(text, &answer)
		if e := answer.Channels[empty]; e != nil && len(e) == 0 {
			want[empty] = nil // the documentation's form for a channel that nobody is on
		}
		if len(answer.Channels) != len(want) {
			t.fatalf("got %s, want exactly the channels %s", text, encode(want))
		}
		for channel, attributes := range want {
			t.tells(answer.Channels[channel], attributes, text)
		}
	}
}

// entry is what an answer tells of one channel.
type entry map[string]json.RawMessage

// tells proves that an entry of an answer is an object with these counts. Our
// own server must add nothing to what was asked for.
func (t *T) tells(got entry, want map[string]int, answer string) {
	if got == nil || t.own() && len(got) != len(want) {
		t.fatalf("got %s, want an entry with %s", answer, encode(want))
	}
	for name, n := range want {
		if string(got[name]) != fmt.Sprint(n) {
			t.fatalf("got %s, want an entry with %s %d", answer, name, n)
		}
	}
}

// batchOf is the body of a batch of n events for channel.
func batchOf(channel string, n int) []map[string]any {
	events := make([]map[string]any, n)
	for i := range events {
		events[i] = map[string]any{"name": fmt.Sprintf("event-%d", i), "data": "{}", "channel": channel}
	}
	return events
}

func api20(t *T) {
	c, channel := t.listener()
	t.exactly(t.post(c.app, "/batch_events", map[string]any{"batch": batchOf(channel, 3)}), "{}")
	for i := range 3 {
		c.expect(fmt.Sprintf("event-%d", i), channel)
	}
	c.hearsNothing()
}

func api21(t *T) {
	app := t.apps[mainApp]
	room, public := t.occupied()
	events := batchOf(public, 3)
	events[1]["channel"], events[1]["info"] = room, "user_count,subscription_count"
	var answer struct {
		Batch []entry `json:"batch"`
	}
	text := t.status(t.post(app, "/batch_events", map[string]any{"batch": events}), http.StatusOK)
	t.decode(text, &answer)
	if b := answer.Batch; len(b) != 3 || b[0] == nil || b[2] == nil || len(b[0])+len(b[2]) > 0 {
		t.fatalf("got %s, want a batch of {}, the counts and {}", text)
	}
	t.tells(answer.Batch[1], map[string]int{"user_count": 2, "subscription_count": 3}, text)
}

func api22(t *T) {
	c, channel := t.listener()
	t.status(t.post(c.app, "/batch_events", map[string]any{"batch": batchOf(channel, 10)}), http.StatusOK)
	for i := range 10 {
		c.expect(fmt.Sprintf("event-%d", i), channel)
	}
	t.refuses(t.post(c.app, "/batch_events", map[string]any{"batch": batchOf(channel, 11)}), http.StatusBadRequest)
	c.hearsNothing()
}

// badMember spoils one event of a batch. A nil value takes the member away.
type badMember struct {
	name  string
	value any
}

func api23(t *T) {
	bad := []badMember{
		{"channel", "a b"},
		{"data", strings.Repeat("x", maxEventData+1)},
		{"name", nil},
		{"channel", nil},
		{"data", nil},
	}
	if t.own() { // whether these are bad is for API-16 and API-18 to judge
		bad = append(bad, badMember{"name", "pusher:x"}, badMember{"socket_id", "x"})
	}
	c, channel := t.listener()
	for _, b := range bad {
		for place := range 3 {
			events := batchOf(channel, 3)
			if events[place][b.name] = b.value; b.value == nil {
				delete(events[place], b.name)
			}
			resp := t.post(c.app, "/batch_events", map[string]any{"batch": events})
			c.hearsNothing()
			if resp.Status < 400 || resp.Status > 499 {
				t.fatalf("a batch whose event %d has %s %.20v got status %d with body %q, want 4xx", place, b.name, b.value, resp.Status, resp.Body)
			}
			if t.own() && b.value == nil {
				t.refuses(resp, http.StatusBadRequest)
			}
		}
	}
}
