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
	var (
		spent   [4]time.Duration
		allocs  [4]uint64
		records bytes.Buffer
	)
	measure := func(what int, f func()) {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		start := time.Now()
		f()
		spent[what] += time.Since(start)
		runtime.ReadMemStats(&after)
		allocs[what] += after.Mallocs - before.Mallocs
	}
	for b.Loop() {
		var state, read []channels.AppState
		measure(0, func() {
			records.Reset()
			encoder, frames := gob.NewEncoder(&records), &engine.FrameWriter{}
			for _, c := range all {
				r, ok := old.server.Export(c.peer.Conn(), frames)
				if !ok || encoder.Encode(&r) != nil {
					b.Fatal("a session can't be written down")
				}
			}
		})
		measure(1, func() { state = old.registry.Export(0, 1) })
		read = travel(b, state)
		next := newWorld(b, nil)
		measure(2, func() { next.registry.Import(read) })
		peers := make([]*client, n)
		for i := range peers {
			peers[i] = &client{world: next, peer: next.loop.Dial()}
		}
		size := records.Len()
		measure(3, func() {
			decoder, frames := gob.NewDecoder(&records), &engine.FrameReader{}
			for i := range peers {
				var r protocol.Record
				if err := decoder.Decode(&r); err != nil {
					b.Fatal(err)
				}
				if err := next.server.Attach(peers[i].peer.Conn(), &r, next.app, frames); err != nil {
					b.Fatal(err)
				}
			}
			next.registry.Settle()
		})
		if got, want := next.registry.Stats(), old.registry.Stats(); got != want {
			b.Fatalf("registry %+v, want %+v", got, want)
		}
		b.ReportMetric(float64(size)/n, "B/record")
	}
	for i, what := range []string{"export", "export-channels", "import-channels", "attach"} {
		b.ReportMetric(float64(spent[i].Microseconds())/float64(b.N*n), "us/"+what)
		b.ReportMetric(float64(allocs[i])/float64(b.N*n), "allocs/"+what)
	}
}
