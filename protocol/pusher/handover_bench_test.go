package pusher

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"fanfare/channels"
	"fanfare/engine"
	"fanfare/protocol"
)

// crowd is n sessions of the usual kind: each on a private channel of its own, in a
// presence room of ten, and on a channel for all.
func (w *world) crowd(n int) []*client {
	info := strings.Repeat("x", 100)
	all := make([]*client, n)
	for i := range all {
		c := w.connect()
		c.do(
			c.subscribe(fmt.Sprint("private-user.", i), ""),
			c.subscribe(fmt.Sprint("presence-room.", i/10), fmt.Sprintf(`{"user_id":"%d","user_info":{"name":"%s"}}`, i, info)),
			c.subscribe("news", ""),
		)
		c.peer.Discard()
		c.peer.Received()
		all[i] = c
	}
	w.publish(&channels.Message{Channel: "news", Event: "e", Data: "1"})
	return all
}

// BenchmarkHandover is what one loop has to do in a hand-over, for each session.
func BenchmarkHandover(b *testing.B) {
	const n = 5000
	old := newWorld(b, nil)
	all := old.crowd(n)
	cost := costs{sessions: n}
	for b.Loop() {
		var (
			records bytes.Buffer
			state   []channels.AppState
			next    = newWorld(b, nil)
			peers   = next.newcomers(n)
		)
		cost.of("export", func() { old.writeDown(&records, all) })
		cost.of("export-channels", func() { state = old.registry.Export(0, 1) })
		b.ReportMetric(float64(records.Len())/n, "B/record")
		state = travel(b, state)
		cost.of("import-channels", func() { next.registry.Import(state) })
		cost.of("attach", func() { next.takeUp(&records, peers) })
		cost.of("settle", next.registry.Settle)
		if got, want := next.registry.Stats(), old.registry.Stats(); got != want {
			b.Fatalf("registry %+v, want %+v", got, want)
		}
	}
	cost.report(b)
}

func (w *world) newcomers(n int) []*client {
	all := make([]*client, n)
	for i := range all {
		all[i] = &client{world: w, peer: w.loop.Dial()}
	}
	return all
}

func (w *world) writeDown(to *bytes.Buffer, all []*client) {
	encoder, frames := gob.NewEncoder(to), &engine.FrameWriter{}
	for _, c := range all {
		r, ok := w.server.Export(c.peer.Conn(), frames)
		if !ok || encoder.Encode(&r) != nil {
			w.Fatal("a session can't be written down")
		}
	}
}

func (w *world) takeUp(from *bytes.Buffer, all []*client) {
	decoder, frames := gob.NewDecoder(from), &engine.FrameReader{}
	for _, c := range all {
		var r protocol.Record
		if err := decoder.Decode(&r); err != nil {
			w.Fatal(err)
		}
		if err := w.server.Attach(c.peer.Conn(), &r, w.app, frames); err != nil {
			w.Fatal(err)
		}
	}
}

// costs are what the parts of a hand-over take.
type costs struct {
	sessions int
	spent    map[string]time.Duration
	allocs   map[string]uint64
}

func (c *costs) of(what string, f func()) {
	if c.spent == nil {
		c.spent, c.allocs = map[string]time.Duration{}, map[string]uint64{}
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := time.Now()
	f()
	c.spent[what] += time.Since(start)
	runtime.ReadMemStats(&after)
	c.allocs[what] += after.Mallocs - before.Mallocs
}

func (c *costs) report(b *testing.B) {
	n := float64(b.N * c.sessions)
	for what, d := range c.spent {
		b.ReportMetric(float64(d.Microseconds())/n, "us/"+what)
		b.ReportMetric(float64(c.allocs[what])/n, "allocs/"+what)
	}
}
