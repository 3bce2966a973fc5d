package pusher

import (
	"fmt"
	"testing"

	"fanfare/channels"
	"fanfare/engine"
)

// BenchmarkConfirmLargeRoom is what it takes to confirm one who joins a room of
// ten thousand, from which another has just gone.
func BenchmarkConfirmLargeRoom(b *testing.B) {
	w := newWorld(b, nil)
	room := func(i int) *channels.Subscription {
		sub, err := w.registry.Subscribe(channels.Join{
			App: "3", Channel: "presence-x", Handle: 1,
			Presence: &channels.Member{UserID: fmt.Sprint(i), Info: fmt.Sprintf(`{"name":"User %d"}`, i)},
		})
		if err != nil {
			b.Fatal(err)
		}
		return sub
	}
	subs := make([]*channels.Subscription, 10_000)
	for i := range subs {
		subs[i] = room(i)
	}
	w.loop.Settle()
	buf, size := &buffer{}, 0
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		w.registry.Unsubscribe(subs[n%len(subs)])
		subs[n%len(subs)] = room(len(subs) + n)
		buf.out = buf.out[:0]
		own, list := buf.presence(w.server, "presence-x", w.registry.Members("3", "presence-x"))
		size = engine.NewTextOf(engine.Protocol, own, list...).Len()
		w.loop.Settle()
	}
	b.ReportMetric(float64(size), "bytes")
}
