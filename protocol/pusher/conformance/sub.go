package main

import (
	"fmt"
	"strings"

	"fanfare/protocol/pusher/conformance/wire"
)

// Refused signatures look like good ones: the right length, the right letters.
var wrongSignature = strings.Repeat("0123456789abcdef", 4)

// unheard proves that c is not subscribed to channel: the server counts no one
// there, and an event that is published there does not come.
func (c *client) unheard(channel string) {
	c.t.counts(c.app, channel, 0)
	c.t.publish(c.app, "event", "{}", channel)
	c.hearsNothing()
}

// mustRefuse sends a subscribe that must be refused, and proves that the
// connection stays and that nothing was registered.
func (c *client) mustRefuse(channel, auth, channelData string) {
	c.ask(channel, auth, channelData)
	c.refused(channel)
	c.unheard(channel)
}

func sub01(t *T) {
	c := t.connect(mainApp)
	channel := t.name("public-")
	c.send("pusher:subscribe", "", map[string]any{"auth": "", "channel": channel})
	c.expect("pusher_internal:subscription_succeeded", channel)
	t.publish(c.app, "event", "{}", channel)
	c.hears("event", channel)
}

func sub02(t *T) {
	c := t.connect(mainApp)
	channel := t.name("public-")
	c.subscribe(channel)
	t.publish(c.app, "event", "{}", channel)
	c.hears("event", channel)
}

func sub03(t *T) {
	c := t.connect(mainApp)
	e := c.subscribe(t.name("public-"))
	if data := c.text(e); data != "{}" {
		t.fatalf("data of the confirmation is the string %q, want \"{}\"", data)
	}
	c.members(e, "event", "channel", "data")
}

// sub04 subscribes again and again to a channel that is never quiet, and then
// has many users join a presence channel at once, each of whom is an event for
// the others.
func sub04(t *T) {
	channel := t.name("public-")
	c := t.connect(mainApp)
	stop := t.flood(channel, c)
	defer stop()
	for range 50 {
		c.subscribe(channel) // fails when an event comes first
		c.expect("flood", channel)
		c.send("pusher:unsubscribe", "", map[string]any{"channel": channel})
		c.untilPong()
	}
	for range 3 {
		t.joinTogether(30)
	}
}

// joinTogether joins so many users to one presence channel at once.
func (t *T) joinTogether(n int) {
	room := t.name("presence-")
	clients := make([]*client, n)
	t.parallel(n, func(t *T, i int) { clients[i] = t.connect(mainApp) })
	t.parallel(n, func(_ *T, i int) {
		clients[i].join(room, member(fmt.Sprint(i), nil)) // fails when a member_added comes first
	})
}

func sub05(t *T) {
	for _, prefix := range []string{"public-", "private-", "presence-"} {
		c, other := t.connect(mainApp), t.connect(mainApp)
		channel := t.name(prefix)
		data := dataFor(channel, "7")
		other.askSigned(channel, dataFor(channel, "8"))
		other.expect("pusher_internal:subscription_succeeded", channel)
		c.askSigned(channel, data)
		c.expect("pusher_internal:subscription_succeeded", channel)
		other.barrier() // what the first subscribe told is not the question
		c.askSigned(channel, data)
		c.refused(channel)
		t.counts(c.app, channel, 2)
		other.hearsNothing()
		t.publish(c.app, "event", "{}", channel)
		c.hears("event", channel)
		c.leave(channel)
		t.counts(c.app, channel, 1)
	}
	t.webhooks(func(there *T, in *inbox) {
		for channel, want := range map[string][]string{
			t.name("private-"):  {"channel_occupied", "subscription_count 1"},
			t.name("presence-"): {"channel_occupied", "member_added 7"},
		} {
			c := there.connect(hookApp)
			c.askSigned(channel, dataFor(channel, "7"))
			c.awaits("pusher_internal:subscription_succeeded")
			c.untilPong() // and the count
			c.askSigned(channel, dataFor(channel, "7"))
			c.refused(channel)
			in.tells(c, channel, want...)
		}
	}, "subscription_counts = true")
}

func sub07(t *T) {
	a, b := t.connect(mainApp), t.connect(mainApp)
	channel := t.name("private-")
	token := a.app.Token(a.id, channel, "")
	b.mustRefuse(channel, token, "")
	a.ask(channel, token, "")
	a.expect("pusher_internal:subscription_succeeded", channel)
}

func sub08(t *T) {
	c := t.connect(mainApp)
	channel := t.name("private-")
	_, signature, _ := strings.Cut(c.app.Token(c.id, channel, ""), ":")
	other := t.apps[otherApp]
	for _, auth := range []string{
		other.Key + ":" + signature,
		"no-such-key:" + signature,
		strings.ToUpper(c.app.Key) + ":" + signature,
		other.Token(c.id, channel, ""), // a good token of another app
	} {
		c.mustRefuse(channel, auth, "")
	}
	c.subscribeSigned(channel)
}

func sub09(t *T) {
	c := t.connect(mainApp)
	channel := t.name("private-")
	token := c.app.Token(c.id, channel, "")
	key, signature, _ := strings.Cut(token, ":")
	for _, auth := range []any{nil, "", key, signature, key + ":", ":" + signature, ":", key + "::" + signature, token + ":", 7, []string{token}} {
		data := map[string]any{"channel": channel, "auth": auth}
		if auth == nil {
			delete(data, "auth")
		}
		c.send("pusher:subscribe", "", data)
		c.refused(channel)
	}
	c.unheard(channel)
	c.subscribeSigned(channel)
}

// wrongOn refuses a wrong signature on a channel and then takes the right one.
func (t *T) wrongOn(prefix, channelData string) {
	c := t.connect(mainApp)
	channel := t.name(prefix)
	c.mustRefuse(channel, c.app.Key+":"+wrongSignature, channelData)
	c.mustRefuse(channel, strings.ToUpper(c.app.Token(c.id, channel, channelData)), channelData)
	c.askSigned(channel, channelData)
	c.expect("pusher_internal:subscription_succeeded", channel)
}

func sub10(t *T) { t.wrongOn("private-cache-", "") }

func sub11(t *T) {
	t.wrongOn("presence-cache-", member("7", nil))
	t.wrongOn("private-encrypted-cache-", "")
}

func sub12(t *T) {
	c, witness := t.connect(mainApp), t.connect(mainApp)
	for _, prefix := range []string{"private-", "private-encrypted-"} {
		channel := t.name(prefix)
		witness.subscribeSigned(channel)
		c.ask(channel, c.app.Key+":"+wrongSignature, "")
		c.refused(channel).isObject(t)
		t.counts(c.app, channel, 1)
		t.publish(c.app, "event", "{}", channel)
		c.hearsNothing()
		witness.hears("event", channel)
	}
	room := t.name("presence-")
	witness.join(room, member("8", nil))
	c.ask(room, c.app.Key+":"+wrongSignature, member("7", nil))
	c.refused(room).isObject(t)
	t.counts(c.app, room, 1)
	witness.hearsNothing()
}

func sub13(t *T) {
	c := t.connect(mainApp)
	for _, channel := range []string{"privateer", "presencex", "private", "presence", "privateencrypted-x", t.name("privateer-"), t.name("presencex-")} {
		e := c.subscribe(channel)
		if data := c.text(e); data != "{}" {
			t.fatalf("%s was confirmed with data %q, want the \"{}\" of a public channel", channel, data)
		}
		t.publish(c.app, "event", "{}", channel)
		c.hears("event", channel)
	}
}

func sub14(t *T) {
	c := t.connect(mainApp)
	for _, prefix := range []string{"my-private-", "my-cache-", "my-presence-", "a-private-cache-"} {
		channel := t.name(prefix)
		t.publish(c.app, "before", "{}", channel)
		c.subscribe(channel)
		c.hearsNothing() // neither a cached event nor pusher:cache_miss
		t.publish(c.app, "event", "{}", channel)
		c.hears("event", channel)
	}
}

func sub15(t *T) {
	c := t.connect(mainApp)
	names := []string{"a b", "a:b", "a/b", "a\nb", " ", ":user:"}
	if t.own() { // it takes no name outside the documented characters
		names = append(names, "a\t", "a\x00", "ä", "a?", "")
	}
	for _, name := range names {
		for _, prefix := range []string{"", "private-"} {
			if name == "" && prefix != "" {
				continue // "private-" alone has no bad character
			}
			c.askSigned(prefix+name, "")
			c.refused(prefix + name)
		}
	}
	c.subscribe(t.name("_-=@,.;AZaz09"))
}

// ofLength is a fresh channel name of exactly n characters.
func (t *T) ofLength(prefix string, n int) string {
	name := t.name(prefix)
	return name + strings.Repeat("x", n-len(name))
}

func sub16(t *T) {
	c := t.connect(mainApp)
	for _, prefix := range []string{"public-", "private-", "presence-"} {
		data := dataFor(prefix, "7")
		long := t.ofLength(prefix, 201)
		c.askSigned(long, data)
		c.refused(long)
		longest := t.ofLength(prefix, 164)
		c.askSigned(longest, data)
		c.expect("pusher_internal:subscription_succeeded", longest)
	}
}

func sub17(t *T) {
	c := t.connect(mainApp)
	for _, name := range []string{"#anything", "#", "#server-to-user-", "#server-to-user-7", "#private-x", "##"} {
		c.ask(name, "", "")
		c.refused(name)
		c.askSigned(name, "")
		c.refused(name)
	}
	c.hearsNothing()
}

func sub18(t *T) {
	c := t.connect(mainApp)
	for _, prefix := range []string{"public-", "private-", "presence-"} {
		channel := t.name(prefix)
		c.askSigned(channel, dataFor(channel, "7"))
		c.expect("pusher_internal:subscription_succeeded", channel)
		t.publish(c.app, "event", "{}", channel)
		c.hears("event", channel)
		c.leave(channel) // fails when anything but the answer to its ping comes
		c.unheard(channel)
	}
}

func sub19(t *T) {
	c, member1 := t.connect(mainApp), t.connect(mainApp)
	public, room := t.name("public-"), t.name("presence-")
	member1.subscribe(public)
	member1.join(room, member("7", nil))
	for _, channel := range []string{public, room, t.name("nobody-"), "a b"} {
		c.send("pusher:unsubscribe", "", map[string]any{"channel": channel})
		for _, e := range c.untilPong() {
			if t.own() { // it may tell, and then as the hosted service does
				c.problem(e).null(t)
			}
		}
	}
	member1.hearsNothing()
	t.counts(c.app, public, 1)
	t.counts(c.app, room, 1)
	t.publish(c.app, "event", "{}", public)
	member1.hears("event", public)
	t.webhooks(func(there *T, in *inbox) {
		room, never, later := t.name("presence-"), t.name("private-"), t.name("private-")
		inside, outside := there.on(room, "7"), there.on(later, "")
		for _, channel := range []string{room, never} {
			outside.send("pusher:unsubscribe", "", map[string]any{"channel": channel})
		}
		outside.goes()
		in.await("channel_vacated", later) // by when others would have been told, too
		in.tells(inside, room, "channel_occupied", "member_added 7")
		if got := in.of(never); len(got) > 0 {
			t.fatalf("told %q of a channel that was never subscribed", got)
		}
	})
}

func sub20(t *T) {
	c := t.connect(mainApp)
	public, private, room := t.name("public-"), t.name("private-"), t.name("presence-")
	data := member("7", nil)
	for channel, fields := range map[string]map[string]any{
		public:  {"channel": public},
		private: {"channel": private, "auth": c.app.Token(c.id, private, "")},
		room:    {"channel": room, "auth": c.app.Token(c.id, room, data), "channel_data": data},
	} {
		c.send("pusher:subscribe", "", encode(fields))
		c.expect("pusher_internal:subscription_succeeded", channel)
		t.publish(c.app, "event", "{}", channel)
		c.hears("event", channel)
	}
	if t.own() { // what is understood on the way in is understood on the way out
		c.send("pusher:unsubscribe", "", encode(map[string]any{"channel": public}))
		c.alive()
		c.unheard(public)
	}
}

func sub21(t *T) {
	c := t.connect(mainApp)
	names := []string{"pusher:nothing", "pusher:", "pusher:subscribed"}
	if t.own() { // nor does it take what only a server may send
		names = append(names, "pusher_internal:subscription_succeeded", "pusher:connection_established", `pusher:"x"\`+"\n")
	}
	for _, name := range names {
		c.send(name, "", map[string]any{})
		c.refused("").null(t)
	}
}

func sub22(t *T) {
	watcher := t.connect(mainApp)
	for _, leave := range []func(c *client){
		func(c *client) { t.check(c.conn.Close(), "close") },
		func(c *client) { t.check(c.conn.Reset(), "reset") },
		func(c *client) { t.check(c.conn.Send(wire.OpClose, []byte{0x03, 0xE8}), "send a close frame") },
	} {
		c := t.connect(mainApp)
		public, private, room := t.name("public-"), t.name("private-"), t.name("presence-")
		watcher.join(room, member("8", nil))
		c.subscribe(public)
		c.subscribeSigned(private)
		c.join(room, member("7", nil))
		watcher.hears("pusher_internal:member_added", room)
		leave(c)
		watcher.expect("pusher_internal:member_removed", room)
		for channel, want := range map[string]int{public: 0, private: 0, room: 1} {
			t.eventually("a closed connection has left "+channel, func() bool { return t.count(c.app, channel) == want })
		}
	}
}
