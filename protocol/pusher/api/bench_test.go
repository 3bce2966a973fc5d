package api

import (
	"fmt"
	"strings"
	"testing"

	"fanfare/engine/http1"
)

// BenchmarkPublish is one signed publish from the bytes of the request to those
// of the answer, sixteen in a read.
func BenchmarkPublish(b *testing.B) {
	for _, size := range []int{20, 200, 2000} {
		b.Run(fmt.Sprintf("data=%d", size), func(b *testing.B) {
			w := newWorld(b)
			w.subscribe("project-3")
			w.sink.mute = true
			data := encode(map[string]string{"text": strings.Repeat("x", size)})
			const batch = 16
			request := []byte(strings.Repeat(string(w.signed("POST", "/apps/3/events", body("foo", data, "project-3"))), batch))
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N / batch {
				w.loop.Ingest(w.peer.Conn(), request)
				w.loop.Settle()
				w.peer.Received()
			}
		})
	}
}

// BenchmarkBatch is one signed batch of ten events, likewise; the promise is
// about events.
func BenchmarkBatch(b *testing.B) {
	w := newWorld(b)
	w.subscribe("c")
	w.sink.mute = true
	const requests, events = 4, 10
	data := strings.Repeat("x", 200)
	batch := batchOf(events, func(_ int, e map[string]any) { e["data"] = data })
	request := []byte(strings.Repeat(string(w.signed("POST", "/apps/3/batch_events", batch)), requests))
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N / requests {
		w.loop.Ingest(w.peer.Conn(), request)
		w.loop.Settle()
		w.peer.Received()
	}
	b.ReportMetric(events*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkRequest is the API's own part of it.
func BenchmarkRequest(b *testing.B) {
	w := newWorld(b)
	raw := w.signed("POST", "/apps/3/events", h1Body)
	n := http1.HeadEnd(raw, 0)
	var r http1.Request
	if err := http1.Parse(raw[:n], http1.DefaultLimits(), &r); err != nil {
		b.Fatal(err)
	}
	r.Body = raw[n:]
	q, no := read(&r)
	if no != nil {
		b.Fatal(no)
	}
	h := w.server.homes[0]
	run := func(name string, part func(*call)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				k := call{request: &q, Tenant: h.tenants.Of(w.app), home: h, conn: w.peer.Conn()}
				part(&k)
				h.release()
			}
		})
	}
	run("authenticate", func(k *call) { k.authenticate() })
	run("parse", func(k *call) { h.parse(k.body) })
}
