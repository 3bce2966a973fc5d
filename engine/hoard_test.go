package engine_test

import (
	"bytes"
	"testing"
	"time"

	"fanfare/engine"
	"fanfare/engine/enginetest"
	"fanfare/engine/websocket"
)

// Whoever fills the budget with messages that never end must not keep it from everybody else for as long as it answers pings.
func TestWhoeverHoardsInputGivesItUp(t *testing.T) {
	const budget = 1 << 20
	l := enginetest.New(engine.Config{InputBudget: budget}, echo{})
	hoarders, _ := open(t, l, 20)
	begun := websocket.AppendMasked(nil, websocket.Text, false, bytes.Repeat([]byte("x"), 60<<10), [4]byte{})
	for _, p := range hoarders {
		p.Deliver(bytes.Clone(begun))
	}
	l.Settle()
	still := 0
	for range 30 { // seconds
		l.Advance(time.Second)
		still = 0
		for _, p := range hoarders {
			if p.Conn() != nil && p.Conn().Open() {
				p.Write(websocket.AppendMasked(nil, websocket.Ping, true, nil, [4]byte{}))
				still++
			}
		}
	}
	honest, _ := open(t, l, 1)
	message := websocket.AppendMasked(nil, websocket.Text, true, bytes.Repeat([]byte("y"), 50<<10), [4]byte{1, 2, 3, 4})
	honest[0].Write(message[:20<<10])
	honest[0].Write(message[20<<10:])
	if got := honest[0].Received(); len(got) < 40<<10 {
		t.Errorf("whoever sends an honest message in two pieces gets %q, while %d hoarders go on", got[:min(len(got), 100)], still)
	}
}
