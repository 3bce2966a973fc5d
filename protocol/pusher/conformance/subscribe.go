package main

import (
	"bytes"
	"encoding/json"
	"strings"
)

// encode is the JSON text of v, unescaped: the suite counts its bytes.
func encode(v any) string {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // only the suite's own values come here
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// decode reads JSON text from the server into v.
func (t *T) decode(text string, v any) {
	if err := json.Unmarshal([]byte(text), v); err != nil {
		t.fatalf("%q does not decode: %v", text, err)
	}
}

// sameJSON reports whether two JSON texts have the same value.
func (t *T) sameJSON(a, b string) bool {
	var x, y any
	t.decode(a, &x)
	t.decode(b, &y)
	return encode(x) == encode(y)
}

// ask sends pusher:subscribe with the given auth and channel_data; empty ones
// are left out.
func (c *client) ask(channel, auth, channelData string) {
	data := map[string]any{"channel": channel}
	if auth != "" {
		data["auth"] = auth
	}
	if channelData != "" {
		data["channel_data"] = channelData
	}
	c.send("pusher:subscribe", "", data)
}

// askSigned sends pusher:subscribe with a good signature.
func (c *client) askSigned(channel, channelData string) {
	c.ask(channel, c.app.Token(c.id, channel, channelData), channelData)
}

// subscribe subscribes to a public channel and reads the confirmation.
func (c *client) subscribe(channel string) event {
	c.ask(channel, "", "")
	return c.expect("pusher_internal:subscription_succeeded", channel)
}

// subscribeSigned subscribes to a private channel and reads the confirmation.
func (c *client) subscribeSigned(channel string) {
	c.askSigned(channel, "")
	c.expect("pusher_internal:subscription_succeeded", channel)
}

// join subscribes to a presence channel and returns its members as confirmed.
func (c *client) join(channel, channelData string) roster {
	c.askSigned(channel, channelData)
	return c.roster(c.expect("pusher_internal:subscription_succeeded", channel))
}

// leave unsubscribes, which nothing answers.
func (c *client) leave(channel string) {
	c.send("pusher:unsubscribe", "", map[string]any{"channel": channel})
	c.alive()
}

// roster is the member list in the confirmation of a presence channel. Its
// pointers tell an absent member from an empty one.
type roster struct {
	Count *int
	IDs   []string
	Hash  map[string]json.RawMessage
}

// roster decodes the data of e strictly: a string, holding exactly the member
// presence, with ids as strings.
func (c *client) roster(e event) roster {
	var data struct {
		Presence *roster `json:"presence"`
	}
	c.t.decode(c.text(e), &data)
	if p := data.Presence; p == nil || p.Count == nil || p.IDs == nil || p.Hash == nil {
		c.t.fatalf("data of %s has no presence with count, ids and hash", e)
	}
	return *data.Presence
}

// member is channel_data as Laravel signs it: an id and the user's info.
func member(id string, info any) string {
	m := map[string]any{"user_id": id}
	if info != nil {
		m["user_info"] = info
	}
	return encode(m)
}

// dataFor is the channel_data that a subscribe to this channel needs.
func dataFor(channel, user string) string {
	if strings.HasPrefix(channel, "presence-") {
		return member(user, nil)
	}
	return ""
}
