package engine_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"fanfare/engine"
	"fanfare/engine/enginetest"
	"fanfare/engine/websocket"
)

// Whatever is broadcast to whom, answered to whom, and however the turns fall
// in between: everybody gets what was for them, once and in order.
func TestEverybodyGetsTheirOwn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &crowd{t: t, loop: enginetest.New(engine.Config{}, echo{})}
		w.open(rapid.SampledFrom([]int{1, 70, 700}).Draw(t, "connections"))
		t.Repeat(map[string]func(*rapid.T){
			"broadcast": w.broadcast,
			"reply":     w.reply,
			"turn":      func(*rapid.T) { w.loop.Turn() },
			"settle":    func(*rapid.T) { w.loop.Settle() },
			"tick":      func(*rapid.T) { w.loop.Advance(1e9) },
		})
		w.loop.Settle()
		for i, p := range w.peers {
			if got := string(p.Received()); got != string(w.want[i]) {
				t.Fatalf("connection %d got %q, want %q", i, got, w.want[i])
			}
		}
	})
}

// crowd is some connections and what each of them should get.
type crowd struct {
	t       *rapid.T
	loop    *enginetest.Loop
	peers   []*enginetest.Peer
	handles []engine.Handle
	want    [][]byte
	serial  int
}

func (w *crowd) open(n int) {
	for range n {
		p := w.loop.Dial()
		p.Write([]byte(upgradeRequest))
		p.Received()
		w.peers, w.handles = append(w.peers, p), append(w.handles, p.Conn().Handle())
	}
	w.want = make([][]byte, n)
}

// broadcast sends to every n-th connection, but one.
func (w *crowd) broadcast(t *rapid.T) {
	n := rapid.IntRange(1, 4).Draw(t, "every")
	except := rapid.IntRange(0, len(w.peers)-1).Draw(t, "except")
	w.serial++
	text := fmt.Sprint(w.serial)
	var to []engine.Handle
	for i := 0; i < len(w.peers); i += n {
		to = append(to, w.handles[i])
		if i != except {
			w.want[i] = websocket.AppendFrame(w.want[i], websocket.Text, []byte(text))
		}
	}
	f := event(text)
	w.loop.PostDelivery(engine.TaskFunc(func(l *engine.Loop) { l.Broadcast(f, to, w.handles[except]) }))
	w.loop.Turn() // so that the order with replies is known
}

// reply pings the server, which answers with the next turn.
func (w *crowd) reply(t *rapid.T) {
	i := rapid.IntRange(0, len(w.peers)-1).Draw(t, "connection")
	w.serial++
	text := fmt.Appendf(nil, "pong %d", w.serial)
	w.want[i] = websocket.AppendFrame(w.want[i], websocket.Pong, text)
	w.peers[i].Deliver(websocket.AppendMasked(nil, websocket.Ping, true, slices.Clone(text), [4]byte{1, 2, 3, 4}))
}
