package main

import (
	"encoding/json"
	"net/http"
	"strings"

	"fanfare/protocol/pusher/conformance/wire"
)

const cacheMiss = "pusher:cache_miss"

// cachePrefixes are the kinds of channels that keep their last event.
var cachePrefixes = []string{"cache-", "private-cache-", "private-encrypted-cache-", "presence-cache-"}

// maxCachedLife is the longest that an event may be kept, in seconds.
const maxCachedLife = 30 * 60

// enter subscribes to a channel of any kind and reads the confirmation.
func (c *client) enter(channel, user string) {
	c.askSigned(channel, dataFor(channel, user))
	c.expect("pusher_internal:subscription_succeeded", channel)
}

// misses proves that an empty cache is told, and nothing else.
func (c *client) misses(channel string) {
	c.expect(cacheMiss, channel)
	c.alive()
}

// replays proves that this event comes next, as an ordinary one, and nothing
// else. It returns the frame.
func (c *client) replays(channel, name, data string) event {
	e := c.expect(name, channel)
	if got := c.text(e); got != data {
		c.t.fatalf("the cached event has data %q, want %q", got, data)
	}
	c.members(e, "event", "channel", "data")
	c.alive()
	return e
}

// cached is what the HTTP API tells of a channel's cache.
type cached struct {
	Data *string
	TTL  *json.Number
}

// asksCache asks for a channel's cache; nil is an empty one.
func (t *T) asksCache(app wire.App, channel string) *cached {
	var answer struct {
		Occupied *bool
		Cache    json.RawMessage
	}
	body := t.status(t.get(app, "/channels/"+channel, "info=cache"), http.StatusOK)
	t.decode(body, &answer)
	if answer.Occupied == nil || answer.Cache == nil {
		t.fatalf("got %s, want occupied and cache", body)
	}
	var kept *cached
	t.decode(string(answer.Cache), &kept)
	if kept != nil && (kept.Data == nil || kept.TTL == nil) {
		t.fatalf("got %s, want a cache with data and ttl", body)
	}
	return kept
}

func cac01(t *T) {
	c, channel := t.connect(mainApp), t.name("cache-")
	data := "{\"ü\":\"</script>\u2028\"}"
	c.enter(channel, "1")
	c.misses(channel)
	t.publish(c.app, `App\Events\X`, data, channel)
	live := c.hears(`App\Events\X`, channel)
	late := t.connect(mainApp)
	late.enter(channel, "2")
	replayed := late.replays(channel, `App\Events\X`, data)
	if t.own() && replayed.raw != live.raw {
		t.fatalf("the event came as %s and is replayed as %s", live, replayed)
	}
	c.hearsNothing() // the replay is for the newcomer alone
	t.publish(c.app, "next", "{}", channel)
	c.hears("next", channel)
	late.hears("next", channel)
}

func cac02(t *T) {
	for _, prefix := range cachePrefixes {
		c, channel := t.connect(mainApp), t.name(prefix)
		c.enter(channel, "1")
		e := c.expect(cacheMiss, channel)
		if t.own() {
			c.members(e, "event", "channel", "data")
		}
		c.alive()
	}
	c, plain := t.connect(mainApp), t.name("my-cache-")
	c.enter(plain, "1")
	c.alive() // no cache channel, and so no miss
}

func cac03(t *T) {
	for _, prefix := range cachePrefixes {
		c, channel := t.connect(mainApp), t.name(prefix)
		c.enter(channel, "1")
		c.misses(channel)
		data := `{"nonce":"AAAA","ciphertext":"` + prefix + `"}`
		t.publish(c.app, "event", data, channel)
		c.hears("event", channel)
		late := t.connect(mainApp)
		late.askSigned(channel, dataFor(channel, "2"))
		confirmed := late.expect("pusher_internal:subscription_succeeded", channel) // first, with the members
		if strings.HasPrefix(channel, "presence-") {
			late.describes(late.roster(confirmed), "1", "2")
		}
		late.replays(channel, "event", data)
	}
}

func cac04(t *T) {
	app := t.apps[mainApp]
	for _, prefix := range cachePrefixes {
		channel := t.name(prefix)
		t.publish(app, "event", prefix, channel)
		t.counts(app, channel, 0)
		if _, listed := t.channels(app)[channel]; listed {
			t.fatalf("%s is listed as occupied for the event that it keeps", channel)
		}
		c := t.connect(mainApp)
		c.enter(channel, "1")
		c.replays(channel, "event", prefix)
	}
	other := t.connect(otherApp) // a cache of another app's channel is not this app's
	channel := t.name("cache-")
	t.publish(app, "event", "{}", channel)
	other.enter(channel, "1")
	other.misses(channel)
}

func cac05(t *T) {
	for _, prefix := range cachePrefixes {
		c, channel := t.connect(mainApp), t.name(prefix)
		c.enter(channel, "1")
		c.misses(channel)
		t.publish(c.app, "event", "{}", channel)
		c.hears("event", channel)
		c.leave(channel)
		t.counts(c.app, channel, 0)
		c.enter(channel, "1")
		c.replays(channel, "event", "{}")
		_ = c.conn.Close() // the last one is lost without a word
		t.eventually("the channel is vacated", func() bool { return t.count(c.app, channel) == 0 })
		late := t.connect(mainApp)
		late.enter(channel, "2")
		late.replays(channel, "event", "{}")
	}
}

func cac06(t *T) {
	app, channel := t.apps[mainApp], t.name("cache-")
	t.publish(app, "event", "{}", channel)
	kept := t.asksCache(app, channel)
	if kept == nil {
		t.fatalf("nothing is kept right after the publish")
	}
	if ttl, err := kept.TTL.Int64(); err != nil || ttl < 1 || ttl > maxCachedLife {
		t.fatalf("an event is kept for %s s, want 1 to %d", *kept.TTL, maxCachedLife)
	}
	if !t.own() {
		t.note("that it is gone then was not checked: that takes a server of the suite's own, whose events live a second")
		return
	}
	t.forgets()
	t.note("that it is gone was checked with events that live a second")
}

// forgets proves that an event is gone when its time is over, for the HTTP API
// and for those who subscribe.
func (t *T) forgets() {
	app := t.apps[briefApp]
	for _, prefix := range cachePrefixes {
		channel := t.name(prefix)
		t.publish(app, "event", "{}", channel)
		t.eventually("the event is forgotten", func() bool { return t.asksCache(app, channel) == nil })
		c := t.connect(briefApp)
		c.enter(channel, "1")
		c.misses(channel)
		t.publish(app, "event", "again", channel) // and there is room for another
		c.hears("event", channel)
	}
}

func cac07(t *T) {
	app := t.apps[mainApp]
	for _, prefix := range cachePrefixes {
		channel := t.name(prefix)
		for _, data := range []string{"1", "2", "", "newest"} {
			t.publish(app, "event-"+data, data, channel)
		}
		c := t.connect(mainApp)
		c.enter(channel, "1")
		c.replays(channel, "event-newest", "newest")
	}
}

func cac08(t *T) {
	room := t.name("presence-cache-")
	first := t.connect(mainApp)
	first.enter(room, "1")
	first.misses(room)
	t.visit(first, room)
	if kept := t.asksCache(first.app, room); kept != nil {
		t.fatalf("who came and went is kept as %q", *kept.Data)
	}
	late := t.connect(mainApp)
	late.enter(room, "3")
	late.misses(room)
	first.sees(added, room, "3")

	t.publish(first.app, "event", "{}", room)
	first.hears("event", room)
	late.hears("event", room)
	late.leave(room)
	first.sees(removed, room, "3")
	t.visit(first, room)
	late.enter(room, "3") // neither replaced nor driven out
	late.replays(room, "event", "{}")
}

// visit has somebody join a room and leave it, whom another sees.
func (t *T) visit(seer *client, room string) {
	guest := t.connect(mainApp)
	guest.askSigned(room, member("2", nil))
	guest.expect("pusher_internal:subscription_succeeded", room)
	guest.barrier()
	seer.sees(added, room, "2")
	guest.leave(room)
	seer.sees(removed, room, "2")
}

func cac09(t *T) {
	app := t.apps[mainApp]
	channel, plain := t.name("cache-"), t.name("public-")
	filled := func(how, data string) {
		c := t.connect(mainApp)
		c.enter(channel, "1")
		c.replays(channel, how, data)
	}
	t.publish(app, "single", "1", channel)
	filled("single", "1")
	batch := batchOf(channel, 3)
	batch[2]["channel"] = plain
	t.status(t.post(app, "/batch_events", map[string]any{"batch": batch}), http.StatusOK)
	filled("event-1", "{}")
	t.publish(app, "several", "2", plain, channel)
	filled("several", "2")
	resp := t.post(app, "/batch_events", map[string]any{"batch": append(batchOf(channel, 1), map[string]any{"name": "bad"})})
	t.refuses(resp, http.StatusBadRequest)
	filled("several", "2") // what is refused fills nothing
}

func cac10(t *T) {
	for _, prefix := range cachePrefixes {
		c, other, channel := t.connect(mainApp), t.connect(mainApp), t.name(prefix)
		c.enter(channel, "1")
		c.misses(channel)
		other.enter(channel, "1") // the same user, so that nobody hears of the other
		other.misses(channel)
		body := eventBody("event", "{}", channel)
		body["socket_id"] = c.id
		t.status(t.post(c.app, "/events", body), http.StatusOK)
		other.hears("event", channel)
		c.hearsNothing()
		c.leave(channel)
		c.enter(channel, "1")
		c.replays(channel, "event", "{}")
	}
}
