package webhooks

import (
	"fmt"
	"testing"
	"time"

	"fanfare/channels"
)

func BenchmarkWitnessWithoutWebhooks(b *testing.B) {
	h := start(b, Config{Apps: static(b, hooked("app"))})
	o := occupied("private-user-1")
	b.ReportAllocs()
	for b.Loop() {
		h.Witness(o)
	}
}

// With webhooks, and an endpoint that answers at once without a socket.
func BenchmarkWitness(b *testing.B) {
	f := func(name string, list ...channels.Occasion) {
		b.Run(name, func(b *testing.B) {
			app := hooked("app", "http://box")
			app.WebhookBatching = true
			h := start(b, Config{Apps: static(b, app), RetryFor: time.Second, QueueEvents: 1000})
			h.courier.guarded.Transport = nowhere{}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				h.Witness(list[i])
				if i++; i == len(list) {
					i = 0
				}
			}
		})
	}
	f("count", channels.Occasion{Kind: channels.Counted, App: "app", Channel: "private-user-1", Count: 7})
	f("end and return", vacated("private-user-1"), occupied("private-user-1"))
	f("occupied", occupied("private-user-1"))
}

func BenchmarkEncode(b *testing.B) {
	r := record{kind: clientEvent, channel: "private-user-1", event: "client-x", data: `{"a":1}`, socket: "1.2"}
	b.ReportAllocs()
	for b.Loop() {
		encode(&r)
	}
}

// Both sides of a hand-over with gob between, per event that waits.
func BenchmarkHandOver(b *testing.B) {
	cfg := Config{Apps: static(b, hooked("app", "http://box"))}
	h := start(b, cfg)
	must(b, h.Suspend(b.Context()))
	const n = 20_000
	for i := range n / 10 {
		send(h, fmt.Sprint("private-", i), 0, 10)
	}
	h.sync(b)
	b.ReportAllocs()
	for b.Loop() {
		end(heir(b, cfg, carried(b, h)))
		h.phase = suspended // once more
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/event")
}
