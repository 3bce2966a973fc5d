package main

import (
	"net/http"
	"strings"
	"time"

	"fanfare/protocol/pusher/conformance/wire"
)

// postQuery posts to a path below /apps/ID with "name=value" pairs in the query.
func (t *T) postQuery(app wire.App, path, body string, query ...string) wire.Response {
	r := wire.Request{Method: http.MethodPost, Path: "/apps/" + app.ID + path, Body: body}
	for _, pair := range query {
		name, value, _ := strings.Cut(pair, "=")
		r.Query = append(r.Query, wire.Param{Name: name, Value: value})
	}
	return t.signed(app, r)
}

func api38(t *T) {
	c, one := t.listener()
	two := t.name("two=@,.;")
	c.subscribe(two)
	data := "{\"ü\": \"& +%=\u2028\"}"
	t.exactly(t.postQuery(c.app, "/events", "", `name=App\Events\X`, "data="+data, "channel="+one), "{}")
	if got := c.text(c.hears(`App\Events\X`, one)); got != data {
		t.fatalf("data %q arrived as %q", data, got)
	}
	t.exactly(t.postQuery(c.app, "/events", "", "name=both", "data=", "channels[]="+one, "channels[]="+two), "{}")
	c.expect("both", one)
	c.expect("both", two)
	c.hearsNothing()
	t.exactly(t.postQuery(c.app, "/events", "", "name=except", "data=x", "channels[]="+one, "socket_id="+c.id), "{}")
	c.hearsNothing()
	body := t.status(t.postQuery(c.app, "/events", "", "name=x", "data=x", "channels[]="+two, "info=subscription_count"), http.StatusOK)
	if want := `{"channels":{` + encode(two) + `:{"subscription_count":1}}}`; !t.sameJSON(body, want) {
		t.fatalf("got %s, want %s", body, want)
	}
	c.hears("x", two)

	forged := c.app.Authenticate(wire.Request{Method: http.MethodPost, Path: "/apps/" + c.app.ID + "/events", Query: []wire.Param{
		{Name: "name", Value: "x"}, {Name: "data", Value: "x"}, {Name: "channel", Value: two},
	}}, time.Now())
	forged.Query[2].Value = one
	t.unauthorized(t.do(forged)) // the signature covers them
	c.hearsNothing()
	if t.own() {
		c.oddQueries(one)
	}
}

// oddQueries proves our own rules for queries that the documentation does not
// speak of.
func (c *client) oddQueries(channel string) {
	t := c.t
	whole := encode(eventBody("event", "{}", channel))
	t.exactly(t.postQuery(c.app, "/events", `{"name":"part","channel":`+encode(channel)+`}`, "data=rest"), "{}")
	c.hears("part", channel)
	t.exactly(t.postQuery(c.app, "/events", whole, "other=x"), "{}")
	c.hears("event", channel)
	t.refuses(t.postQuery(c.app, "/events", whole, "name=twice"), http.StatusBadRequest)
	t.refuses(t.postQuery(c.app, "/events", "", "name=x", "data=x"), http.StatusBadRequest)
	t.refuses(t.postQuery(c.app, "/events", "", "name=x", "data=x", "channels="+channel), http.StatusBadRequest)
	t.refuses(t.postQuery(c.app, "/events", "", "name=x", "data=\xff", "channel="+channel), http.StatusBadRequest)
	t.refuses(t.postQuery(c.app, "/events", "", "name=pusher:x", "data=x", "channel="+channel), http.StatusBadRequest)
	t.refuses(t.postQuery(c.app, "/batch_events", encode(map[string]any{"batch": batchOf(channel, 1)}), "name=x"), http.StatusBadRequest)
	c.hearsNothing()
}

func api39(t *T) {
	c, channel := t.listener()
	other := t.connect(mainApp)
	other.subscribe(channel)
	path := "/channels/" + channel + "/events"
	for _, data := range []string{`{"some":"data"}`, "no JSON", "ü\u2028\"", ""} {
		if body := t.status(t.postQuery(c.app, path, data, "name=event"), http.StatusAccepted); body != "" {
			t.fatalf("202 came with %q, want nothing", body)
		}
		for _, who := range []*client{c, other} {
			if got := who.text(who.hears("event", channel)); got != data {
				t.fatalf("data %q arrived as %q", data, got)
			}
		}
	}
	t.status(t.postQuery(c.app, path, "{}", "name=event", "socket_id="+c.id), http.StatusAccepted)
	other.hears("event", channel)
	c.hearsNothing()
	t.refuses(t.postQuery(c.app, path, "\xff", "name=event"), http.StatusBadRequest)
	t.refuses(t.postQuery(c.app, path, "{}"), http.StatusBadRequest)
	t.refuses(t.postQuery(c.app, path, "{}", "name=event", "socket_id=x"), http.StatusBadRequest)
	t.refuses(t.postQuery(c.app, path, strings.Repeat("x", maxEventData+1), "name=event"), http.StatusRequestEntityTooLarge)
	c.hearsNothing()
	t.stats()
}

// stats proves what the deprecated statistics of a channel tell.
func (t *T) stats() {
	app := t.apps[mainApp]
	room, public := t.occupied()
	for channel, want := range map[string]string{
		room:                `{"occupied":true,"user_count":2,"connection_count":3}`,
		public:              `{"occupied":true,"connection_count":1}`,
		t.name("nobody-"):   `{"occupied":false,"connection_count":0}`,
		t.name("presence-"): `{"occupied":false,"user_count":0,"connection_count":0}`,
	} {
		body := t.status(t.get(app, "/channels/"+channel+"/stats"), http.StatusOK)
		if !t.sameJSON(body, want) {
			t.fatalf("stats of %s are %s, want %s", channel, body, want)
		}
	}
}
