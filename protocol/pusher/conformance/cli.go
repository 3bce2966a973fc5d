package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// rateLimit is the number of client events that a connection may send at once
// and in each second.
const rateLimit = 10

// maxClientData is the limit of a client event's data in bytes.
const maxClientData = 10240

// pair connects a sender and a listener to a channel, in that order.
func (t *T) pair(channel string) (sender, listener *client) {
	sender, listener = t.connect(mainApp), t.connect(mainApp)
	for id, c := range map[string]*client{"sender": sender, "listener": listener} {
		c.askSigned(channel, dataFor(channel, id))
		c.expect("pusher_internal:subscription_succeeded", channel)
	}
	sender.barrier() // member events of the one that came second
	listener.barrier()
	return sender, listener
}

// says sends one message on c, which must be relayed to the listener as one
// client event; c itself gets nothing. It returns what the listener got.
func (c *client) says(text string, listener *client, name, channel string) event {
	c.sendRaw(text)
	c.alive()
	e := listener.hears(name, channel)
	c.hearsNothing()
	return e
}

// relayed is says for data of any JSON type, given as JSON text, and returns
// the string that arrived.
func (c *client) relayed(listener *client, channel, data string) string {
	text := `{"event":"client-x","channel":` + encode(channel) + `,"data":` + data + `}`
	return listener.text(c.says(text, listener, "client-x", channel))
}

// mustNotSay sends one message, which must be refused and reach nobody.
func (c *client) mustNotSay(text string, listener *client) {
	c.sendRaw(text)
	c.refused("")
	listener.hearsNothing()
}

func cli01(t *T) {
	for _, prefix := range []string{"private-", "presence-"} {
		channel := t.name(prefix)
		sender, listener := t.pair(channel)
		third := t.connect(mainApp)
		third.askSigned(channel, dataFor(channel, "listener")) // another tab of a user hears it too
		third.expect("pusher_internal:subscription_succeeded", channel)
		sender.says(message("client-typing", channel, map[string]any{"a": 1}), listener, "client-typing", channel)
		third.hears("client-typing", channel)
	}
}

func cli02(t *T) {
	channel := t.name("private-")
	sender, listener := t.pair(channel)
	for in, out := range map[string]string{
		`{"a":1,"b":[true,null,"x"]}`:   "",
		`{}`:                            "",
		`[1,2.50,"ü</script>"]`:         "",
		`7`:                             "",
		`12345678901234567890`:          "",
		`true`:                          "",
		`null`:                          "",
		`{ "a" : { "b" : [ 1 , 2 ] } }`: `{"a":{"b":[1,2]}}`,
		"[\n1,\t\"a b\"\n]":             `[1,"a b"]`,
	} {
		if out == "" {
			out = in
		}
		if got := sender.relayed(listener, channel, in); got != out {
			t.fatalf("data %s arrived as the string %q, want %q", in, got, out)
		}
		sender.rest()
	}
}

// rest reads on until the rate limit has given back the client event that was
// last sent, so that a check with many of them is not about the limit.
func (c *client) rest() { c.pingedUntil(time.Now().Add(time.Second / rateLimit)) }

func cli03(t *T) {
	channel := t.name("private-")
	sender, listener := t.pair(channel)
	for _, data := range []string{"", "plain", `{"a": 1}`, `"quoted"`, "ü \u2028 </script> \\ \" \n \x00 😀", "null", "7"} {
		if got := sender.relayed(listener, channel, encode(data)); got != data {
			t.fatalf("the string %q arrived as %q", data, got)
		}
		sender.rest()
	}
	if got := sender.relayed(listener, channel, `"\u00fc\ud83d\ude00\/"`); got != "ü😀/" {
		t.fatalf("an escaped string arrived as %q, want \"ü😀/\"", got)
	}
}

func cli04(t *T) {
	channel := t.name("private-")
	sender, listener := t.pair(channel)
	e := sender.says(`{"event":"client-x","channel":`+encode(channel)+`}`, listener, "client-x", channel)
	listener.members(e, "event", "channel", "data")
	if t.own() && listener.text(e) != "{}" {
		t.fatalf("absent data arrived as %s, want the string \"{}\"", e)
	}
}

func cli05(t *T) {
	ids := map[string]string{`"7"`: "7", `"ü\"x"`: `ü"x`}
	if t.own() { // whether a number may be an id is for PRE-06 to judge
		ids[`7`] = "7"
	}
	for literal, id := range ids {
		room := t.name("presence-")
		sender, listener := t.connect(mainApp), t.connect(mainApp)
		listener.join(room, member("listener", nil))
		sender.join(room, `{"user_id":`+literal+`}`)
		listener.sees(added, room, id)
		e := sender.says(message("client-typing", room, map[string]any{}), listener, "client-typing", room)
		listener.members(e, "event", "channel", "data", "user_id")
		var got string
		t.decode(string(e.Members["user_id"]), &got)
		if got != id {
			t.fatalf("%s has user_id %q, want %q", e, got, id)
		}
	}
}

func cli06(t *T) {
	channel := t.name("private-")
	sender, listener := t.pair(channel)
	e := sender.says(message("client-typing", channel, map[string]any{}), listener, "client-typing", channel)
	listener.members(e, "event", "channel", "data")
	if user, ok := e.Members["user_id"]; ok {
		t.fatalf("%s has user_id %s, want none", e, user)
	}
}

func cli07(t *T) {
	for _, prefix := range []string{"private-", "presence-"} {
		channel := t.name(prefix)
		sender, listener := t.pair(channel)
		forged := `"event":"client-x","socket_id":"1.1","channel":` + encode(channel) + `,"data":"{}","extra":{"a":1},"user_id":"root"}`
		listener.unforged(sender.says("{"+forged, listener, "client-x", channel), prefix)

		sender.sendRaw(`{"user_id":"admin",` + forged) // a member twice may be refused instead
		told := sender.untilPong()
		heard := listener.barrier()
		for _, e := range heard {
			listener.unforged(e, prefix)
		}
		if t.own() && (len(told) > 0 || len(heard) != 1) {
			t.fatalf("a user_id given twice was answered by %v and relayed as %v, want it to be ignored", told, heard)
		}
	}
}

// unforged proves that e, relayed on a channel of this kind, says nothing but
// what the sender may say. That the sender's id is there is for CLI-05 to judge.
func (c *client) unforged(e event, prefix string) {
	for _, name := range []string{"socket_id", "extra"} {
		if value, ok := e.Members[name]; ok {
			c.t.fatalf("%s has the forged %s %s", e, name, value)
		}
	}
	user, ok := e.Members["user_id"]
	if ok && (prefix == "private-" || string(user) != `"sender"`) {
		c.t.fatalf("%s has user_id %s, which the sender did not sign for", e, user)
	}
	if c.t.own() && prefix == "private-" {
		c.members(e, "event", "channel", "data")
	} else if c.t.own() {
		c.members(e, "event", "channel", "data", "user_id")
	}
}

func cli08(t *T) {
	for _, prefix := range []string{"public-", "cache-"} {
		channel := t.name(prefix)
		sender, listener := t.connect(mainApp), t.connect(mainApp)
		for _, c := range []*client{sender, listener} {
			c.subscribe(channel)
			c.barrier() // an empty cache may be told
		}
		sender.mustNotSay(message("client-x", channel, map[string]any{}), listener)
	}
}

func cli09(t *T) {
	for _, prefix := range []string{"private-", "presence-"} {
		channel := t.name(prefix)
		_, listener := t.pair(channel)
		c := t.connect(mainApp)
		c.mustNotSay(message("client-x", channel, map[string]any{}), listener)
		c.ask(channel, c.app.Key+":"+wrongSignature, member("7", nil))
		c.refused(channel)
		c.mustNotSay(message("client-x", channel, map[string]any{}), listener)
		c.askSigned(channel, dataFor(channel, "7"))
		c.expect("pusher_internal:subscription_succeeded", channel)
		c.leave(channel)
		listener.barrier() // it may have come and gone as a member
		c.mustNotSay(message("client-x", channel, map[string]any{}), listener)
	}
	channel := t.name("private-")
	_, listener := t.pair(channel)
	foreign := t.connect(otherApp)
	foreign.subscribeSigned(channel) // the same name, but another app's channel
	foreign.sendRaw(message("client-x", channel, map[string]any{}))
	foreign.alive()
	listener.hearsNothing()
	foreign.mustNotSay(message("client-x", t.name("private-"), map[string]any{}), listener)
	noChannel := t.connect(mainApp)
	noChannel.mustNotSay(`{"event":"client-x","data":{}}`, listener)
}

func cli10(t *T) {
	sender, listener := t.connect(muteApp), t.connect(muteApp)
	for _, prefix := range []string{"private-", "presence-"} {
		channel := t.name(prefix)
		for _, c := range []*client{sender, listener} {
			c.askSigned(channel, dataFor(channel, "7"))
			c.expect("pusher_internal:subscription_succeeded", channel)
		}
		sender.mustNotSay(message("client-x", channel, map[string]any{}), listener)
	}
}

func cli11(t *T) {
	channel := t.name("private-")
	sender, listener := t.pair(channel)
	for _, name := range []string{"xclient-foo", "my-client-foo", "Client-foo", "client", "clientfoo", " client-foo", ""} {
		sender.sendRaw(message(name, channel, map[string]any{}))
		sender.putUpWith()
		listener.hearsNothing()
	}
}

func cli12(t *T) {
	channel := t.name("private-")
	sender, listener := t.pair(channel)
	burst := make([]string, rateLimit+1)
	for i := range burst {
		burst[i] = message(fmt.Sprintf("client-%d", i), channel, map[string]any{})
	}
	sender.sendTogether(burst...)
	if p := sender.problem(sender.next()); p.Code == nil || *p.Code != 4301 {
		t.fatalf("event %d within a second gave code %v, want 4301", rateLimit+1, p.Code)
	}
	sender.alive()
	events := listener.barrier()
	if len(events) != rateLimit {
		t.fatalf("%d events of the burst arrived, want the first %d: %v", len(events), rateLimit, events)
	}
	for i, e := range events {
		if want := fmt.Sprintf("client-%d", i); e.Event != want {
			t.fatalf("got %s as event %d of the burst, want %s", e, i+1, want)
		}
	}
	t.eventually("client events pass again", func() bool {
		sender.send("client-after", channel, map[string]any{})
		return !sender.holds(sender.untilPong(), 4301)
	})
	listener.hears("client-after", channel)
}

func cli13(t *T) {
	channel := t.name("private-")
	sender, listener := t.pair(channel)
	var texts []string
	for i := range 50 {
		texts = append(texts,
			message("pusher:ping", "", map[string]any{}),
			message("pusher:subscribe", "", map[string]any{"channel": t.name(fmt.Sprintf("public-%d-", i))}))
	}
	for range rateLimit {
		texts = append(texts, message("client-x", channel, map[string]any{}))
	}
	sender.sendTogether(texts...)
	for pongs, confirmed := 0, 0; pongs < 50 || confirmed < 50; {
		switch e := sender.next(); e.Event {
		case "pusher:pong":
			pongs++
		case "pusher_internal:subscription_succeeded":
			confirmed++
		default:
			t.fatalf("got %s, want the answers to pings and subscribes", e)
		}
	}
	sender.alive()
	if events := listener.barrier(); len(events) != rateLimit {
		t.fatalf("%d client events arrived, want %d", len(events), rateLimit)
	}
}

func cli14(t *T) {
	channel := t.name("private-")
	sender, listener := t.pair(channel)
	for _, unit := range []string{"x", "ü", "\""} { // a limit in bytes, and of the text, not of its escapes
		fits := strings.Repeat(unit, maxClientData/len(unit))
		sender.sendRaw(message("client-x", channel, fits+unit))
		p := sender.refused("")
		p.null(t)
		if t.own() && !strings.Contains(p.Message, "10240") {
			t.fatalf("the refusal %q does not name the maximum of 10240 bytes", p.Message)
		}
		listener.hearsNothing()
		if got := sender.relayed(listener, channel, encode(fits)); got != fits {
			t.fatalf("%d bytes of data arrived as %d", len(fits), len(got))
		}
	}
	object := `{"a":"` + strings.Repeat("x", maxClientData) + `"}`
	sender.sendRaw(message("client-x", channel, json.RawMessage(object)))
	sender.refused("").null(t)
	listener.hearsNothing()
}

func cli15(t *T) {
	for _, prefix := range []string{"private-cache-", "presence-cache-"} {
		channel := t.name(prefix)
		sender, listener := t.connect(mainApp), t.connect(mainApp)
		listener.enter(channel, "1")
		listener.misses(channel)
		sender.enter(channel, "1") // the same user: nobody is told of a newcomer
		sender.misses(channel)
		sender.send("client-x", channel, "first")
		sender.untilPong() // it was taken in
		listener.hears("client-x", channel)
		late := t.connect(mainApp)
		late.enter(channel, "1")
		late.misses(channel) // still
		t.publish(sender.app, "event", "kept", channel)
		sender.hears("event", channel)
		sender.send("client-x", channel, "second")
		sender.untilPong()
		listener.barrier()
		last := t.connect(mainApp)
		last.enter(channel, "1")
		last.replays(channel, "event", "kept")
	}
}

// cli17 decodes as pusher-websocket-swift does: data is a String or nothing.
func cli17(t *T) {
	channel := t.name("private-")
	sender, listener := t.pair(channel)
	for _, payload := range []string{`{"a":1}`, `[1,"b"]`, `"text"`, `7`, `false`} {
		e := sender.says(`{"event":"client-x","channel":`+encode(channel)+`,"data":`+payload+`}`, listener, "client-x", channel)
		var swift struct{ Event, Channel, Data string }
		t.decode(e.raw, &swift)
		got := swift.Data
		if strings.HasPrefix(payload, `"`) {
			got = encode(got) // a text is itself, anything else its JSON
		}
		if !t.sameJSON(got, payload) {
			t.fatalf("%s decodes to data %q, want %s", e, swift.Data, payload)
		}
	}
}
