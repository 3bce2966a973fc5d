package engine_test

import (
	"strings"
	"testing"

	"fanfare/engine"
	"fanfare/engine/enginetest"
	"fanfare/engine/websocket"
)

// BenchmarkBroadcast is our share of a delivery: marking and flushing 8,000
// connections, with a transport that costs next to nothing.
func BenchmarkBroadcast(b *testing.B) {
	for name, batch := range map[string]int{"1": 1, "16": 16} {
		b.Run(name, func(b *testing.B) { benchmarkBroadcast(b, 8000, batch) })
	}
}

func benchmarkBroadcast(b *testing.B, subscribers, batch int) {
	l := enginetest.New(engine.Config{}, echo{})
	peers, handles := open(b, l, subscribers)
	for _, p := range peers {
		p.Discard()
	}
	f := event(strings.Repeat("x", 200))
	b.ReportAllocs()
	for b.Loop() {
		for range batch {
			deliver(l, f, handles)
		}
		l.Settle()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*subscribers*batch), "ns/delivery")
}

// BenchmarkRequest is our share of an HTTP request.
func BenchmarkRequest(b *testing.B) {
	l := enginetest.New(engine.Config{}, echo{})
	p := l.Dial()
	p.Discard()
	raw := []byte("POST /apps/1/events?auth_key=k HTTP/1.1\r\nHost: localhost:6001\r\nContent-Type: application/json\r\n" +
		"User-Agent: bench\r\nAccept: */*\r\nContent-Length: 100\r\n\r\n" + strings.Repeat("x", 100))
	b.ReportAllocs()
	for b.Loop() {
		p.Write(raw)
	}
}

// BenchmarkMessage is our share of a WebSocket message and its reply.
func BenchmarkMessage(b *testing.B) {
	l := enginetest.New(engine.Config{}, echo{})
	peers, _ := open(b, l, 1)
	peers[0].Discard()
	raw := websocket.AppendMasked(nil, websocket.Text, true, []byte(strings.Repeat("x", 200)), [4]byte{1, 2, 3, 4})
	b.ReportAllocs()
	for b.Loop() {
		peers[0].Write(raw)
	}
}
