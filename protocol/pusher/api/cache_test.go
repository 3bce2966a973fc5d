package api

import (
	"fmt"
	"testing"
	"time"
	"unsafe"

	"fanfare/channels"
	"fanfare/channels/apps"
	"fanfare/protocol/strictjson"
)

// cached asks for what a channel keeps.
func (w *world) cached(channel, want string) {
	w.Helper()
	w.is(w.get("channels/"+channel+"?info=cache"), `{"occupied":false,"cache":`+want+`}`)
}

// API-30: an event on a cache channel is kept, however it was published.
func TestAPI30Cache(t *testing.T) {
	w := newWorld(t)
	for i, channel := range []string{"cache-a", "private-cache-a", "presence-cache-a", "private-encrypted-cache-a"} {
		w.cached(channel, "null")
		data := fmt.Sprintf("{\"n\":%d,\"ü\":\"</script>\u2028\"}", i)
		w.is(w.post("events", body("x", data, channel)), "{}")
		w.cached(channel, `{"data":`+quote(data)+`,"ttl":1800}`)
	}
	w.is(w.post("batch_events", batchOf(3, func(i int, e map[string]any) {
		e["channel"], e["data"] = []string{"cache-a", "c", "cache-a"}[i], fmt.Sprint(i)
	})), "{}")
	w.cached("cache-a", `{"data":"2","ttl":1800}`)
	w.is(w.post("events", body("x", "several", "c", "cache-a", "cache-b")), "{}")
	w.cached("cache-a", `{"data":"several","ttl":1800}`)
	w.cached("cache-b", `{"data":"several","ttl":1800}`)
	w.is(w.post("events", body("x", "", "cache-a")), "{}")
	w.cached("cache-a", `{"data":"","ttl":1800}`)
	if a := w.post("channels/cache-a/events?name=x", "raw"); a.status != 202 {
		t.Errorf("%+v", a)
	}
	w.cached("cache-a", `{"data":"raw","ttl":1800}`)
	w.is(w.do(w.signed("POST", "/apps/3/events?name=x&data=query&channel=cache-a", "")), "{}")
	w.cached("cache-a", `{"data":"query","ttl":1800}`)

	w.is(w.get("channels/presence-cache-a?info=cache,user_count,subscription_count"),
		`{"occupied":false,"user_count":0,"subscription_count":0,"cache":{"data":"{\"n\":2,\"ü\":\"</script>`+"\u2028"+`\"}","ttl":1800}}`)
	w.subscribe("cache-b")
	w.is(w.get("channels/cache-b?info=subscription_count,cache"), `{"occupied":true,"subscription_count":1,"cache":{"data":"several","ttl":1800}}`)
	w.is(w.get("channels"), `{"channels":{"cache-b":{}}}`) // what only keeps an event is not occupied
}

// quote is a JSON string with as few escapes as there can be.
func quote(s string) string { return string(strictjson.AppendString(nil, s)) }

// near tells whether two messages lie in one piece of memory.
func near(a, b *channels.Message) bool {
	return uintptr(unsafe.Pointer(b))-uintptr(unsafe.Pointer(a)) == unsafe.Sizeof(*a)
}

// An app decides how long, and ttl says so: whole seconds, the last one too.
func TestAPI30Life(t *testing.T) {
	w := newWorld(t, func(s *setup) { s.app.Limits.CachedEventLife = 90 * time.Second })
	w.is(w.post("events", body("x", "y", "cache-a")), "{}")
	w.cached("cache-a", `{"data":"y","ttl":90}`)
	if m := w.registry.Cached("3", "cache-a"); m.TTL <= 89*time.Second || m.TTL > 90*time.Second {
		t.Errorf("kept for %v", m.TTL)
	}
	for left, want := range map[time.Duration]string{
		90 * time.Second: "90", 89*time.Second + 1: "90", 89 * time.Second: "89", time.Second: "1", 1: "1",
	} {
		kept := w.registry.Cached("3", "cache-a")
		kept.TTL = left
		if got := string(appendCached(nil, kept)); got != `{"data":"y","ttl":`+want+`}` {
			t.Errorf("%v left: %s, want %s", left, got, want)
		}
	}
}

// Where several events share their memory, one that is kept does not keep the
// others.
func TestKeptMessagesAreApart(t *testing.T) {
	w := newWorld(t)
	w.is(w.post("batch_events", batchOf(4, func(i int, e map[string]any) {
		if i%2 == 0 {
			e["channel"] = fmt.Sprint("cache-", i)
		}
	})), "{}")
	k := call{request: &request{}, Tenant: w.server.homes[0].tenants.Of(w.app), home: w.server.homes[0]}
	k.home.events = []event{{name: "a", channels: []string{"cache-a", "b", "c", "cache-d"}}}
	ms := k.messages(4)
	for i, want := range []time.Duration{apps.PusherLimits().CachedEventLife, 0, 0, apps.PusherLimits().CachedEventLife} {
		if ms[i].Retain != want {
			t.Errorf("message %d is kept for %v, want %v", i, ms[i].Retain, want)
		}
	}
	if near(ms[0], ms[1]) || near(ms[2], ms[3]) || !near(ms[1], ms[2]) {
		t.Errorf("%p %p %p %p", ms[0], ms[1], ms[2], ms[3])
	}
	k.home.release()
	if len(k.home.messages) != 0 || k.home.messages[:1][0] != nil {
		t.Error("the loop's list still holds messages")
	}
}
