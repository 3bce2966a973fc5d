//go:build !race

package engine_test

import (
	"strconv"
	"testing"

	"fanfare/engine"
	"fanfare/engine/enginetest"
)

// What waits in a backlog whose size has settled costs no allocation for each
// connection, whatever the rule.
func TestSettledBacklogsDoNotAllocate(t *testing.T) {
	f := func(rule *engine.Rule, topics int) {
		t.Helper()
		l := enginetest.New(engine.Config{}, echo{})
		peers, handles := open(t, l, 100)
		for _, p := range peers {
			p.Stall(true)
		}
		frames := make([]*engine.Frame, topics)
		for i := range frames {
			frames[i] = engine.NewTopic(rule, "channel", strconv.Itoa(i), make([]byte, 100))
		}
		i := 0
		publish := func() {
			deliver(l, frames[i%topics], handles)
			l.Settle()
			i++
		}
		for range 4096 {
			publish()
		}
		if n := testing.AllocsPerRun(1000, publish); n > 2 { // the test's own
			t.Errorf("%+v: %v allocations for 100 connections", *rule, n)
		}
	}
	f(&engine.Rule{Policy: engine.DropOldest}, 1)
	f(&engine.Rule{Policy: engine.DropOldest, Frames: 100}, 1)
	f(&engine.Rule{Policy: engine.Conflate}, 1)
	f(&engine.Rule{Policy: engine.Conflate}, 100)
	f(&engine.Rule{Policy: engine.Conflate, Frames: 50}, 100)
}
