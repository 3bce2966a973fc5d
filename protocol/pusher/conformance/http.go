package main

import (
	"net/http"
	"strings"
	"time"

	"fanfare/protocol/pusher/conformance/wire"
)

// do sends one request on a connection of its own.
func (t *T) do(r wire.Request) wire.Response {
	conn, err := wire.DialHTTP(t.ctx, t.addr)
	t.check(err, "connect to the HTTP API")
	defer conn.Close() //nolint:errcheck // nothing is lost with it
	resp, err := conn.Do(r)
	t.check(err, r.Method+" "+r.Path)
	return resp
}

// signed sends one request with app's signature.
func (t *T) signed(app wire.App, r wire.Request) wire.Response {
	return t.do(app.Authenticate(r, time.Now()))
}

// post signs and posts body, which is encoded as JSON, below /apps/ID.
func (t *T) post(app wire.App, path string, body any) wire.Response {
	return t.signed(app, wire.Request{Method: http.MethodPost, Path: "/apps/" + app.ID + path, Body: encode(body)})
}

// get signs and gets a path below /apps/ID. Query is "name=value" pairs.
func (t *T) get(app wire.App, path string, query ...string) wire.Response {
	r := wire.Request{Method: http.MethodGet, Path: "/apps/" + app.ID + path}
	for _, pair := range query {
		name, value, _ := strings.Cut(pair, "=")
		r.Query = append(r.Query, wire.Param{Name: name, Value: value})
	}
	return t.signed(app, r)
}

// status proves the status of an answer and returns its body.
func (t *T) status(resp wire.Response, want int) string {
	if resp.Status != want {
		t.fatalf("got status %d with body %q, want %d", resp.Status, resp.Body, want)
	}
	return resp.Body
}

// refuses proves that an answer has this status and says why in words.
func (t *T) refuses(resp wire.Response, want int) {
	if t.status(resp, want) == "" {
		t.fatalf("status %d came without a text that explains it", want)
	}
}

// publish publishes one event, which must succeed.
func (t *T) publish(app wire.App, name, data string, channels ...string) {
	t.status(t.post(app, "/events", eventBody(name, data, channels...)), http.StatusOK)
}

// eventBody is the body of POST /events as the server libraries build it.
func eventBody(name, data string, channels ...string) map[string]any {
	return map[string]any{"name": name, "data": data, "channels": channels}
}

// count asks for the number of connections on a channel.
func (t *T) count(app wire.App, channel string) int {
	var state struct {
		Occupied bool
		Count    *int `json:"subscription_count"`
	}
	body := t.status(t.get(app, "/channels/"+channel, "info=subscription_count"), http.StatusOK)
	t.decode(body, &state)
	if !state.Occupied {
		return 0
	}
	if state.Count == nil {
		t.fatalf("state of %s is %s, without the subscription_count asked for", channel, body)
	}
	return *state.Count
}

// counts proves the number of connections on a channel.
func (t *T) counts(app wire.App, channel string, want int) {
	if got := t.count(app, channel); got != want {
		t.fatalf("channel %s has subscription_count %d, want %d", channel, got, want)
	}
}
