package webhooks

import (
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
