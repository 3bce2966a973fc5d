package api

import (
	"testing"

	"fanfare/channels/apps"
)

// Bodies of requests with a good signature, and of their answers, are counted for
// the app, however the answer comes about: at once, later, or from a worker.
func TestBytesAreCountedForTheApp(t *testing.T) {
	var later func(error)
	w := newWorld(t, func(s *setup) { s.cfg.Terminate = func(_, _ string, done func(error)) { later = done } })
	in, out := 0, 0
	f := func(body string, a answer) {
		t.Helper()
		in, out = in+len(body), out+len(a.body)
		got := w.tenants.Of(w.app).Totals()
		if got.RequestBytes != uint64(in) || got.AnswerBytes != uint64(out) {
			t.Errorf("counted %d and %d bytes, want %d and %d", got.RequestBytes, got.AnswerBytes, in, out)
		}
	}
	const event = `{"name":"e","channel":"c","data":"x"}`
	f(event, w.post("events", event))
	f("{", w.post("events", "{"))
	f("", w.get("channels"))
	w.do(raw("POST", "/apps/3/events", event))
	f("", answer{}) // nobody signed it

	w.peer.Write(w.signed("POST", "/apps/3/users/7/terminate_connections", "{}"))
	parked := w.peer
	w.peer = w.loop.Dial()
	w.do(raw("POST", "/apps/3/events", event))
	f("{}", answer{}) // the other's is still to come
	w.peer = parked
	later(nil)
	w.loop.Settle()
	f("", w.answers("POST")[0])
	if other, ok := w.tenants.Find("4"); ok && other.Totals() != (apps.Totals{}) {
		t.Errorf("counted for another app: %+v", other.Totals())
	}
}
