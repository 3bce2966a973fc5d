package api

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"fanfare/channels/apps"
	"fanfare/protocol"
	"fanfare/protocol/pusher/auth"
	"fanfare/protocol/pusher/tenant"
)

// API-38: what a publish brings may be in the query, all of it or a part.
func TestAPI38Query(t *testing.T) {
	w := newWorld(t)
	a, b, odd := w.subscribe("a"), w.subscribe("b"), w.subscribe("a,b;c=d@e")
	on := func(channel, name, data string, h any) string {
		return fmt.Sprintf("%s %s %s [%v]", channel, name, data, h)
	}
	f := func(query, body string, want ...string) {
		t.Helper()
		w.is(w.do(w.signed("POST", "/apps/3/events?"+query, body)), "{}")
		w.got(want...)
	}
	f("name=x&data=y&channel=a", "", on("a", "x", "y", a))
	f("name=x&data=y&channels[]=a&channels[]=b&channels[]=a", "", on("a", "x", "y", a), on("b", "x", "y", b))
	f("name=x&data=y&channels%5B%5D=a&channels%5B%5D=b", "", on("a", "x", "y", a), on("b", "x", "y", b))
	f("channels[1]=b&name=x&data=y&channels[0]=a", "", on("b", "x", "y", b), on("a", "x", "y", a))
	f("name=x&data=y&channels[]=a,b;c%3Dd@e", "", on("a,b;c=d@e", "x", "y", odd)) // a comma is part of a name
	f("name=x&data=y&channels[]=a&channel=b", "", on("a", "x", "y", a))           // channels counts, as in a body
	f("name=App%5CEvents%5CX&data=&channel=a", "", on("a", `App\Events\X`, "", a))
	f("name=x&data=%7B%22a%22%3A%22%C3%BC+%26%3D%00%0A%22%7D&channel=a", "", on("a", "x", "{\"a\":\"ü &=\x00\n\"}", a))
	f("name=x&data=null&channel=a", "", on("a", "x", "null", a))
	f("name=x&name=z&data=1&data=2&channel=a", "", on("a", "z", "2", a)) // the last, as in the signature
	f("other=1&batch=2&", `{"name":"x","data":"y","channel":"a"}`, on("a", "x", "y", a))

	f("channel=a", `{"name":"x","data":"y"}`, on("a", "x", "y", a))
	f("channels[]=a", `{"name":"x","data":"y","channel":"b"}`, on("a", "x", "y", a))
	f("channel=a", `{"name":"x","data":null,"channel":null}`, on("a", "x", "null", a))
	id := w.ids.Add(a)
	f("socket_id="+id.String(), `{"name":"x","data":"y","channels":["a","b"]}`, on("a", "x", "y", ""), on("b", "x", "y", b))
	for _, info := range []string{"info=subscription_count", "info[]=user_count&info[]=subscription_count"} {
		w.is(w.do(w.signed("POST", "/apps/3/events?name=x&data=y&channels[]=a&"+info, "")), `{"channels":{"a":{"subscription_count":1}}}`)
		w.got(on("a", "x", "y", a))
	}
}

// Questions, too, may come with a list.
func TestInfoAsList(t *testing.T) {
	w := newWorld(t)
	w.subscribe("presence-a", "1")
	want := `{"occupied":true,"user_count":1,"subscription_count":1}`
	for _, info := range []string{"info=user_count,subscription_count", "info[]=user_count&info[]=subscription_count", "info[1]=subscription_count&info[0]=user_count"} {
		w.is(w.get("channels/presence-a?"+info), want)
	}
	w.is(w.get("channels?filter_by_prefix=presence-&info[]=user_count"), `{"channels":{"presence-a":{"user_count":1}}}`)
	w.refuses(w.get("channels/presence-a?info[]=user_count&info[]=x"), 400, `info holds "x"`)
}

// The signature covers the query, lists in the spelling of either library.
func TestAPI38Signature(t *testing.T) {
	w := newWorld(t)
	signed := string(w.signed("POST", "/apps/3/events?name=x&data=y&channels[]=a&channels[]=b", ""))
	w.is(w.do([]byte(signed)), "{}")
	for _, forged := range []string{"data=z", "data=", "channels%5B%5D=c", "name=y"} {
		name, _, _ := strings.Cut(forged, "=")
		from := strings.Index(signed, name+"=")
		end := from + strings.IndexByte(signed[from:], '&')
		w.refuses(w.do([]byte(signed[:from]+forged+signed[end:])), 401, "Invalid signature")
	}
	params := []auth.Param{
		{Key: "auth_key", Value: testKey},
		{Key: "auth_timestamp", Value: fmt.Sprint(testTime)},
		{Key: "auth_version", Value: "1.0"},
		{Key: "channels", Value: "a,b"},
		{Key: "data", Value: "y"},
		{Key: "name", Value: "x"},
	}
	query := "auth_key=" + testKey + "&auth_timestamp=" + fmt.Sprint(testTime) + "&auth_version=1.0&channels[]=a&channels[]=b&data=y&name=x&auth_signature=" +
		w.signer.Hex([]byte(auth.StringToSign("POST", "/apps/3/events", params)))
	w.is(w.do(raw("POST", "/apps/3/events?"+query, "")), "{}")
}

func TestAPI38Refusals(t *testing.T) {
	w := newWorld(t)
	w.subscribe("a")
	f := func(query, body string, status int, part string) {
		t.Helper()
		w.refuses(w.do(w.signed("POST", "/apps/3/events?"+query, body)), status, part)
		w.got()
	}
	f("name=x&data=y", "", 400, "channels is missing: send an array of 1 to 100 names, or one as channel")
	f("data=y&channel=a", "", 400, "name is missing")
	f("name=x&channel=a", "", 400, "data is missing")
	f("name=pusher:x&data=y&channel=a", "", 400, `name: invalid event name "pusher:x"`)
	f("name=x&data="+strings.Repeat("y", 10241)+"&channel=a", "", 413, "data has 10241 bytes: at most 10240 are allowed")
	f("name=x&data=y&channels[]=a&channels[]=b+c", "", 400, `channels[1]: invalid channel name "b c"`)
	f("name=x&data=y&channels[]=a"+strings.Repeat("&channels[]=a", 100), "", 400, "channels has 101 names: send 1 to 100")
	f("name=x&data=y&channel=a&socket_id=x", "", 400, `socket_id: invalid socket id "x"`)
	f("name=x&data=y&channel=a&info=x", "", 400, `info holds "x"`)
	for _, key := range []string{"channels", "channels[", "channels[x]", "channels[0]x", "channels[0][1]", "info[", "info[x]"} {
		list, _, _ := strings.Cut(key, "[")
		f("name=x&data=y&"+key+"=a", "", 400, fmt.Sprintf("%q in the query is no list: send %s[]=A&%[2]s[]=B", key, list))
	}
	for _, member := range []string{"name", "data", "channel", "channels[]"} {
		f("name=x&data=y&channel=a&"+member+"=%ff", "", 400, strings.TrimSuffix(member, "[]")+" in the query is not UTF-8")
	}
	for _, member := range []string{"name", "data", "channel", "socket_id", "info"} {
		body := fmt.Sprintf(`{"name":"x","channel":"a","data":"y","socket_id":"1.1","info":"user_count",%q:"z"}`, member)
		f(member+"=z", body, 400, member+" is in the body and in the query: send it in one of them")
	}
	f("channels[0]=a", body("x", "y", "a"), 400, "channels is in the body and in the query")
	f("data=y", `{"name":"x","channel":"a","data":null}`, 400, "data is in the body and in the query")
	f("name=x&data=y&channel=a", "name=x", 400, "body is not JSON") // a form
	f("name=x&data=y&channel=a", "[]", 400, "body is the array []: send a JSON object")

	for _, key := range []string{"name", "channels[]", "batch"} {
		w.refuses(w.do(w.signed("POST", "/apps/3/batch_events?"+key+"=x", batchOf(1, nil))), 400, fmt.Sprintf("%q is in the query: a batch is read from the body only", key))
	}
	w.got()
}

// What one request's query holds must not reach the next.
func TestAPI38Leftovers(t *testing.T) {
	w := newWorld(t)
	h := w.subscribe("a")
	w.is(w.do(w.signed("POST", "/apps/3/events?name=first&data=1111&channels[]=a", "")), "{}")
	w.refuses(w.do(w.signed("POST", "/apps/3/events?name=XXXXX&data=XXXX", "")), 400, "channels is missing")
	w.is(w.do(w.signed("POST", "/apps/3/events?data=2", `{"name":"second","channel":"a"}`)), "{}")
	w.refuses(w.post("events", `{"name":"third"}`), 400, "data is missing")
	w.got(fmt.Sprintf("a first 1111 [%d]", h), fmt.Sprintf("a second 2 [%d]", h))
	for i, want := range []string{"a first 1111", "a second 2"} { // a copy, which nothing overwrites
		if m := w.sink.lent[i]; m.Channel+" "+m.Event+" "+m.Data != want {
			t.Errorf("message %d became %q %q %q, want %q", i, m.Channel, m.Event, m.Data, want)
		}
	}
}

// Whatever is in the query and the body is refused by a text or makes an event
// that may be delivered, whose data is what was sent.
func FuzzPublishQuery(f *testing.F) {
	for _, seed := range [][2]string{
		{"name=x&data=y&channels[]=a&channels[]=b", ""},
		{"name=x&data=%ff&channel=a", ""},
		{"channel=a", `{"name":"x","data":{"a":1}}`},
		{"channels[0]=a&channels=b", ""},
		{"data=1&data=2&name=%00&channel=a;b", ""},
		{"socket_id=1.1&info=user_count&name=x", `{"data":null,"channel":"c"}`},
		{"a=%zz", "{}"},
	} {
		f.Add(seed[0], seed[1])
	}
	app := apps.New("3", testKey, testSecret)
	app.Limits = apps.PusherLimits()
	s := &Server{cfg: Config{IDs: protocol.NewDirectory()}}
	f.Fuzz(func(t *testing.T, query, body string) {
		params, err := auth.AppendQuery(nil, query)
		if err != nil {
			return
		}
		k := call{
			request: &request{body: []byte(body)}, Tenant: &tenant.Tenant{App: app},
			home: &home{server: s, seen: map[string]struct{}{}, params: params},
		}
		events, no := k.readAny()
		if no != nil {
			if no.status < 400 || len(no.text) < 10 || len(no.text) > 1000 || !utf8.ValidString(no.text) {
				t.Errorf("%q %q: refused with %+v", query, body, no)
			}
			return
		}
		for _, e := range events {
			checkEvent(t, &app.Limits, e)
		}
		if i := lastOf(params, "data"); i >= 0 && len(events) == 1 && body == "" && events[0].data != params[i].Value {
			t.Errorf("data %q became %q", params[i].Value, events[0].data)
		}
	})
}

func lastOf(params []auth.Param, key string) int {
	for i, p := range slices.Backward(params) {
		if p.Key == key {
			return i
		}
	}
	return -1
}
