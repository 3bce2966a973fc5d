package pusher

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"fanfare/channels"
	"fanfare/channels/apps"
)

func TestPublic_SUB01_SUB02_SUB03_SUB13_SUB14(t *testing.T) {
	for _, channel := range []string{"my-channel", "privateer", "presencex", "my-private-x", "my-cache-x", "-_=@,.;Z9"} {
		c := newWorld(t, nil).connect()
		c.write(`{"event":"pusher:subscribe","data":{"auth":"","channel":"` + channel + `"}}`)
		c.wants(succeeded(channel))
		c.publish(&channels.Message{Channel: channel, Event: `App\Events\X`, Data: `{"é":"<&>","n":"` + "\\n" + `"}`})
		c.wants(`{"event":"App\\Events\\X","channel":"` + channel + `","data":"{\"é\":\"<&>\",\"n\":\"\\n\"}"}`)
		other := c.connect()
		other.write(`{"event":"pusher:subscribe","data":{"channel":"` + channel + `"}}`)
		other.wants(succeeded(channel))
	}
}

func TestConfirmationFirst_SUB04(t *testing.T) {
	w := newWorld(t, nil)
	c := w.connect()
	c.peer.Deliver(appendMasked(nil, 1, c.subscribe("news", "")))
	w.registry.Publish(&channels.Message{App: "3", Channel: "news", Event: "e", Data: "1"}, nil)
	w.loop.Settle()
	c.wants(succeeded("news"), `{"event":"e","channel":"news","data":"1"}`)
}

func TestDuplicate_SUB05(t *testing.T) {
	c := newWorld(t, nil).connect()
	for _, channel := range []string{"news", "private-x"} {
		c.do(c.subscribe(channel, ""), c.subscribe(channel, ""))
		got := c.read()
		if len(got) != 2 {
			t.Fatalf("received %q", got)
		}
		text := pusherError("null", "Existing subscription to channel "+channel)
		if got[0] != text && got[1] != text {
			t.Errorf("received %q", got)
		}
		if n := c.registry.Subscribers("3", channel); n != 1 {
			t.Errorf("%d subscriptions", n)
		}
		c.publish(&channels.Message{Channel: channel, Event: "e", Data: "1"})
		c.wants(`{"event":"e","channel":"` + channel + `","data":"1"}`)
	}
}

// The official vectors are for a socket id of their own, so the session is
// given it.
func (c *client) rename() {
	ss := c.peer.Conn().Receiver().(*session)
	c.server.cfg.IDs.Remove(ss.ID)
	ss.ID.Slot, ss.ID.Secret = 1234, 1234
	c.id = "1234.1234"
}

func TestVectors_SUB06_PRE01_A4(t *testing.T) {
	c := newWorld(t, nil).connect()
	c.rename()
	c.do(
		`{"event":"pusher:subscribe","data":{"channel":"private-foobar","auth":"278d425bdf160c739803:58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4"}}`,
		`{"event":"pusher:subscribe","data":{"channel":"presence-foobar","channel_data":"{\"user_id\":10,\"user_info\":{\"name\":\"Mr. Channels\"}}","auth":"278d425bdf160c739803:31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80"}}`,
		`{"event":"pusher:subscribe","data":{"channel":"private-encrypted-foobar","auth":"278d425bdf160c739803:e6a18892d037c5d5e76a2265df4f086ffc38631605530dfd214aa5bff495f533"}}`,
	)
	c.wants(
		succeeded("private-foobar"),
		`{"event":"pusher_internal:subscription_succeeded","channel":"presence-foobar","data":"{\"presence\":{\"count\":1,\"ids\":[\"10\"],\"hash\":{\"10\":{\"name\":\"Mr. Channels\"}}}}"}`,
		succeeded("private-encrypted-foobar"),
	)
}

func TestSignatures(t *testing.T) {
	for _, channel := range []string{"private-x", "private-cache-x", "private-encrypted-x", "private-encrypted-cache-x", "presence-x", "presence-cache-x"} {
		for name, test := range map[string]struct{ token, text string }{
			"SUB07 another socket": {signer.Token("1.1", channel), "Invalid signature: "},
			"SUB08 wrong key":      {"other" + signer.Token("1.1", channel)[len(testKey):], "Invalid key in subscription auth data: 'other'"},
			"SUB09 empty":          {"", "Auth value for subscription to " + channel + " is invalid: should be of format 'key:signature'"},
			"SUB09 no colon":       {"abc", "Auth value for subscription to "},
			"SUB10-12 signature":   {testKey + ":" + strings.Repeat("0", 64), "Invalid signature: Expected HMAC SHA256 hex digest of "},
		} {
			t.Run(channel+" "+name, func(t *testing.T) {
				c := newWorld(t, nil).connect()
				m := map[string]any{"event": "pusher:subscribe", "data": map[string]string{"channel": channel, "auth": test.token, "channel_data": `{"user_id":"1"}`}}
				b, _ := json.Marshal(m)
				c.do(string(b))
				c.wantRefused(channel, "AuthError", 401, test.text)
			})
		}
	}
}

// wantRefused wants both errors of a refused subscription and nothing
// registered.
func (c *client) wantRefused(channel, kind string, status int, text string) {
	c.Helper()
	got := c.read()
	if len(got) != 2 {
		c.Fatalf("received %q", got)
	}
	if !strings.HasPrefix(got[0], `{"event":"pusher:error","data":{"code":null,"message":"`+text) {
		c.Errorf("error: %s, want %q", got[0], text)
	}
	var f struct {
		Event, Channel string
		Data           struct {
			Type, Error string
			Status      int
		}
	}
	if err := json.Unmarshal([]byte(got[1]), &f); err != nil {
		c.Fatalf("%s: %v", got[1], err)
	}
	if f.Event != "pusher:subscription_error" || f.Channel != channel || f.Data.Type != kind || f.Data.Status != status || !strings.HasPrefix(f.Data.Error, text) {
		c.Errorf("subscription error: %s", got[1])
	}
	if n := c.registry.Stats().Subscriptions; n != 0 {
		c.Errorf("%d subscriptions", n)
	}
	c.write(ping)
	c.wants(pong)
}

func TestNames_SUB15_SUB16_SUB17(t *testing.T) {
	for channel, kind := range map[string]string{
		"a b": "InvalidData", "a:b": "InvalidData", "a/b": "InvalidData", "a\nb": "InvalidData", "": "InvalidData", "ü": "InvalidData",
		"#x":                     "InvalidData",
		"#server-to-user-1":      "AuthError",
		strings.Repeat("x", 201): "LimitReached",
		"private-:user::{}":      "InvalidData",
	} {
		t.Run(channel, func(t *testing.T) {
			c := newWorld(t, nil).connect()
			c.do(c.subscribe(channel, ""))
			status := map[string]int{"InvalidData": 400, "AuthError": 403, "LimitReached": 4009}[kind]
			c.wantRefused(channel, kind, status, "")
		})
	}
	c := newWorld(t, nil).connect()
	for _, n := range []int{164, 200} {
		c.join(strings.Repeat("x", n), "")
	}
}

func TestSubscriptionErrorsOff_SUB12(t *testing.T) {
	c := newWorld(t, func(a *apps.App) { a.SubscriptionErrors = false }).connect()
	c.do(`{"event":"pusher:subscribe","data":{"channel":"private-x"}}`)
	c.wants(pusherError("null", "Auth value for subscription to private-x is invalid: should be of format 'key:signature'"))
}

func TestUnsubscribe_SUB18_SUB19(t *testing.T) {
	c := newWorld(t, nil).connect()
	c.join("news", "")
	c.write(unsubscribe("news"))
	c.wants()
	c.publish(&channels.Message{Channel: "news", Event: "e", Data: "1"})
	c.wants()
	c.write(unsubscribe("news"))
	c.wants(pusherError("null", "No current subscription to channel news, or subscription in progress"))
	if got := c.registry.Stats(); got != (channels.Stats{}) {
		t.Errorf("registry: %+v", got)
	}
}

func TestStringData_SUB20(t *testing.T) {
	c := newWorld(t, nil).connect()
	c.write(`{"event":"pusher:subscribe","data":"{\"channel\":\"news\"}"}`)
	c.wants(succeeded("news"))
	c.write(`{"event":"pusher:unsubscribe","data":"{\"channel\":\"news\"}"}`)
	c.wants()
	if n := c.registry.Stats().Subscriptions; n != 0 {
		t.Errorf("%d subscriptions", n)
	}
}

func TestUnknownEvents_SUB21_CLI11_CON27(t *testing.T) {
	c := newWorld(t, nil).connect()
	c.write(`{"event":"pusher:nonsense"}`, `{"event":"xclient-foo"}`, `{"event":"my-client-foo"}`, `hello`, `{"event":1}`, `[]`)
	c.wants(
		pusherError("null", "Unsupported event received on socket: pusher:nonsense"),
		pusherError("null", "Unsupported event received on socket: xclient-foo"),
		pusherError("null", "Unsupported event received on socket: my-client-foo"),
		pusherError("null", errText("message is not JSON: invalid character 'h' looking for beginning of value (byte 1)")),
		pusherError("null", errNoEvent.Error()),
		pusherError("null", errNotObject.Error()),
	)
	c.write(ping)
	c.wants(pong)
}

// Half a character is refused, wherever it is, and the connection goes on.
func TestHalfCharacters(t *testing.T) {
	const half = `\ud83d, half of a surrogate pair: send whole characters`
	c := newWorld(t, nil).connect()
	c.join("private-x", "")
	c.write(
		`{"event":"client-x","channel":"private-x","data":"\ud83d"}`,
		`{"event":"client-x","channel":"private-x","data":{"a":["\ud83d\ud83d\ude00"]}}`,
		`{"event":"pusher:subscribe","data":"{\"channel\":\"\\ud83d\"}"}`,
	)
	c.wants(
		pusherError("null", `message has a string that holds `+half),
		pusherError("null", `message has a string that holds `+half),
		pusherError("null", `data of pusher:subscribe is a string that holds no JSON object: it has a string that holds `+half),
	)
	c.do(c.subscribe("presence-x", `{"user_id":"\ud83d"}`))
	got := c.read()
	want := pusherError("null", `channel_data must be a JSON object, such as {"user_id":"1"}; it has a string that holds `+half)
	if len(got) == 0 || got[0] != want {
		t.Errorf("presence: got %q, want %q", got, want)
	}
	c.write(`{"event":"pusher:ping","data":"\ud83d\ude00"}`)
	c.wants(pong)
}

func TestMessageSize(t *testing.T) {
	c := newWorld(t, func(a *apps.App) {
		a.Limits.ClientEventData, a.Limits.PresenceUserInfo, a.Limits.MessageSize = 1024, 1024, 1024
	}).connect()
	c.write(`{"event":"client-x","data":"` + strings.Repeat("x", 1024) + `"}`)
	if got := c.read(); len(got) != 1 || !strings.HasPrefix(got[0], "close 1009 ") {
		t.Errorf("received %q", got)
	}
}

func TestClosedConnectionLeavesChannels_SUB22_PRE12(t *testing.T) {
	w := newWorld(t, nil)
	c, watcher := w.connect(), w.connect()
	watcher.join("presence-x", `{"user_id":"w"}`)
	for i := range 40 {
		c.join(fmt.Sprintf("news-%d", i), "")
	}
	c.join("presence-x", `{"user_id":"1"}`)
	watcher.wants(`{"event":"pusher_internal:member_added","channel":"presence-x","data":"{\"user_id\":\"1\",\"user_info\":null}"}`)
	c.peer.Hangup()
	watcher.wants(`{"event":"pusher_internal:member_removed","channel":"presence-x","data":"{\"user_id\":\"1\"}"}`)
	watcher.peer.Hangup()
	w.nothingLeft()
}

func TestPresence_PRE03_PRE11(t *testing.T) {
	w := newWorld(t, nil)
	a, a2, b, n := w.connect(), w.connect(), w.connect(), w.connect()
	info := `{ "user_id" : "a", "user_info" : { "name":"Ä\/\u00e9", "n": 1.50 } }`
	a.do(a.subscribe("presence-x", info))
	const hashA = `\"a\":{\"name\":\"Ä\\/\\u00e9\",\"n\":1.50}`
	a.wants(`{"event":"pusher_internal:subscription_succeeded","channel":"presence-x","data":"{\"presence\":{\"count\":1,\"ids\":[\"a\"],\"hash\":{` + hashA + `}}}"}`)
	a2.do(a2.subscribe("presence-x", `{"user_id":"a","user_info":"another"}`))
	a2.wants(`{"event":"pusher_internal:subscription_succeeded","channel":"presence-x","data":"{\"presence\":{\"count\":1,\"ids\":[\"a\"],\"hash\":{` + hashA + `}}}"}`)
	a.wants() // PRE-09
	b.do(b.subscribe("presence-x", `{"user_id":"b"}`))
	b.wants(`{"event":"pusher_internal:subscription_succeeded","channel":"presence-x","data":"{\"presence\":{\"count\":2,\"ids\":[\"a\",\"b\"],\"hash\":{` + hashA + `,\"b\":null}}}"}`)
	added := `{"event":"pusher_internal:member_added","channel":"presence-x","data":"{\"user_id\":\"b\",\"user_info\":null}"}`
	a.wants(added)
	a2.wants(added)
	n.do(n.subscribe("presence-x", `{"user_id":12345678901234567890}`))
	n.read()
	a.wants(`{"event":"pusher_internal:member_added","channel":"presence-x","data":"{\"user_id\":\"12345678901234567890\",\"user_info\":null}"}`)
	a.write(unsubscribe("presence-x"))
	b.read()
	a2.read()
	n.write(unsubscribe("presence-x"))
	gone := `{"event":"pusher_internal:member_removed","channel":"presence-x","data":"{\"user_id\":\"12345678901234567890\"}"}`
	b.wants(gone)
	a2.wants(gone)
	a2.peer.Hangup() // PRE-10: the user's last connection
	b.wants(`{"event":"pusher_internal:member_removed","channel":"presence-x","data":"{\"user_id\":\"a\"}"}`)
	n.wants()
	a.wants()
}

func TestPresenceRefusals(t *testing.T) {
	limits := func(a *apps.App) {
		if err := a.ApplyPreset(apps.PresetPusher); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		data   string
		kind   string
		status int
	}{
		"PRE14 user object":  {`{"user_id":"1","user_info":"` + strings.Repeat("x", 1024) + `"}`, "LimitReached", 4301},
		"PRE15 user id":      {`{"user_id":"` + strings.Repeat("ü", 129) + `"}`, "LimitReached", 4301},
		"no user id":         {`{"user_info":{}}`, "InvalidData", 400},
		"empty user id":      {`{"user_id":""}`, "InvalidData", 400},
		"user id an object":  {`{"user_id":{}}`, "InvalidData", 400},
		"user id null":       {`{"user_id":null}`, "InvalidData", 400},
		"broken number":      {`{"user_id":1-2}`, "InvalidData", 400},
		"not an object":      {`"1"`, "InvalidData", 400},
		"no JSON":            {`{`, "InvalidData", 400},
		"control characters": {"{\"user_id\":\"a\nb\"}", "InvalidData", 400},
	} {
		t.Run(name, func(t *testing.T) {
			c := newWorld(t, limits).connect()
			c.do(c.subscribe("presence-x", test.data))
			c.wantRefused("presence-x", test.kind, test.status, "")
		})
	}
	c := newWorld(t, limits).connect()
	c.join("presence-x", `{"user_id":"`+strings.Repeat("ü", 128)+`"}`)
}

func TestChannelDataMustBeWhatWasSigned_PRE02(t *testing.T) {
	c := newWorld(t, nil).connect()
	c.do(strings.Replace(c.subscribe("presence-x", `{"user_id":"1"}`), `{\"user_id\"`, `{ \"user_id\"`, 1))
	c.wantRefused("presence-x", "AuthError", 401, "Invalid signature: ")
}

func TestNoChannelData_PRE16(t *testing.T) {
	c := newWorld(t, nil).connect()
	c.do(`{"event":"pusher:subscribe","data":{"channel":"presence-x","auth":"` + signer.Token(c.id, "presence-x") + `"}}`)
	c.wantRefused("presence-x", "AuthError", 401, "Cannot subscribe to presence channel presence-x without channel_data")
}

func TestPresenceFull_PRE13(t *testing.T) {
	w := newWorld(t, func(a *apps.App) { a.Limits.PresenceMembers = 2 })
	for i := range 2 {
		w.connect().join("presence-x", fmt.Sprintf(`{"user_id":"%d"}`, i))
	}
	w.connect().join("presence-x", `{"user_id":"1"}`)
	c := w.connect()
	c.do(c.subscribe("presence-x", `{"user_id":"2"}`))
	got := c.read()
	if len(got) != 2 || !strings.Contains(got[0], "is full") || !strings.Contains(got[1], `"type":"LimitReached"`) || !strings.Contains(got[1], `"status":4100`) {
		t.Errorf("received %q", got)
	}
	if n, _ := w.registry.Users("3", "presence-x"); n != 2 {
		t.Errorf("%d users", n)
	}
}

func TestMalformedCommands(t *testing.T) {
	c := newWorld(t, nil).connect()
	for _, text := range []string{
		`{"event":"pusher:subscribe"}`,
		`{"event":"pusher:subscribe","data":null}`,
		`{"event":"pusher:subscribe","data":"no json"}`,
		`{"event":"pusher:subscribe","data":{}}`,
		`{"event":"pusher:subscribe","data":{"channel":1}}`,
		`{"event":"pusher:subscribe","data":{"channel":"private-x","auth":1}}`,
		`{"event":"pusher:subscribe","data":{"channel":"presence-x","auth":"a:b","channel_data":{"user_id":"1"}}}`,
		`{"event":"pusher:unsubscribe","data":{}}`,
		`{"event":"client-x"}`,
		`{"event":"client-x","channel":1}`,
	} {
		c.do(text)
		if got := c.read(); len(got) != 1 || !strings.HasPrefix(got[0], `{"event":"pusher:error","data":{"code":null,`) {
			t.Errorf("%s: %q", text, got)
		}
	}
}
