package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"fanfare/protocol/pusher/conformance/wire"
)

// hookApp is the role of the app with webhooks on a server of a check's own.
const hookApp = "hook"

var hookCredentials = wire.App{ID: "2001", Key: "hook-key", Secret: "hook-secret"}

// hooked starts a server of ours with an app that has webhooks. Lines are
// further ones of its table, tables follow it.
func (t *T) hooked(lines []string, tables ...string) *T {
	return t.serving(map[string]wire.App{hookApp: hookCredentials}, appTable(hookCredentials, lines, tables...))
}

// appTable is an [[apps]] table with the hosted service's limits.
func appTable(app wire.App, lines []string, tables ...string) string {
	return fmt.Sprintf("\n[[apps]]\nid = %q\nkey = %q\nsecret = %q\nlimits = \"pusher\"\n%s\n%s",
		app.ID, app.Key, app.Secret, strings.Join(lines, "\n"), strings.Join(tables, "\n"))
}

// told starts a receiver and a server whose app tells it everything.
func (t *T) told(lines ...string) (*T, *inbox) {
	in := t.inbox(hookCredentials)
	return t.hooked(lines, in.hook()), in
}

// webhooks checks the half of a statement that is about webhooks, on a server
// of its own.
func (t *T) webhooks(check func(there *T, in *inbox), lines ...string) {
	if !t.own() {
		t.note("webhooks are not part of this check: they need an app of the suite's making")
		return
	}
	there, in := t.told(lines...)
	check(there, in)
}

// on connects to the app with webhooks and subscribes to a channel as a user.
func (t *T) on(channel, user string) *client {
	c := t.connect(hookApp)
	c.enter(channel, user)
	return c
}

// hookVectors are webhooks from the vendor's libraries and the documentation.
var hookVectors = []struct{ name, secret, body, signature string }{
	{"W1", "thisisasecret", `{"hello":"world"}`, "40e0ad3b9aa49529322879e84de1aaaf18bde1efe839ca263d540cc865510d25"},
	{
		"W2", "thisisasecret",
		`{"time_ms":1530710011901,"events":[{"name":"client_event","channel":"private-my-channel","event":"client-event","data":"Unencrypted","socket_id":"240621.35780774"}]}`,
		"a19cab2af3ca1029257570395e78d5d675e9e700ca676d18a375a7083178df1c",
	},
	{
		"W3", "7ad3773142a6692b25b8",
		`{"time_ms":1327078148132,"events":[{"name":"channel_occupied","channel":"my-channel"}]}`,
		"c19001ae3963ccb13bf618e5b16ba9848e7e74df0993aa0689168e341c6833cf",
	},
}

// whk01 holds the suite's verifier to the vectors, and the server to that.
func whk01(t *T) {
	for _, v := range hookVectors {
		app := wire.App{ID: "2001", Key: "hook-key-" + v.name, Secret: v.secret}
		if got := app.Sign(v.body); got != v.signature {
			t.fatalf("the suite signs %s as %s, want %s", v.name, got, v.signature)
		}
		header := http.Header{"X-Pusher-Key": {app.Key}, "X-Pusher-Signature": {v.signature}}
		if _, err := library(app).Webhook(header, []byte(v.body)); err != nil {
			t.fatalf("the Go library does not take %s: %v", v.name, err)
		}
		if _, err := library(app).Webhook(header, []byte(v.body+" ")); err == nil {
			t.fatalf("the Go library takes %s with another body too", v.name)
		}
	}
	for _, secret := range []string{hookVectors[0].secret, hookVectors[2].secret} {
		app := wire.App{ID: "2001", Key: "hook-key", Secret: secret}
		in := t.inbox(app) // which refuses every other signature
		there := t.serving(map[string]wire.App{hookApp: app}, appTable(app, nil, in.hook()))
		channel := t.name("public-")
		there.on(channel, "")
		in.await("channel_occupied", channel)
	}
	t.note("the vectors are checked in the suite's verifier and the vendor's Go library, and what the server sends in both: its time cannot be set over the wire")
}

func whk02(t *T) {
	in := t.inbox(hookCredentials)
	there := t.hooked(nil, in.hook(`headers = { Authorization = "Bearer ü-token", X-Extra = "yes" }`))
	channel := t.name("presence-")
	there.on(channel, "7")
	d := in.await("channel_occupied", channel).by
	for name, want := range map[string]string{
		"Content-Type":       "application/json",
		"X-Pusher-Key":       hookCredentials.Key,
		"X-Pusher-Signature": hookCredentials.Sign(d.body),
		"Authorization":      "Bearer ü-token", // what the application asked for besides
		"X-Extra":            "yes",
	} {
		if got := d.header.Values(name); !slices.Equal(got, []string{want}) {
			t.fatalf("header %s is %q, want %q once", name, got, want)
		}
	}
	t.nodeTakes(d)
}

// nodeTakes proves that the vendor's Node library, which compares Content-Type
// to the letter, finds a request valid and reads the same.
func (t *T) nodeTakes(d *delivery) {
	p := t.puppet()
	headers := map[string]string{}
	for name := range d.header {
		headers[strings.ToLower(name)] = d.header.Get(name)
	}
	p.do(create("Library", "server", map[string]any{"appId": d.app.ID, "key": d.app.Key, "secret": d.app.Secret}))
	got := string(p.do(call("server", "webhook", "", headers, d.body)))
	var body struct{ Events []map[string]any }
	t.decode(d.body, &body)
	if want := encode(map[string]any{"time": d.time, "events": body.Events}); !t.sameJSON(got, want) {
		t.fatalf("the Node library reads %s, want %s", got, want)
	}
	headers["content-type"] += "; charset=utf-8"
	if got := string(p.do(call("server", "webhook", "", headers, d.body))); got != "null" {
		t.fatalf("the Node library takes %s with another Content-Type too: it proves nothing", got)
	}
}

// whk03 has one webhook that wants little and one that wants all. Batches keep
// the order of all channels.
func whk03(t *T) {
	all, some := t.inbox(hookCredentials), t.inbox(hookCredentials)
	there := t.hooked([]string{"webhook_batching = true"}, all.hook(), some.hook(
		`events = ["channel_occupied", "client_event"]`, `channel_prefix = "private-"`, `channel_suffix = "-in"`))
	in, out, public, room := t.name("private-")+"-in", t.name("private-"), t.name("public-")+"-in", t.name("presence-")+"-in"
	c := there.connect(hookApp)
	for _, channel := range []string{room, public, out, in} {
		c.enter(channel, "7")
		if channel != public {
			c.send("client-x", channel, `ü </script> "`)
		}
	}
	for _, box := range []*inbox{some, all} { // each refuses what is not signed to the byte
		box.tells(c, in, "channel_occupied", "client_event")
	}
	if n := len(some.history); n != 3 { // the two, and the marker
		t.fatalf("the filtered webhook was told %v, want only what is on %s", some.history, in)
	}
	for channel, want := range map[string][]string{
		out: {"channel_occupied", "client_event"}, public: {"channel_occupied"},
		room: {"channel_occupied", "member_added 7", "client_event 7"},
	} {
		if got := all.of(channel); !slices.Equal(got, want) {
			t.fatalf("the unfiltered webhook was told %q of %s, want %q", got, channel, want)
		}
	}
}

func whk04(t *T) {
	const many = 40
	single, one := t.told()
	single.occupy(many)
	for range many {
		if d := one.next(); len(d.events) != 1 {
			t.fatalf("with batching off a request has %d events: %s", len(d.events), d.body)
		}
	}
	batched, several := t.told("webhook_batching = true")
	channels := batched.occupy(many)
	for range channels {
		several.take()
	}
	for _, channel := range channels {
		if got := several.of(channel); !slices.Equal(got, []string{"channel_occupied"}) {
			t.fatalf("with batching on %q was told of %s, want channel_occupied", got, channel)
		}
	}
	if n := len(several.deliveries); n >= many/2 {
		t.fatalf("with batching on %d events came in %d requests", many, n)
	}
}

// occupy subscribes to so many new channels at once.
func (t *T) occupy(n int) []string {
	c := t.connect(hookApp)
	channels, messages := make([]string, n), make([]string, n)
	for i := range channels {
		channels[i] = t.name("public-")
		messages[i] = message("pusher:subscribe", "", map[string]any{"channel": channels[i]})
	}
	c.sendTogether(messages...)
	for _, channel := range channels {
		c.expect("pusher_internal:subscription_succeeded", channel)
	}
	return channels
}

func whk05(t *T) {
	const each = 20
	apps := map[string]wire.App{"one": hookCredentials, "two": {ID: "2002", Key: "hook-key-2", Secret: "hook-secret-2"}}
	in := t.inbox(apps["one"], apps["two"])
	batching := []string{"webhook_batching = true"}
	there := t.serving(apps, appTable(apps["one"], batching, in.hook())+appTable(apps["two"], batching, in.hook()))
	one, two := there.connect("one"), there.connect("two")
	owner := map[string]wire.App{}
	for range each {
		for _, c := range []*client{one, two} {
			channel := t.name("public-")
			c.subscribe(channel)
			owner[channel] = c.app
		}
	}
	seen := 0
	for seen < 2*each {
		d := in.next()
		for _, e := range d.events {
			if owner[e.Channel] != d.app {
				t.fatalf("app %s signed %s, which is about a channel of app %s", d.app, d.body, owner[e.Channel])
			}
		}
		seen += len(d.events)
	}
	if n := len(in.deliveries); n >= each {
		t.fatalf("%d events came in %d requests: nothing was batched, and so nothing proven", seen, n)
	}
}

func whk16(t *T) {
	there, in := t.told()
	for range 5 {
		channel, before := t.name("public-"), time.Now().UnixMilli()
		there.on(channel, "")
		if d := in.await("channel_occupied", channel).by; d.time < before || d.time > d.at.UnixMilli() {
			t.fatalf("time_ms is %d, want the milliseconds since 1970 between %d and %d", d.time, before, d.at.UnixMilli())
		}
	}
}
