package api

import (
	"testing"
	"time"
)

// What an app has used up in a process it can't use again in the next.
func TestRatesGoAlong(t *testing.T) {
	limits := func(s *setup) { s.app.Limits.EventsPerSecond, s.app.Limits.ReadsPerSecond = 10, 2 }
	old, next := newWorld(t, limits), newWorld(t, limits)
	old.is(old.post("batch_events", batchOf(4, nil)), "{}")
	old.is(old.get("channels/a"), `{"occupied":false}`)
	next.now = next.now.Add(time.Hour) // its clock says something else
	next.server.ImportRates(append(old.server.ExportRates(), RateState{App: "gone", Events: time.Second}))
	next.tooFast(next.post("batch_events", batchOf(7, nil)), "events_per_second")
	next.is(next.post("batch_events", batchOf(6, nil)), "{}")
	next.is(next.get("channels/a"), `{"occupied":false}`)
	if a := next.get("channels/a"); a.status != 429 {
		t.Errorf("a read too many: %+v", a)
	}
	next.now = next.now.Add(time.Second)
	next.is(next.post("batch_events", batchOf(10, nil)), "{}")
	if got := next.server.ExportRates(); len(got) != 1 || got[0] != (RateState{"3", time.Second, 0}) {
		t.Errorf("written down: %v", got)
	}
	next.now = next.now.Add(time.Second)
	if got := next.server.ExportRates(); got != nil {
		t.Errorf("written down of rates that are whole again: %v", got)
	}
}
