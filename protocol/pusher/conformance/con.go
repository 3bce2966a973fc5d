package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"fanfare/protocol/pusher/conformance/wire"
)

// socketID is the form that the server libraries check before they sign.
var socketID = regexp.MustCompile(`^\d+\.\d+$`)

// refusalLimit is how long an upgrade that should be refused may stay silent
// where a refusal is looked for but not demanded.
const refusalLimit = 5 * time.Second

// turnedAway upgrades on target, which must end with this close code, at once
// and before any handshake. It returns what the server sent before the close
// frame, which can only be one pusher:error with the same code.
func (t *T) turnedAway(target string, code int) (wire.Close, []event) {
	c := t.dial(t.apps[mainApp], target)
	cl, events := c.closed()
	if cl.Code != code {
		t.fatalf("%s ended with close %d %q after %v, want code %d", target, cl.Code, cl.Reason, events, code)
	}
	if len(events) > 1 {
		t.fatalf("%s sent %v, want at most one pusher:error before the close frame", target, events)
	}
	for _, e := range events {
		if p := c.problem(e); p.Code == nil || *p.Code != code {
			t.fatalf("%s sent %s before close %d, want the same code in both", target, e, code)
		}
	}
	return cl, events
}

// appPath is the target of an upgrade for the app of a role.
func (t *T) appPath(role, query string) string { return "/app/" + t.apps[role].Key + query }

func con01(t *T) {
	for _, headers := range [][]string{nil, {"Sec-WebSocket-Protocol: chat, pusher"}} {
		c := t.dial(t.apps[mainApp], t.appPath(mainApp, query), headers...)
		if got := c.conn.Header.Values("Sec-WebSocket-Protocol"); len(got) > 0 {
			t.fatalf("subprotocol %q was selected, want none", got)
		}
		c.hello()
	}
}

func con02(t *T) {
	c := t.dial(t.apps[mainApp], t.appPath(mainApp, query))
	e := c.expect("pusher:connection_established", "")
	c.text(e)
	c.members(e, "event", "data")
}

func con03(t *T) {
	c := t.dial(t.apps[mainApp], t.appPath(mainApp, query))
	var data map[string]any
	t.decode(c.text(c.next()), &data)
	if _, ok := data["socket_id"].(string); !ok {
		t.fatalf("socket_id of %v is not a string", data)
	}
	if n, ok := data["activity_timeout"].(float64); !ok || n <= 0 {
		t.fatalf("activity_timeout of %v is not a number above 0", data)
	}
}

func con04(t *T) {
	for range 20 {
		if c := t.connect(mainApp); !socketID.MatchString(c.id) {
			t.fatalf("socket_id %q does not match %s", c.id, socketID)
		}
	}
}

func con06(t *T) {
	seen := map[string]bool{}
	for range 20 {
		c := t.connect(mainApp)
		if seen[c.id] {
			t.fatalf("socket_id %s was given twice", c.id)
		}
		seen[c.id] = true
		t.check(c.conn.Close(), "disconnect")
	}
}

func con07(t *T) {
	t.connectWith(mainApp, query+"&foo=bar&channels[]=x&%C3%A4=1&empty&=&t=1719990000000").alive()
}

func con08(t *T) {
	for _, version := range []string{"4", "5", "6"} {
		c := t.connectWith(mainApp, "?protocol="+version+"&client=java-client&version=2.4.4")
		c.subscribe(t.name("public-"))
	}
}

func con09(t *T) {
	for _, version := range []string{"3", "8", "99", "x", "1", "0", "-7", "7.0", "%207"} {
		t.turnedAway(t.appPath(mainApp, "?protocol="+version+"&client=js&version=8.6.0"), 4007)
	}
}

func con10(t *T) {
	t.turnedAway(t.appPath(mainApp, "?client=js&version=8.6.0"), 4008)
	t.turnedAway(t.appPath(mainApp, ""), 4008)
}

func con11(t *T) {
	for _, version := range []string{"8.6.0%20beta", "8%2F6", "%3Cscript%3E", "%00", strings.Repeat("8", 65)} {
		t.turnedAway(t.appPath(mainApp, "?protocol=7&client=js&version="+version), 4006)
	}
	for _, version := range []string{"8.6.0-beta_1%2Bbuild", strings.Repeat("8", 64)} {
		t.connectWith(mainApp, "?protocol=7&client=js&version="+version)
	}
}

func con12(t *T) {
	t.turnedAway("/app/no-such-key"+query, 4001)
	t.turnedAway("/app/"+strings.ToUpper(t.apps[mainApp].Key)+query, 4001)
}

func con13(t *T) { t.turnedAway(t.appPath(disabledApp, query), 4003) }

func con14(t *T) {
	first := t.connect(singleApp)
	for range 3 {
		t.turnedAway(t.appPath(singleApp, query), 4004)
	}
	first.alive()
	t.check(first.conn.Close(), "disconnect")
	t.eventually("the place of a closed connection is free", func() bool {
		c := t.dial(t.apps[singleApp], t.appPath(singleApp, query))
		e := c.next()
		if e.Event == "pusher:connection_established" {
			return true
		}
		c.closed()
		return false
	})
}

// con15 claims TLS in a header, too: nobody in front of our own server is
// believed, and what another's trusts is not known.
func con15(t *T) {
	t.turnedAway(t.appPath(tlsApp, query), 4000)
	if !t.own() {
		return
	}
	c := t.dial(t.apps[tlsApp], t.appPath(tlsApp, query), "X-Forwarded-Proto: https", "X-Forwarded-For: 192.0.2.7")
	if cl, events := c.closed(); cl.Code != 4000 {
		t.fatalf("with a forged X-Forwarded-Proto it ended with close %d %q after %v, want code 4000", cl.Code, cl.Reason, events)
	}
}

func con16(t *T) {
	for _, path := range []string{"/nothing", "/nothing/" + t.apps[mainApp].Key, "/app/" + t.apps[mainApp].Key + "/more"} {
		t.turnedAway(path+query, 4005)
	}
}

// con17 judges the errors that come before a handshake. Which upgrades are
// refused, and with which close code, is left to CON-09 to CON-16.
func con17(t *T) {
	seen := 0
	for target, code := range map[string]int{
		"/app/no-such-key?protocol=5":                        4001,
		"/app/no-such-key" + query:                           4001,
		t.appPath(disabledApp, query):                        4003,
		"/nothing" + query:                                   4005,
		t.appPath(mainApp, "?protocol=7&version=%2F"):        4006,
		t.appPath(mainApp, "?protocol=99&version=8.6.0"):     4007,
		t.appPath(mainApp, "?client=js&version=8.6.0"):       4008,
		t.appPath(mainApp, "?protocol=3&client=js&version="): 4007,
	} {
		p, came := t.earlyProblem(target)
		if t.own() && !p.has(code) { // always told, for clients behind proxies that eat close codes
			t.fatalf("%s was refused with pusher:error %s, want one with code %d", target, encode(p), code)
		}
		if came && (p.Code == nil || *p.Code < 4000) {
			t.fatalf("%s was refused with a pusher:error whose code is not an integer from 4000 on: %q", target, p.Message)
		}
		if came {
			seen++
		}
	}
	t.connect(mainApp).alive() // it was the target that was refused
	if seen == 0 {
		t.note("no upgrade was refused with a pusher:error, so that there was no code to judge")
	}
}

// earlyProblem upgrades on target and returns the pusher:error that comes
// before anything else. A server may accept, refuse in another way, or stay
// silent; the latter costs refusalLimit.
func (t *T) earlyProblem(target string) (p problem, came bool) {
	conn, err := wire.Dial(t.ctx, t.addr, target)
	if err != nil {
		return problem{}, false // refused with an HTTP status
	}
	t.closeLater(func() { _ = conn.Close() })
	f, err := conn.ReadUntil(time.Now().Add(refusalLimit))
	if err != nil || f.Op != wire.OpText {
		return problem{}, false
	}
	c := &client{t: t, conn: conn}
	e := c.parse(f)
	if e.Event != "pusher:error" {
		return problem{}, false
	}
	return c.problem(e), true
}

// con18 provokes everything that has a code of 4300 and above, and then looks
// at the close codes of the whole run.
func con18(t *T) {
	room := t.name("private-")
	burst := slices.Repeat([]string{message("client-x", room, map[string]any{})}, 3*rateLimit)
	for _, provocation := range []func(c *client) []string{
		func(c *client) []string { return []string{c.subscribing(t.name("private-"), wrongSignature, "")} },
		func(c *client) []string {
			presence, data := t.name("presence-"), member(strings.Repeat("u", 200), nil)
			_, signature, _ := strings.Cut(c.app.Token(c.id, presence, data), ":")
			return []string{c.subscribing(presence, signature, data)}
		},
		func(*client) []string {
			return []string{message("client-x", room, strings.Repeat("x", maxClientData+1))}
		},
		func(*client) []string { return []string{"no JSON"} },
		func(*client) []string { return burst },
	} {
		c := t.connect(mainApp)
		c.subscribeSigned(room)
		texts := provocation(c)
		if events := c.provoke(texts...); t.own() && len(events) == 0 {
			t.fatalf("%v was not refused", texts)
		}
	}
	t.closes.seen(func(code int, id string) {
		if code >= 4300 {
			t.fatalf("close code %d was sent, seen by %s", code, id)
		}
	})
}

// subscribing is a pusher:subscribe with this signature.
func (c *client) subscribing(channel, signature, channelData string) string {
	return message("pusher:subscribe", "", map[string]any{
		"channel": channel, "auth": c.app.Key + ":" + signature, "channel_data": channelData,
	})
}

// provoke sends messages and returns what comes before the confirmation of a
// subscribe that follows them, or before the server ends the connection, which
// is for other checks to judge.
func (c *client) provoke(texts ...string) []event {
	last := c.t.name("after-")
	c.sendTogether(append(texts, message("pusher:subscribe", "", map[string]any{"channel": last}))...)
	var events []event
	for {
		f, err := c.conn.Read()
		if isTimeout(err) {
			c.t.check(err, "read the confirmation of "+last)
		}
		if err != nil {
			return events
		}
		if f.Op == wire.OpClose {
			_ = c.describe(f) // keeps its code
			return events
		}
		if c.pinged(f) || f.Op != wire.OpText {
			continue
		}
		e := c.parse(f)
		if e.Channel == last {
			return events
		}
		events = append(events, e)
	}
}

func con19(t *T) {
	if _, events := t.turnedAway("/app/no-such-key?protocol=5&client=java-client&version=2.4.4", 4001); len(events) != 1 {
		t.fatalf("protocol 5 was refused without a pusher:error before the close frame")
	}
	if !t.own() {
		t.note("only a refused handshake was checked: closing later needs a server the suite may stop")
		return
	}
	s := t.server()
	c := t.at(s.addr).connectWith(mainApp, "?protocol=5&client=java-client&version=2.4.4")
	t.check(s.terminate(), "stop the server")
	cl, events := c.closed()
	if len(events) != 1 {
		t.fatalf("got %v before close %d, want one pusher:error", events, cl.Code)
	}
	if p := c.problem(events[0]); p.Code == nil || *p.Code != cl.Code {
		t.fatalf("got %s before close %d, want the same code in both", events[0], cl.Code)
	}
}

func con20(t *T) {
	long := strings.Repeat("%E2%82%AC", 100) // 300 bytes, in runes of 3: a reason is cut between them
	refused := map[string]int{
		"/app/no-such-key" + query:                 4001,
		"/app/" + strings.Repeat("k", 500) + query: 4001,
		"/app/" + long + query:                     4001,
	}
	if t.own() { // whether another server refuses these is for CON-09 to CON-16 to judge
		maps.Copy(refused, map[string]int{
			"/" + long + query:                                               4005,
			t.appPath(disabledApp, query):                                    4003,
			t.appPath(mainApp, "?protocol="+strings.Repeat("9", 300)):        4007,
			t.appPath(mainApp, "?protocol=7&client=js&version="+long):        4006,
			t.appPath(mainApp, "?client="+strings.Repeat("j", 300)+"&x=8.6"): 4008,
		})
	}
	for target, code := range refused {
		cl, _ := t.turnedAway(target, code) // holds the code, and that the reason is UTF-8
		if cl.Reason == "" || len(cl.Reason) > 123 {
			t.fatalf("%s ended with a reason of %d bytes, want 1 to 123: %q", target, len(cl.Reason), cl.Reason)
		}
	}
}

// emptyObject is the data of a pong.
func (c *client) emptyObject(e event) {
	var data map[string]json.RawMessage
	if err := json.Unmarshal(e.Members["data"], &data); err != nil || data == nil || len(data) > 0 {
		c.t.fatalf("data of %s is not an empty object", e)
	}
}

func con21(t *T) {
	c := t.connect(mainApp)
	for range 3 {
		c.send("pusher:ping", "", map[string]any{})
		c.emptyObject(c.expect("pusher:pong", ""))
	}
}

func con22(t *T) {
	c := t.connect(mainApp)
	for _, ping := range []string{`{"event":"pusher:ping"}`, `{"event":"pusher:ping","data":null}`, `{"event":"pusher:ping","data":"{}"}`} {
		c.sendRaw(ping)
		c.expect("pusher:pong", "") // its data is for CON-21 to judge
	}
}

func con23(t *T) {
	c := t.connect(mainApp)
	for _, payload := range []string{"", "a", "\x00\xff\x80", strings.Repeat("p", 125)} {
		t.check(c.conn.Send(wire.OpPing, []byte(payload)), "send a ping")
		if f := c.frame(); f.Op != wire.OpPong || string(f.Payload) != payload {
			t.fatalf("got %s, want a pong with payload %q", c.describe(f), payload)
		}
	}
}

func con27(t *T) {
	c := t.connect(mainApp)
	broken := []string{"no JSON", "{", `{"event":"pusher:ping"`, `{"event":"pusher:ping"}x`, "\x01"}
	if t.own() { // another server may end with it, and take all later checks along
		broken = append(broken, strings.Repeat("[", 1000))
	}
	for _, text := range broken {
		c.sendRaw(text)
		c.putUpWith()
	}
	for _, text := range []string{"[]", "7", `"pusher:ping"`, "null", "{}", `{"event":7}`, `{"event":null}`} {
		c.sendRaw(text)
		for _, e := range c.untilPong() {
			if t.own() {
				c.problem(e)
			}
		}
	}
}

func con28(t *T) {
	s := t.server()
	there := t.at(s.addr)
	idle, subscribed := there.connect(mainApp), there.connect(otherApp)
	subscribed.subscribe(t.name("public-"))
	t.check(s.terminate(), "stop the server")
	for _, c := range []*client{idle, subscribed} {
		cl, events := c.closed()
		if cl.Code != 4200 || cl.Reason == "" || len(events) > 0 {
			t.fatalf("shutdown sent %v and close %d %q, want close 4200 with a reason and nothing else", events, cl.Code, cl.Reason)
		}
	}
	t.check(s.stop(), "see a clean end of the server")
}

func con29(t *T) {
	seen := 0
	for _, text := range []string{
		"no JSON",
		message("pusher:nothing", "", nil),
		message("pusher:subscribe", "", map[string]any{"channel": t.name("private-")}),
		message("pusher:subscribe", "", map[string]any{"channel": "a b"}),
		message("pusher:subscribe", "", map[string]any{}),
		message("pusher:subscribe", "", nil),
		message("client-x", t.name("private-"), "{}"),
		message("something", "", nil),
	} {
		errors := 0
		c := t.connect(mainApp)
		for _, e := range c.provoke(text) {
			if e.Event == "pusher:error" {
				c.problem(e).isObject(t)
				errors++
			}
		}
		if t.own() && errors != 1 { // it says what was wrong with each
			t.fatalf("%s was answered by %d errors, want one", text, errors)
		}
		seen += errors
	}
	if p, came := t.earlyProblem(fmt.Sprintf("/app/no-such-key-%s?protocol=5", runTag)); came {
		p.isObject(t)
		seen++
	}
	if seen == 0 {
		t.note("no pusher:error came, so that there was nothing to judge")
	}
}
