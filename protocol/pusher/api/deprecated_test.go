package api

import (
	"fmt"
	"strings"
	"testing"
)

// API-39: 202 with nothing, and the body is the data.
func TestAPI39Publish(t *testing.T) {
	w := newWorld(t)
	a, b := w.subscribe("a=b,c;d@e"), w.subscribe("a=b,c;d@e")
	on := func(name, data string, h ...any) string { return fmt.Sprintf("a=b,c;d@e %s %s %v", name, data, h) }
	f := func(query, body string, want ...string) {
		t.Helper()
		got := w.post("channels/a=b,c;d@e/events?"+query, body)
		if got.status != 202 || got.body != "" || got.header.Get("Content-Length") != "0" || got.header.Get("Content-Type") != "" {
			t.Errorf("%s: got %+v, want 202 with nothing", query, got)
		}
		w.got(want...)
	}
	for _, data := range []string{``, `{"a":1}`, `plain`, `"quoted"`, "ü\u2028\x00", ` [1, 2] `, `name=x`, strings.Repeat("x", 10240)} {
		f("name=foo", data, on("foo", data, a, b))
	}
	f(`name=App%5CEvents%5CX&other=1`, "y", on(`App\Events\X`, "y", a, b))
	id := w.ids.Add(a)
	f("name=foo&socket_id="+id.String(), "y", on("foo", "y", b))
	f("name=foo&socket_id=123.456", "y", on("foo", "y", a, b))
	if got := w.tenants.Of(w.app).Totals().Publishes; got != 11 {
		t.Errorf("%d publishes counted, want 11", got)
	}
	if got := w.server.Stats().Answers[202]; got != 11 {
		t.Errorf("%d answers with 202, want 11", got)
	}
	if got := w.post("channels/a%3Db%2Cc%3Bd%40e/events?name=foo", "y"); got.status != 202 {
		t.Errorf("%+v", got)
	}
	w.got(on("foo", "y", a, b))
}

func TestAPI39Refusals(t *testing.T) {
	w := newWorld(t)
	w.subscribe("c")
	f := func(path, body string, status int, part string) {
		t.Helper()
		w.refuses(w.post("channels/"+path, body), status, part)
		w.got()
	}
	f("c/events", "y", 400, "name is missing")
	f("c/events?name=", "y", 400, `invalid event name ""`)
	f("c/events?name=pusher:x", "y", 400, `invalid event name "pusher:x"`)
	f("c/events?name=%ff", "y", 400, "name in the query is not UTF-8")
	f("c/events?name=x", "\xff", 400, "body is not UTF-8")
	f("c/events?name=x", strings.Repeat("x", 10241), 413, "body has 10241 bytes: at most 10240 are allowed")
	f("c/events?name=x&socket_id=x", "y", 400, `socket_id: invalid socket id "x"`)
	f("a%20b/events?name=x", "y", 400, `invalid channel name "a b"`)
	f("%23other/events?name=x", "y", 400, `invalid channel name "#other"`)
	for _, member := range []string{"data", "channel", "channels[]", "info"} {
		f("c/events?name=x&"+member+"=z", "y", 400, strings.TrimSuffix(member, "[]")+" in the query is not read here")
	}
}

func TestAPI39Stats(t *testing.T) {
	w := newWorld(t)
	for _, user := range []string{"1", "2", "2"} {
		w.subscribe("presence-a", user)
	}
	w.subscribe("a")
	for channel, want := range map[string]string{
		"a":          `{"occupied":true,"connection_count":1}`,
		"nobody":     `{"occupied":false,"connection_count":0}`,
		"presence-a": `{"occupied":true,"user_count":2,"connection_count":3}`,
		"presence-b": `{"occupied":false,"user_count":0,"connection_count":0}`,
	} {
		w.is(w.get("channels/"+channel+"/stats"), want)
	}
	w.refuses(w.get("channels/a%20b/stats"), 400, `invalid channel name "a b"`)
}
