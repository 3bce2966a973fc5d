package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"fanfare/engine"
	"fanfare/engine/enginetest"
)

// feed publishes at random on channels of different rules and remembers what
// has to become of it.
type feed struct {
	*slowWorld
	rules []*engine.Rule
	sent  []string
	last  map[string]string // by channel and event, of conflated ones
	kept  map[string]bool   // what must never be dropped
}

// publishAny publishes "number channel event padding".
func (f *feed) publishAny(t *rapid.T) {
	channel := rapid.IntRange(0, len(f.rules)-1).Draw(t, "channel")
	name := fmt.Sprint(rapid.IntRange(0, 5).Draw(t, "event"))
	size := rapid.SampledFrom([]int{0, 1, 100, 200, 70_000}).Draw(t, "size")
	text := fmt.Sprintf("%d %d %s %s", len(f.sent), channel, name, strings.Repeat("x", size))
	f.sent = append(f.sent, text)
	switch rule := f.rules[channel]; {
	case rule == nil || rule.Policy == engine.Disconnect:
		f.kept[text] = true
	case rule.Policy == engine.Conflate && rule.Frames == 0:
		f.last[fmt.Sprint(channel, name)] = text
	}
	frame := engine.NewTopic(f.rules[channel], fmt.Sprint(channel), name, []byte(text))
	if rapid.Bool().Draw(t, "batched") {
		deliver(f.loop, frame, f.to)
		return
	}
	f.publish(frame)
}

// What arrives at a connection that stalls at random is in order and whole;
// what must not be dropped is there, and so is the last of each conflated
// topic. A connection that keeps up gets everything.
func TestSlowConnectionsGetWhatTheRulesPromise(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newSlowWorld(t, engine.Config{QueueFrames: 1 << 20, QueueBytes: 1 << 30, QueueBudget: 1 << 40})
		f := &feed{slowWorld: w, last: map[string]string{}, kept: map[string]bool{}, rules: []*engine.Rule{
			engine.Protocol,
			engine.Event,
			{Policy: engine.Conflate},
			{Policy: engine.DropOldest, Frames: rapid.IntRange(1, 20).Draw(rt, "frames")},
			{Policy: engine.Conflate, Name: "bounded", Frames: 4, Bytes: 300},
		}}
		rt.Repeat(map[string]func(*rapid.T){
			"publish": f.publishAny,
			"burst": func(rt *rapid.T) {
				for range rapid.IntRange(2, 40).Draw(rt, "burst") {
					f.publishAny(rt)
				}
			},
			"stall": func(rt *rapid.T) { w.slow.Limit(rapid.IntRange(0, 300).Draw(rt, "room")) },
			"read":  func(*rapid.T) { w.slow.Stall(false) },
		})
		w.loop.Settle()
		f.check(rt)
	})
}

func (f *feed) check(t *rapid.T) {
	f.slow.Stall(false)
	if n := f.loop.QueuedBytes(); n != 0 {
		t.Fatalf("%d bytes still count as queued", n)
	}
	if got := messages(t, f.good.Received()); strings.Join(got, "\n") != strings.Join(f.sent, "\n") {
		t.Fatalf("the good one got %d of %d", len(got), len(f.sent))
	}
	got := messages(t, f.slow.Received())
	arrived := make(map[string]bool, len(got))
	rest := f.sent
	for _, text := range got {
		arrived[text] = true
		for len(rest) > 0 && rest[0] != text {
			rest = rest[1:]
		}
		if len(rest) == 0 {
			t.Fatalf("%.20q came out of order, or was never sent", text)
		}
		rest = rest[1:]
	}
	for text := range f.kept {
		if !arrived[text] {
			t.Fatalf("%.20q was dropped", text)
		}
	}
	for topic, text := range f.last {
		if !arrived[text] {
			t.Fatalf("%.20q, the last of %s, was dropped", text, topic)
		}
	}
}

// Limits that close: the client gets whole frames in order, and then the
// reason. Nothing stays on the budget.
func TestSlowConnectionsAreClosedCleanly(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newSlowWorld(t, engine.Config{
			QueueFrames: rapid.IntRange(1, 30).Draw(rt, "queue frames"),
			QueueBytes:  rapid.IntRange(1, 3000).Draw(rt, "queue bytes"),
		})
		f := &feed{slowWorld: w, last: map[string]string{}, kept: map[string]bool{}, rules: []*engine.Rule{
			engine.Event, {Frames: 5}, {Bytes: 100, Name: "small"}, {Policy: engine.DropOldest}, {Policy: engine.Conflate},
		}}
		rt.Repeat(map[string]func(*rapid.T){
			"publish": f.publishAny,
			"stall":   func(rt *rapid.T) { w.slow.Limit(rapid.IntRange(0, 300).Draw(rt, "room")) },
		})
		w.loop.Settle()
		w.slow.Stall(false)
		if n := w.loop.QueuedBytes(); n != 0 {
			rt.Fatalf("%d bytes still count as queued", n)
		}
		next := 0
		got := messages(rt, w.slow.Received())
		for i, text := range got {
			if strings.HasPrefix(text, "close 4100 too slow: ") && i == len(got)-1 {
				return
			}
			for next < len(f.sent) && f.sent[next] != text {
				next++
			}
			if next == len(f.sent) {
				rt.Fatalf("%.20q came out of order, or was never sent", text)
			}
			next++
		}
	})
}

// BenchmarkBacklog is what a message costs on a connection that takes nothing.
func BenchmarkBacklog(b *testing.B) {
	f := func(name string, rule *engine.Rule, topics int) {
		b.Run(name, func(b *testing.B) {
			l := enginetest.New(engine.Config{QueueFrames: 1 << 30, QueueBytes: 1 << 60, QueueBudget: 1 << 60}, echo{})
			const conns = 1000
			peers, handles := open(b, l, conns)
			frames := make([]*engine.Frame, topics)
			for i := range frames {
				frames[i] = engine.NewTopic(rule, "channel", fmt.Sprint(i), []byte(strings.Repeat("x", 200)))
			}
			for _, p := range peers {
				p.Discard()
				p.Stall(true)
			}
			i := 0
			publish := func() {
				deliver(l, frames[i%topics], handles)
				l.Settle()
				i++
			}
			for range 256 {
				publish()
			}
			b.ReportAllocs()
			for b.Loop() {
				publish()
				if rule == engine.Event && i%256 == 0 {
					for _, p := range peers {
						p.Stall(false)
						p.Stall(true)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*conns), "ns/delivery")
		})
	}
	f("disconnect", engine.Event, 1)
	f("drop-oldest", &engine.Rule{Policy: engine.DropOldest, Frames: 200}, 1)
	f("conflate-1", &engine.Rule{Policy: engine.Conflate}, 1)
	f("conflate-64", &engine.Rule{Policy: engine.Conflate}, 64)
	f("conflate-drops", &engine.Rule{Policy: engine.Conflate, Frames: 60}, 200)
}
