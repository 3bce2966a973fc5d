package api

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// listed gives the names in an answer to GET channels.
func (w *world) listed(a answer) []string {
	w.Helper()
	var all struct{ Channels map[string]json.RawMessage }
	if err := json.Unmarshal([]byte(a.body), &all); err != nil || all.Channels == nil {
		w.Fatalf("%q: %v", a.body, err)
	}
	list := []string{}
	for name, value := range all.Channels {
		list = append(list, name+string(value))
	}
	slices.Sort(list)
	return list
}

func TestAPI24NoChannels(t *testing.T) {
	w := newWorld(t)
	w.is(w.get("channels"), `{"channels":{}}`)
	w.is(w.get("channels?filter_by_prefix=presence-&info=user_count"), `{"channels":{}}`)
}

func TestAPI25Channels(t *testing.T) {
	w := newWorld(t)
	w.subscribe("a")
	w.subscribe("presence-a", "1")
	w.subscribe("presence-a", "1")
	w.subscribe("#server-to-user-1")
	w.subscribe(`of "another" protocol ü<`)
	w.subscribeAs("4", "others", 99)
	f := func(query string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, w.listed(w.get("channels"+query)), cmp.Transformer("", func(s []string) string { return strings.Join(s, "\n") })); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
	f("", "a{}", `of "another" protocol ü<{}`, "presence-a{}")
	f("?info=", "a{}", `of "another" protocol ü<{}`, "presence-a{}")
	f("?filter_by_prefix=presence-&info=user_count", `presence-a{"user_count":1}`)
	f("?filter_by_prefix=presence-a&info=user_count,user_count", `presence-a{"user_count":1}`)
	f("?filter_by_prefix=presence-ab&info=user_count")
	f("?filter_by_prefix=%23server")
	f("?filter_by_prefix=a", "a{}") // API-27: a literal prefix
	for _, prefix := range []string{"*", "%25", ".", "a*", "A", "_", "x&filter_by_prefix=b"} {
		f("?filter_by_prefix=" + prefix)
	}
}

func TestAPI26InfoNeedsPresence(t *testing.T) {
	w := newWorld(t)
	for _, query := range []string{"", "&filter_by_prefix=", "&filter_by_prefix=private-", "&filter_by_prefix=presence", "&filter_by_prefix=xpresence-"} {
		w.refuses(w.get("channels?info=user_count"+query), 400, "add filter_by_prefix=presence- or a longer prefix")
	}
	w.refuses(w.get("channels?info=foo&filter_by_prefix=presence-"), 400, `info holds "foo": use user_count`)
	w.refuses(w.get("channels?info=subscription_count&filter_by_prefix=presence-"), 400, `info holds "subscription_count": use user_count`)
}

// API-28 to API-31.
func TestAPI28Channel(t *testing.T) {
	w := newWorld(t)
	for _, user := range []string{"1", "2", "2"} {
		w.subscribe("presence-a", user)
	}
	w.subscribe("a=b,c;d@e")
	w.subscribe("cache-a")
	w.subscribeAs("4", "others", 99)
	f := func(endpoint, want string) {
		t.Helper()
		w.is(w.get("channels/"+endpoint), want)
	}
	f("nobody", `{"occupied":false}`)
	f("others", `{"occupied":false}`)
	f("presence-b", `{"occupied":false}`)
	f("a=b,c;d@e", `{"occupied":true}`)
	f("a%3Db%2Cc%3Bd%40e", `{"occupied":true}`)
	f("%23server-to-user-1", `{"occupied":false}`)
	f("presence-a", `{"occupied":true}`)
	f("presence-a?info=user_count", `{"occupied":true,"user_count":2}`)
	f("presence-a?info=subscription_count%2Cuser_count", `{"occupied":true,"user_count":2,"subscription_count":3}`)
	f("presence-b?info=user_count,subscription_count", `{"occupied":false,"user_count":0,"subscription_count":0}`)
	f("cache-a?info=subscription_count", `{"occupied":true,"subscription_count":1}`)
	g := func(endpoint string, status int, part string) {
		t.Helper()
		w.refuses(w.get("channels/"+endpoint), status, part)
	}
	g("nobody?info=user_count", 400, `which only presence channels have: "nobody" does not begin with presence-`) // API-29
	g("private-a?info=subscription_count,user_count", 400, "which only presence channels have")
	for _, channel := range []string{"nobody", "presence-a", "private-a", "my-cache-a", "%23server-to-user-1"} { // API-31
		g(channel+"?info=cache", 400, "which only cache channels have")
		g(channel+"?info=subscription_count,cache", 400, "which only cache channels have")
	}
	g("a?info=foo", 400, `info holds "foo": use user_count, subscription_count, cache`)
	g("a%20b", 400, `invalid channel name "a b"`)
	g("a%2Fb", 400, `invalid channel name "a/b"`)
	g("%23other", 400, `invalid channel name "#other"`)
	g(strings.Repeat("x", 201), 400, "more than 200 characters")
}

// API-32 and API-33.
func TestAPI32Users(t *testing.T) {
	w := newWorld(t)
	for _, user := range []string{"1", "2", "2", `q"\ü`, "12345678901234567890"} {
		w.subscribe("presence-a", user)
	}
	w.subscribe("a")
	w.is(w.get("channels/presence-a/users"), `{"users":[{"id":"1"},{"id":"2"},{"id":"q\"\\ü"},{"id":"12345678901234567890"}]}`)
	w.is(w.get("channels/presence-b/users"), `{"users":[]}`)
	for _, channel := range []string{"a", "nobody", "private-a"} {
		w.refuses(w.get("channels/"+channel+"/users"), 400, "only presence channels have users")
	}
	w.refuses(w.get("channels/presence-%20/users"), 400, "invalid channel name")
}

func TestConnections(t *testing.T) {
	w := newWorld(t)
	w.is(w.get("connections"), `{"connections":0}`)
	w.tenants.Of(w.app).Acquire(0)
	w.tenants.Of(w.app).Acquire(0)
	w.is(w.get("connections"), `{"connections":2}`)
}

// Wide questions go to the pool, and are refused when it is full; narrow ones
// never wait for it.
func TestWorkers(t *testing.T) {
	w := newWorld(t)
	w.full = true
	for _, endpoint := range []string{"channels", "channels/presence-a/users"} {
		a := w.get(endpoint)
		w.refuses(a, 503, "too many such questions")
		if a.header.Get("Retry-After") != "1" {
			t.Errorf("headers %v", a.header)
		}
	}
	w.is(w.get("channels/a"), `{"occupied":false}`)
	w.is(w.get("connections"), `{"connections":0}`)
	w.is(w.post("events", body("x", "y", "c")), "{}")
	w.full = false

	w.peer.Write(append(w.signed("GET", "/apps/3/channels", ""), w.signed("GET", "/apps/3/connections", "")...))
	if got := w.peer.Received(); len(got) != 0 || len(w.jobs) != 1 {
		t.Fatalf("%d jobs, answered %q", len(w.jobs), got)
	}
	w.work()
	if all := w.answers("GET"); len(all) != 2 || all[0].body != `{"channels":{}}` || all[1].body != `{"connections":0}` {
		t.Errorf("%+v", all)
	}
	w.peer.Write(w.signed("GET", "/apps/3/channels", ""))
	w.peer.Hangup()
	w.work() // for nobody
}

// A worker that panics must not leave its request waiting.
func TestWorkerPanic(t *testing.T) {
	w := newWorld(t)
	serveConnections(t, func(k *call) *refusal {
		return k.onWorker(func() []byte { panic("bug") })
	})
	w.peer.Write(w.signed("GET", "/apps/3/connections", ""))
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic is hidden from the pool, which logs it")
			}
		}()
		w.jobs[0]()
	}()
	w.loop.Settle()
	w.refuses(w.answers("GET")[0], 500, "the server failed to answer")
}
