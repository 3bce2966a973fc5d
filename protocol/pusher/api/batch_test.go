package api

import (
	"fmt"
	"strings"
	"testing"
)

// batchOf is a batch of n events, the i-th changed by change.
func batchOf(n int, change func(i int, e map[string]any)) string {
	list := make([]map[string]any, n)
	for i := range list {
		list[i] = map[string]any{"name": fmt.Sprintf("event-%d", i), "data": "y", "channel": "c"}
		if change != nil {
			change(i, list[i])
		}
	}
	return encode(map[string]any{"batch": list})
}

func TestAPI20Batch(t *testing.T) {
	w := newWorld(t)
	h := w.subscribe("c")
	w.is(w.post("batch_events", batchOf(3, nil)), "{}")
	w.got(fmt.Sprintf("c event-0 y [%d]", h), fmt.Sprintf("c event-1 y [%d]", h), fmt.Sprintf("c event-2 y [%d]", h))
	if got := w.tenants.Of(w.app).Totals().Publishes; got != 3 {
		t.Errorf("%d publishes counted", got)
	}
}

func TestAPI21BatchInfo(t *testing.T) {
	w := newWorld(t)
	for _, user := range []string{"1", "2", "2"} {
		w.subscribe("presence-a", user)
	}
	f := func(want string, n, which int, channel, info string) {
		t.Helper()
		w.is(w.post("batch_events", batchOf(n, func(i int, e map[string]any) {
			if i == which {
				e["channel"], e["info"] = channel, info
			}
		})), want)
	}
	f(`{"batch":[{},{"user_count":2,"subscription_count":3},{}]}`, 3, 1, "presence-a", "user_count,subscription_count")
	f(`{"batch":[{}]}`, 1, 0, "c", "user_count")
	f(`{"batch":[{},{"subscription_count":0}]}`, 2, 1, "c", "subscription_count")
}

func TestAPI22BatchLimit(t *testing.T) {
	w := newWorld(t)
	w.is(w.post("batch_events", batchOf(10, nil)), "{}")
	w.refuses(w.post("batch_events", batchOf(11, nil)), 400, "batch has 11 events: send 1 to 10")
}

// API-23: one bad event, and none is published.
func TestAPI23BatchRefusals(t *testing.T) {
	w := newWorld(t)
	h := w.subscribe("c")
	f := func(status int, part string, change func(e map[string]any)) {
		t.Helper()
		for which := range 3 {
			w.refuses(w.post("batch_events", batchOf(3, func(i int, e map[string]any) {
				if i == which {
					change(e)
				}
			})), status, fmt.Sprintf("batch[%d].%s", which, part))
			w.got()
		}
	}
	set := func(member string, value any) func(map[string]any) {
		return func(e map[string]any) { e[member] = value }
	}
	drop := func(member string) func(map[string]any) {
		return func(e map[string]any) { delete(e, member) }
	}
	f(400, "name is missing", drop("name"))
	f(400, `name: invalid event name "pusher:x"`, set("name", "pusher:x"))
	f(400, "name must be a string of 1 to 200 characters, not 7", set("name", 7))
	f(400, "data is missing", drop("data"))
	f(413, "data has 10241 bytes", set("data", strings.Repeat("x", 10241)))
	f(400, "channel is missing: each event of a batch has one channel, a string", drop("channel"))
	f(400, "channel is missing", func(e map[string]any) { e["channels"] = []string{"c"}; delete(e, "channel") })
	f(400, "channel must be a string, not 7", set("channel", 7))
	f(400, `channel: invalid channel name "a b"`, set("channel", "a b"))
	f(400, `channel: invalid channel name "#server-to-user-": a user id must follow`, set("channel", "#server-to-user-"))
	f(400, "socket_id: invalid socket id", set("socket_id", "x"))
	f(400, `info holds "x"`, set("info", "x"))

	g := func(body string, part string) {
		t.Helper()
		w.refuses(w.post("batch_events", body), 400, part)
	}
	g(`[`, "body is not JSON")
	g(`{}`, "batch is missing: send an array of 1 to 10 events")
	g(`{"batch":{}}`, "batch must be an array of 1 to 10 events, not the object {}")
	g(`{"batch":[]}`, "batch has 0 events: send 1 to 10")
	g(`{"batch":[7]}`, "batch[0] must be an object with name, channel and data, not 7")
	g(body("x", "y", "c"), "batch is missing")
	w.got()
	w.is(w.post("batch_events", batchOf(1, nil)), "{}")
	w.got(fmt.Sprintf("c event-0 y [%d]", h))
}

func TestAPI17BatchExcept(t *testing.T) {
	w := newWorld(t)
	a, b := w.subscribe("c"), w.subscribe("c")
	id := w.ids.Add(a)
	w.is(w.post("batch_events", batchOf(2, func(i int, e map[string]any) {
		if i == 0 {
			e["socket_id"] = id.String()
		}
	})), "{}")
	w.got(fmt.Sprintf("c event-0 y [%d]", b), fmt.Sprintf("c event-1 y [%d %d]", a, b))
}
