package api

import (
	"fmt"
	"strings"
	"testing"

	"fanfare/channels"
	"fanfare/channels/apps"
	"fanfare/engine"
)

func TestAPI10Publish(t *testing.T) {
	w := newWorld(t)
	h := w.subscribe("project-3")
	w.subscribeAs("4", "project-3", 99)
	w.is(w.post("events", h1Body), "{}")
	w.got(fmt.Sprintf(`project-3 foo {"some":"data"} [%d]`, h)) // nobody of the other app
	w.is(w.post("events", body("foo", "x", "nobody")), "{}")
	w.got()
	if got := w.tenants.Of(w.app).Totals(); got.Publishes != 2 || got.Requests != 2 {
		t.Errorf("counted %+v", got)
	}
}

func TestAPI11Channels(t *testing.T) {
	w := newWorld(t)
	list := make([]string, 101)
	want := make([]string, 101)
	for i := range list {
		list[i] = fmt.Sprintf("channel-%d", i)
		want[i] = fmt.Sprintf("%s x y [%d]", list[i], w.subscribe(list[i]))
	}
	w.is(w.post("events", `{"name":"x","data":"y","channel":"channel-7"}`), "{}")
	w.got(want[7])
	w.is(w.post("events", `{"name":"x","data":"y","channel":"channel-7","channels":null}`), "{}")
	w.got(want[7])
	w.is(w.post("events", `{"name":"x","data":"y","channel":"channel-7","channels":["channel-8"]}`), "{}")
	w.got(want[8]) // channels wins
	w.is(w.post("events", body("x", "y", list[:100]...)), "{}")
	w.got(want[:100]...)
	w.refuses(w.post("events", body("x", "y", list...)), 400, "channels has 101 names: send 1 to 100")
	w.got()
}

// A channel that is named twice gets the event once.
func TestAPI11Duplicates(t *testing.T) {
	w := newWorld(t)
	a, b := w.subscribe("a"), w.subscribe("b")
	f := func(others int) {
		t.Helper()
		list := []string{"a", "b", "a"}
		for i := range others {
			list = append(list, fmt.Sprintf("other-%d", i), "b", "other-0")
		}
		w.is(w.post("events", body("x", "y", list...)), "{}")
		w.got(fmt.Sprintf("a x y [%d]", a), fmt.Sprintf("b x y [%d]", b))
	}
	f(0)
	f(3)
	f(30)
	if got := w.tenants.Of(w.app).Totals().Publishes; got != 2+5+32 {
		t.Errorf("%d publishes counted", got)
	}
}

// API-12, API-14, API-15: what is sent is what arrives.
func TestAPI14Data(t *testing.T) {
	w := newWorld(t)
	h := w.subscribe("c")
	f := func(sent, name, data string) {
		t.Helper()
		w.is(w.post("events", sent), "{}")
		w.got(fmt.Sprintf("c %s %s [%d]", name, data, h))
	}
	for _, data := range []string{
		"", " ", "ünïcode 😀 漢字", `"quotes" \ and / slashes`, "</script><!-- & '", "line\u2028paragraph\u2029end",
		"\x00\x01\x1f\x7f\t\r\n", `{ "a" : 1.0, "b":12345678901234567890 }`, `\u00fc \ud800`, "null", "\ufeff", "\ufffd",
	} {
		f(body("x", data, "c"), "x", data)
	}
	f(`{"name":"x","channel":"c","data":"\u00fc\ud83d\uDE00\/\u003c\b\f\u0000"}`, "x", "ü😀/<\b\f\x00")
	f(`{"\u006eame":"x","channel":"\u0063","data":"y"}`, "x", "y")
	for _, name := range []string{`App\Events\X`, "client-x", ".dot", `ü "q"`, strings.Repeat("n", 200), strings.Repeat("ü", 200), "pusherx:y"} {
		f(body(name, "y", "c"), name, "y")
	}
	// Other types than strings: their JSON text without white space.
	f(`{"name":"x","channel":"c","data":{ "a" : [ 1.0, 12345678901234567890, null, true, "\u00fc\"\ud83d\ude00" ], "\u0062\u2028":{ } }}`,
		"x", `{"a":[1.0,12345678901234567890,null,true,"\u00fc\"\ud83d\ude00"],"\u0062\u2028":{}}`)
	f(`{"name":"x","channel":"c","data":[ ]}`, "x", `[]`)
	f(`{"name":"x","channel":"c","data":1e400}`, "x", `1e400`)
	f(`{"name":"x","channel":"c","data":null}`, "x", `null`)
	f(`{"name":"x","channel":"c","data":false,"socket_id":null,"info":null,"tags":{"a":[]}}`, "x", `false`)
}

// A channel may keep an event for as long as it likes: no later request changes
// it, also where name or data is empty.
func TestMessagesAreCopies(t *testing.T) {
	w := newWorld(t)
	w.subscribe("cache-c")
	w.is(w.post("events", body("first", "", "cache-c")), "{}")
	w.is(w.post("events", body("second", "data", "cache-c")), "{}")
	w.is(w.post("events", body("XXXXXXXXXXXX", "XXXXXXXX", "X")), "{}")
	for i, want := range []string{"cache-c first ", "cache-c second data"} {
		if m := w.sink.lent[i]; m.Channel+" "+m.Event+" "+m.Data != want {
			t.Errorf("message %d became %q %q %q, want %q", i, m.Channel, m.Event, m.Data, want)
		}
	}
}

func TestAPI13DataLimit(t *testing.T) {
	w := newWorld(t)
	h := w.subscribe("c")
	for _, unit := range []string{"x", "ü", `"`, "\x01"} { // a limit of the data, not of its escapes
		fits := strings.Repeat(unit, 10240/len(unit))
		w.is(w.post("events", body("x", fits, "c")), "{}")
		w.got(fmt.Sprintf("c x %s [%d]", fits, h))
		w.refuses(w.post("events", body("x", fits+"x", "c")), 413, "data has 10241 bytes: at most 10240 are allowed")
	}
	list := "[" + strings.Repeat("1, ", 5119) + "1]" // 10,241 bytes without the white space
	w.refuses(w.post("events", `{"name":"x","channel":"c","data":`+list+`}`), 413, "data has 10241 bytes")
	w.is(w.post("events", `{"name":"x","channel":"c","data":`+strings.Replace(list, "1, ", "  ", 1)+`}`), "{}")
	w.got(fmt.Sprintf("c x [%s1] [%d]", strings.Repeat("1,", 5118), h))
}

func TestPublishRefusals(t *testing.T) {
	w := newWorld(t)
	w.subscribe("c")
	f := func(name, body string, status int, part string) {
		t.Helper()
		if a := w.post("events", body); a.status != status || !strings.Contains(a.body, part) {
			t.Errorf("%s: got %d %q, want %d with %q", name, a.status, a.body, status, part)
		}
		w.got()
	}
	f("no body", ``, 400, "body is empty: send a JSON object")
	f("no JSON", `name=x&data=y`, 400, "body is not JSON: invalid character")
	f("half", `{"name":"x"`, 400, "body is not JSON: unexpected end of JSON input (byte 11)")
	f("two", `{} {}`, 400, "body is not JSON: invalid character '{' after top-level value (byte 4)")
	f("no object", `["x"]`, 400, `body is the array ["x"]: send a JSON object`)
	f("null", `null`, 400, `body is null: send a JSON object`)
	f("no UTF-8", "{\"name\":\"x\",\"channel\":\"c\",\"data\":\"\xff\"}", 400, "body is not UTF-8")
	f("control character", "{\"name\":\"x\",\"channel\":\"c\",\"data\":\"a\nb\"}", 400, `holds the control character 0x0a: write \u000a`)
	f("bad escape", `{"name":"x","channel":"c","data":"\x"}`, 400, `holds "\\x\"}", which is no escape`)
	f("half a character", `{"name":"x","channel":"c","data":"\ud83dx"}`, 400, `holds \ud83d, half of a surrogate pair`)
	f("halves swapped", `{"name":"x","channel":"c","data":"\ude00\ud83d"}`, 400, `holds \ude00, half of a surrogate pair`)
	f("bad number", `{"name":"x","channel":"c","data":01}`, 400, "body is not JSON")
	f("infinite", `{"name":"x","channel":"c","data":-inf}`, 400, "body is not JSON")
	f("deep", `{"data":`+strings.Repeat("[", 64)+strings.Repeat("]", 64)+"}", 400, "nested too deeply: at most 64 levels")
	f("very deep", strings.Repeat("[", 60_000), 400, "nested too deeply")
	f("many values", `{"data":[`+strings.Repeat("1,", 70_000)+`1]}`, 400, "too many values: at most 65536 are read; send data as a string")

	f("no name", `{"channel":"c","data":"y"}`, 400, "name is missing: send the event's name, a string of 1 to 200 characters")
	f("name null", `{"name":null,"channel":"c","data":"y"}`, 400, "name is missing")
	f("name a number", `{"name":12,"channel":"c","data":"y"}`, 400, "name must be a string of 1 to 200 characters, not 12")
	f("name empty", body("", "y", "c"), 400, `name: invalid event name "": it is empty`)
	f("name long", body(strings.Repeat("n", 201), "y", "c"), 400, "it has more than 200 characters")
	for _, name := range []string{"pusher:", "pusher:error", "pusher_internal:", "pusher_internal:member_added"} { // API-16
		f(name, body(name, "y", "c"), 400, `invalid event name "`+name)
	}

	f("no data", `{"name":"x","channel":"c"}`, 400, "data is missing: send a string, which may be empty")

	f("no channel", `{"name":"x","data":"y"}`, 400, "channels is missing: send an array of 1 to 100 names, or one as channel")
	f("channels empty", `{"name":"x","data":"y","channels":[]}`, 400, "channels has 0 names: send 1 to 100")
	f("channels a string", `{"name":"x","data":"y","channels":"c"}`, 400, `channels must be an array of 1 to 100 names, not the string "c"`)
	f("channels of numbers", `{"name":"x","data":"y","channels":["c",{"a":1}]}`, 400, `channels[1] must be a string, not the object {"a":1}`)
	f("channel an array", `{"name":"x","data":"y","channel":["c"]}`, 400, `channel must be a string, not the array ["c"]`)
	f("bad channel", body("x", "y", "a b"), 400, `channels[0]: invalid channel name "a b": ' ' is not allowed`)
	f("one bad channel", body("x", "y", "c", ":user::x"), 400, `channels[1]: invalid channel name ":user::x"`)
	f("long channel", body("x", "y", strings.Repeat("c", 201)), 400, `it has more than 200 characters`)
	f("reserved channel", `{"name":"x","data":"y","channel":"#other"}`, 400, `channel: invalid channel name "#other"`) // API-37
	f("nobody's channel", body("x", "y", "#server-to-user-"), 400, `channels[0]: invalid channel name "#server-to-user-": a user id must follow`)

	for _, id := range []string{"", "abc", "1", "1.", ".1", "1.2.3", "-1.2", "1.2 ", "1.2\n", "1,2", "1.x", "١.٢"} { // API-18
		f("socket_id "+id, encode(map[string]any{"name": "x", "data": "y", "channel": "c", "socket_id": id}), 400, "socket_id: invalid socket id")
	}
	f("socket_id a number", `{"name":"x","data":"y","channel":"c","socket_id":1.2}`, 400, "socket_id must be a string, not 1.2")
	f("info unknown", `{"name":"x","data":"y","channel":"c","info":"user_count,foo"}`, 400, `info holds "foo": use user_count, subscription_count, joined with commas`)
	f("info cache", `{"name":"x","data":"y","channel":"c","info":"cache"}`, 400, `info holds "cache"`)
	f("info an array", `{"name":"x","data":"y","channel":"c","info":["user_count"]}`, 400, `info must be a string, not the array ["user_count"]`)

	f("long value", `{"name":["`+strings.Repeat("ü", 10_000)+`"]}`, 400, `üü...`)
	if a := w.post("events", `{"name":["`+strings.Repeat("ü", 10_000)+`"]}`); len(a.body) > 300 {
		t.Errorf("%d bytes of text", len(a.body))
	}
	if got := w.tenants.Of(w.app).Totals().Publishes; got != 0 {
		t.Errorf("%d publishes counted", got)
	}
}

// API-37: an event for a signed-in user is one on that user's channel.
func TestAPI37Users(t *testing.T) {
	w := newWorld(t)
	h := w.subscribe("#server-to-user-a=b,c;d@e")
	w.is(w.post("events", body("x", "y", "#server-to-user-a=b,c;d@e")), "{}")
	w.got(fmt.Sprintf("#server-to-user-a=b,c;d@e x y [%d]", h))
	w.is(w.post("batch_events", batchOf(1, func(_ int, e map[string]any) { e["channel"] = "#server-to-user-a=b,c;d@e" })), "{}")
	w.got(fmt.Sprintf("#server-to-user-a=b,c;d@e event-0 y [%d]", h))
	w.refuses(w.post("events", body("x", "y", "#server-to-user-a b")), 400, "' ' is not allowed")
	w.refuses(w.post("events", body("x", "y", "#other")), 400, "of the names that begin with '#' there is only #server-to-user-ID")
}

func TestAPI17Except(t *testing.T) {
	w := newWorld(t)
	a, b := w.subscribe("c"), w.subscribe("c")
	id := w.ids.Add(a)
	publish := func(id string) answer {
		return w.post("events", encode(map[string]any{"name": "x", "data": "y", "channel": "c", "socket_id": id}))
	}
	w.is(publish(id.String()), "{}")
	w.got(fmt.Sprintf("c x y [%d]", b))
	for _, nobody := range []string{"123.456", "0.0", "00.01", "99999999999999999999.99999999999999999999"} {
		w.is(publish(nobody), "{}")
		w.got(fmt.Sprintf("c x y [%d %d]", a, b))
	}
	w.ids.Remove(id)
	w.is(publish(id.String()), "{}")
	w.got(fmt.Sprintf("c x y [%d %d]", a, b))
}

func TestAPI19Info(t *testing.T) {
	w := newWorld(t)
	for _, user := range []string{"1", "2", "2"} {
		w.subscribe("presence-a", user)
	}
	w.subscribe("b")
	f := func(info, want string, channels ...string) {
		t.Helper()
		w.is(w.post("events", encode(map[string]any{"name": "x", "data": "y", "channels": channels, "info": info})), want)
	}
	f("user_count,subscription_count", `{"channels":{"presence-a":{"user_count":2,"subscription_count":3},"b":{"subscription_count":1},"c":{"subscription_count":0}}}`, "presence-a", "b", "c", "b")
	f("user_count", `{"channels":{"b":{},"presence-a":{"user_count":2},"presence-b":{"user_count":0}}}`, "b", "presence-a", "presence-b")
	f(" subscription_count , user_count", `{"channels":{"presence-a":{"user_count":2,"subscription_count":3}}}`, "presence-a")
	f("", `{}`, "presence-a")
}

// A publish that gets 503 has reached nobody.
func TestOverload(t *testing.T) {
	w := newWorld(t, func(s *setup) { s.engine = engine.Config{MailboxBytes: 1000} })
	a := w.subscribe("a")
	w.subscribe("b")
	first, second := w.signed("POST", "/apps/3/events", body("1", "x", "a")), w.signed("POST", "/apps/3/events", body("2", "x", "b", "a", "nobody"))
	third := w.signed("POST", "/apps/3/batch_events", encode(map[string]any{"batch": []any{
		map[string]any{"name": "3", "data": "x", "channel": "b"}, map[string]any{"name": "4", "data": strings.Repeat("x", 1000), "channel": "a"},
	}}))
	w.peer.Write(append(append(first, second...), third...))
	all := w.answers("POST")
	if len(all) != 3 {
		t.Fatalf("%d answers", len(all))
	}
	w.is(all[0], "{}")
	for _, no := range all[1:] {
		w.refuses(no, 503, "the server is overloaded and nobody got the event: publish it again")
		if no.header.Get("Retry-After") != "1" {
			t.Errorf("headers %v", no.header)
		}
	}
	w.got(fmt.Sprintf("a 1 x [%d]", a))
	for why, n := range w.tenants.Of(w.app).Refused() {
		if why == apps.RefusedOverload && n != 2 {
			t.Errorf("%d overloads counted, want 2", n)
		}
	}
	if got := w.tenants.Of(w.app).Totals().Publishes; got != 1 {
		t.Errorf("%d publishes counted, want 1", got)
	}
	w.is(w.post("events", body("2", "x", "nobody", "a")), "{}")
}

// A completion may come later, and from anywhere.
func TestCompletionLater(t *testing.T) {
	f := func(err error, status int, part string) {
		t.Helper()
		w := newWorld(t)
		var p *pending
		serveConnections(t, func(k *call) *refusal {
			p = k.pending(emptyObject)
			p.events = 7
			p.await(k.conn)
			return nil
		})
		ask := func() {
			w.peer.Write(w.signed("GET", "/apps/3/connections", ""))
			if got := w.peer.Received(); len(got) != 0 {
				t.Fatalf("answered before it is done: %q", got)
			}
			done := make(chan struct{})
			go func() {
				defer close(done)
				p.complete(err)
			}()
			<-done
		}
		ask()
		w.loop.Settle()
		if all := w.answers("GET"); len(all) != 1 || all[0].status != status || !strings.Contains(all[0].body, part) {
			t.Errorf("%+v", all)
		}
		w.peer.Hangup()
		w.peer = w.loop.Dial()
		ask()
		w.peer.Hangup() // and the publish counts all the same
		accepted := uint64(0)
		if err == nil {
			accepted = 14
		}
		if got := w.tenants.Of(w.app).Totals().Publishes; got != accepted {
			t.Errorf("%d publishes counted, want %d", got, accepted)
		}
	}
	f(nil, 200, "{}")
	f(channels.ErrBusy, 503, "publish it again")
	f(fmt.Errorf("cluster is split"), 503, "cannot publish: cluster is split")
}

// What one request leaves behind must not reach the next.
func TestNothingOfARefusedRequestIsPublished(t *testing.T) {
	w := newWorld(t)
	h := w.subscribe("c")
	w.refuses(w.post("batch_events", `{"batch":[{"name":"1","channel":"c","data":{"a":1}},{"name":"2"}]}`), 400, "batch[1].data is missing")
	w.refuses(w.post("events", body("x", "y", "c", "a b")), 400, "channels[1]")
	w.is(w.post("events", body("3", "y", "d")), "{}")
	w.got()
	w.is(w.post("batch_events", `{"batch":[{"name":"4","channel":"c","data":[2]}]}`), "{}")
	w.got(fmt.Sprintf("c 4 [2] [%d]", h))
}
