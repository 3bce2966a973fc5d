package pusher

import (
	"fmt"
	"testing"

	"fanfare/channels"
	"fanfare/engine"
)

// inRoom joins a member of presence-x.
func inRoom(t testing.TB, w *world, i int) *channels.Subscription {
	t.Helper()
	sub, err := w.registry.Subscribe(channels.Join{
		App: "3", Channel: "presence-x", Handle: 1,
		Presence: &channels.Member{UserID: fmt.Sprint(i), Info: fmt.Sprintf(`{"name":"User %d"}`, i)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return sub
}

// A slow reader's confirmation keeps members in memory. All of that must count
// for the node's budget, whichever joiners share it.
func TestConfirmationTellsItsMemory(t *testing.T) {
	for _, n := range []int{1, 60, 64, 640, 700} {
		w := newWorld(t, nil)
		for i := range n {
			inRoom(t, w, i)
		}
		w.loop.Settle()
		shared, list := (&buffer{}).presence(w.server, "presence-x", w.registry.Members("3", "presence-x"))
		told, kept := 0, 2 // commas
		for _, s := range shared {
			told += s.Bytes
		}
		for _, b := range list[1:] {
			kept += len(b)
		}
		if kept -= len(beforeHash) + len(afterHash); told != kept {
			t.Errorf("%d members: %d bytes are told of, want %d", n, told, kept)
		}
	}
}

// BenchmarkConfirmLargeRoom is what it takes to confirm one who joins a room of
// ten thousand, from which another has just gone.
func BenchmarkConfirmLargeRoom(b *testing.B) {
	w := newWorld(b, nil)
	subs := make([]*channels.Subscription, 10_000)
	for i := range subs {
		subs[i] = inRoom(b, w, i)
	}
	w.loop.Settle()
	buf, size := &buffer{}, 0
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		w.registry.Unsubscribe(subs[n%len(subs)])
		subs[n%len(subs)] = inRoom(b, w, len(subs)+n)
		buf.out = buf.out[:0]
		shared, list := buf.presence(w.server, "presence-x", w.registry.Members("3", "presence-x"))
		size = engine.NewTextOf(engine.Protocol, shared, list...).Len()
		w.loop.Settle()
	}
	b.ReportMetric(float64(size), "bytes")
}
