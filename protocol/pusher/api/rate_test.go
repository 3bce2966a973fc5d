package api

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"fanfare/channels/apps"
	"fanfare/protocol/pusher/auth"
)

// refused is how often the app was refused for a reason.
func (w *world) refused(why apps.Refusal) uint64 {
	w.Helper()
	for reason, n := range w.tenants.Of(w.app).Refused() {
		if reason == why {
			return n
		}
	}
	w.Fatalf("no counter for %v", why)
	return 0
}

// tooFast checks a refusal that time mends.
func (w *world) tooFast(a answer, part string) {
	w.Helper()
	w.refuses(a, 429, part)
	if a.header.Get("Retry-After") != "1" || a.header.Get("Connection") != "" {
		w.Errorf("headers %v", a.header)
	}
}

// An event counts once for each channel, and all of a request or nothing.
func TestEventsPerSecond(t *testing.T) {
	w := newWorld(t, func(s *setup) { s.app.Limits.EventsPerSecond = 10 })
	a, b := w.subscribe("a"), w.subscribe("b")
	const limit = "more than its limit events_per_second allows on this server, 10, counted once for each channel"
	w.is(w.post("events", body("1", "y", "a", "b")), "{}")
	w.is(w.post("batch_events", batchOf(7, nil)), "{}")
	w.got(fmt.Sprintf("a 1 y [%d]", a), fmt.Sprintf("b 1 y [%d]", b))
	w.tooFast(w.post("events", body("2", "y", "a", "b")), limit)
	w.tooFast(w.post("batch_events", batchOf(2, func(_ int, e map[string]any) { e["channel"] = "a" })), limit)
	w.got() // not even one
	w.is(w.post("events", body("3", "y", "a", "a")), "{}")
	w.got(fmt.Sprintf("a 3 y [%d]", a))
	w.tooFast(w.post("channels/a/events?name=4", "y"), limit)
	w.refuses(w.post("events", body("pusher:x", "y", "a")), 400, "invalid event name") // what is wrong is told first
	w.now = w.now.Add(99 * time.Millisecond)
	w.tooFast(w.post("events", body("5", "y", "a")), limit)
	w.now = w.now.Add(time.Millisecond)
	w.is(w.post("events", body("6", "y", "a")), "{}")
	w.is(w.get("channels/a"), `{"occupied":true}`) // a limit of its own
	w.is(w.post("users/7/terminate_connections", ""), "{}")
	if got := w.refused(apps.RefusedRate); got != 4 {
		t.Errorf("%d counted, want 4", got)
	}
	if got := w.tenants.Of(w.app).Totals().Publishes; got != 11 {
		t.Errorf("%d publishes counted, want 11", got)
	}
	if got := w.server.Stats().Answers[429]; got != 4 {
		t.Errorf("%d answers with 429, want 4", got)
	}
}

// More than the limit lets through at once never gets through, so that nobody is
// told to try again.
func TestMoreEventsThanEver(t *testing.T) {
	w := newWorld(t, func(s *setup) { s.app.Limits.EventsPerSecond = 2 })
	for range 2 {
		a := w.post("events", body("x", "y", "a", "b", "c"))
		w.refuses(a, 400, "the request publishes 3 events, counted once for each channel: the app's limit events_per_second lets at most 2 through at once")
		if a.header.Get("Retry-After") != "" {
			t.Errorf("headers %v", a.header)
		}
	}
	w.is(w.post("events", body("x", "y", "a", "b")), "{}") // it took nothing
}

func TestReadsPerSecond(t *testing.T) {
	w := newWorld(t, func(s *setup) { s.app.Limits.ReadsPerSecond = 8 })
	ask := []string{"channels", "channels/a", "channels/presence-a/users", "channels/a/stats", "connections"}
	for _, endpoint := range ask {
		if a := w.get(endpoint); a.status != 200 {
			t.Errorf("%s: %+v", endpoint, a)
		}
	}
	w.refuses(w.get("channels/a%20b"), 400, "invalid channel name") // asked all the same
	w.refuses(w.do(raw("GET", "/apps/3/channels", "")), 401, "auth_key")
	w.is(w.post("events", body("x", "y", "a")), "{}")
	w.is(w.post("users/7/terminate_connections", ""), "{}")
	w.get("channels")
	if a := w.do(w.signed("HEAD", "/apps/3/channels", "")); a.status != 200 {
		t.Errorf("%+v", a)
	}
	for _, endpoint := range ask {
		w.tooFast(w.get(endpoint), "the app asks more often than its limit reads_per_second allows")
	}
	w.is(w.post("events", body("x", "y", "a")), "{}")
	w.now = w.now.Add(time.Second / 8)
	w.is(w.get("connections"), `{"connections":0}`)
	w.tooFast(w.get("connections"), "reads_per_second")
	if got := w.refused(apps.RefusedRate); got != uint64(len(ask)+1) {
		t.Errorf("%d counted, want %d", got, len(ask)+1)
	}
}

// Another app's limit is its own, and a refused request on a kept-alive
// connection leaves those around it as they are.
func TestRatesAreApart(t *testing.T) {
	w := newWorld(t, func(s *setup) {
		s.app.Limits.EventsPerSecond = 1
		other := apps.New("4", "other-key", "other-secret")
		other.Limits.EventsPerSecond = 1
		s.cfg.Apps = storeOf(t, s.app, other)
	})
	w.is(w.post("events", body("x", "y", "a")), "{}")
	w.is(w.do(w.signedBy(auth.NewSigner("other-key", "other-secret"), "POST", "/apps/4/events", body("x", "y", "a"))), "{}")

	w.now = w.now.Add(time.Second)
	publish := string(w.signed("POST", "/apps/3/events", body("x", "y", "a")))
	w.peer.Write([]byte(strings.Repeat(publish, 3)))
	all := w.answers("POST")
	if len(all) != 3 {
		t.Fatalf("%d answers", len(all))
	}
	w.is(all[0], "{}")
	w.tooFast(all[1], "events_per_second")
	w.tooFast(all[2], "events_per_second")
	w.now = w.now.Add(time.Second)
	w.is(w.do([]byte(publish)), "{}")
}
