package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Our own server tells the end of something this long after it, so that who
// comes back was not away.
const (
	vacateDelay     = 3 * time.Second
	vacateAtLeast   = vacateDelay - 200*time.Millisecond
	vacateTolerance = 10 * time.Second // of a busy machine
)

func whk08(t *T) {
	there, in := t.told()
	channel := t.name("private-")
	first := there.on(channel, "")
	there.on(channel, "")
	first.askSigned(channel, "") // once more, which is refused
	first.refused(channel)
	third := there.on(channel, "")
	third.leave(channel)
	third.enter(channel, "")
	in.tells(first, channel, "channel_occupied")
}

func whk09(t *T) {
	there, in := t.told()
	for name, leave := range map[string]func(c *client, channel string){
		"disconnects":  func(c *client, _ string) { t.check(c.conn.Close(), "disconnect") },
		"resets":       func(c *client, _ string) { t.check(c.conn.Reset(), "disconnect") },
		"unsubscribes": func(c *client, channel string) { c.leave(channel) },
	} {
		channel := t.name("private-")
		last := there.on(channel, "")
		there.on(channel, "").leave(channel) // somebody is left
		in.await("channel_occupied", channel)
		start := time.Now()
		leave(last, channel)
		d := in.await("channel_vacated", channel).by
		if waited := d.at.Sub(start); waited < vacateAtLeast || waited > vacateTolerance {
			t.fatalf("channel_vacated came %v after the last one %s, want about %v", waited, name, vacateDelay)
		}
		in.tells(there.on(channel, ""), channel, "channel_occupied", "channel_vacated", "channel_occupied")
	}
}

// whk10 has another channel vacated later: when that is told, the other one's
// time is over.
func whk10(t *T) {
	there, in := t.told()
	channel, later := t.name("private-"), t.name("private-")
	c, other := there.on(channel, ""), there.on(later, "")
	c.goes()
	back := there.on(channel, "")
	back.leave(channel)
	back.enter(channel, "")
	other.goes()
	in.await("channel_vacated", later)
	in.tells(back, channel, "channel_occupied")
}

func whk11(t *T) {
	there, in := t.told()
	room := t.name("presence-")
	stays := there.on(room, "stays")
	returns := there.on(room, "returns")
	unsubscribes := there.on(room, "unsubscribes")
	returns.goes()
	unsubscribes.send("pusher:unsubscribe", "", map[string]any{"channel": room})
	unsubscribes.untilPong()
	there.on(room, "returns")
	unsubscribes.enter(room, "unsubscribes")

	leaves := there.on(room, "leaves")
	start := time.Now()
	leaves.goes()
	d := in.await("member_removed leaves", room).by
	if waited := d.at.Sub(start); waited < vacateAtLeast || waited > vacateTolerance {
		t.fatalf("member_removed came %v after the member left, want about %v", waited, vacateDelay)
	}
	in.tells(stays, room, "channel_occupied", "member_added stays", "member_added returns", "member_added unsubscribes",
		"member_added leaves", "member_removed leaves")
}

func whk12(t *T) {
	there, in := t.told()
	room := t.name("presence-")
	numeric := there.connect(hookApp)
	numeric.join(room, `{"user_id":10,"user_info":{"name":"Mr. Channels"}}`)
	there.on(room, "10")
	there.on(room, "2")
	there.on(room, "10").leave(room)
	in.tells(numeric, room, "channel_occupied", "member_added 10", "member_added 2")
}

func whk13(t *T) {
	there, in := t.told()
	for prefix, user := range map[string]string{"private-": "", "presence-": "7", "private-cache-": ""} {
		channel := t.name(prefix)
		sender, listener := there.on(channel, "7"), there.on(channel, "7")
		for _, data := range []any{map[string]any{"a": "</ü>"}, `{"a": 1}`, "", 7, []int{1}, nil} {
			sender.send("client-x", channel, data)
			heard := listener.awaits("client-x")
			e := in.client(channel)
			if e.Event != "client-x" || e.Data != listener.text(heard) || e.SocketID != sender.id {
				t.fatalf("told %s, want event client-x with the data %q from %s", e.by.body, listener.text(heard), sender.id)
			}
			if (e.UserID == nil) != (user == "") || user != "" && *e.UserID != user {
				t.fatalf("told %s on a %s channel, want a user_id on presence channels only", e.by.body, prefix)
			}
		}
		// What was refused is not told.
		sender.sendRaw(message("client-y", channel, strings.Repeat("x", maxClientData+1)))
		sender.sendRaw(message("client-y", t.name("private-"), "{}"))
		sender.sendRaw(message("other-y", channel, "{}"))
		sender.send("client-z", channel, "{}")
		if e := in.client(channel); e.Event != "client-z" {
			t.fatalf("told %s, which was refused", e.by.body)
		}
	}
}

// client returns the next client event on a channel that is told.
func (in *inbox) client(channel string) hookEvent {
	for {
		if e := in.take(); e.Channel == channel && e.Name == "client_event" {
			return e
		}
	}
}

// awaits reads on to an event.
func (c *client) awaits(name string) event {
	for {
		if e := c.next(); e.Event == name {
			return e
		}
	}
}

func whk14(t *T) {
	const subscribers = 50
	in := t.inbox(hookCredentials)
	there := t.hooked(nil, in.hook(), "[apps.limit]\ncached_event_life = 1")
	channel := t.name("private-cache-")
	clients := make([]*client, subscribers)
	there.parallel(subscribers, func(t *T, i int) {
		clients[i] = t.on(channel, "")
		clients[i].misses(channel)
	})
	in.tells(clients[0], channel, "channel_occupied", "cache_miss")

	there.publish(hookCredentials, "event", "{}", channel)
	there.eventually("the event is forgotten", func() bool { return there.asksCache(hookCredentials, channel) == nil })
	for range 3 { // a new empty period
		there.on(channel, "").misses(channel)
	}
	in.tells(clients[0], channel, "channel_occupied", "cache_miss", "cache_miss")
}

func whk15(t *T) {
	const extra = 5
	there, in := t.told("subscription_counts = true")
	channel, room := t.name("private-"), t.name("presence-")
	there.on(room, "7")
	want := []string{"channel_occupied"}
	var first *client
	for n := 1; n <= countEach; n++ {
		c := there.on(channel, "")
		if first == nil {
			first = c
		}
		want = append(want, fmt.Sprintf("subscription_count %d", n))
	}
	for range extra {
		there.on(channel, "")
	}
	// The last of these is put off, and tells all that is left.
	last := fmt.Sprintf("subscription_count %d", countEach+extra)
	in.await(last, channel)
	got := in.of(channel)
	if !slices.Equal(got[:min(len(got), len(want))], want) {
		t.fatalf("told %q, want every number up to %d", got, countEach)
	}
	if above := got[len(want):]; len(above) > 2 { // one at once, where the pause is over already
		t.fatalf("told %q of more than %d, at once, want at most one in %v", above, countEach, countPause)
	}
	if got := in.of(room); slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "subscription_count") }) {
		t.fatalf("told %q of a presence channel", got)
	}
}
