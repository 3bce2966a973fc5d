package engine_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"fanfare/engine"
	"fanfare/engine/enginetest"
	"fanfare/engine/websocket"
)

// Replies that are asked for while a long broadcast is being sent take no
// memory once they have left.
func TestPingFloodDuringABroadcastTakesNoMemory(t *testing.T) {
	l := enginetest.New(engine.Config{}, echo{})
	peers, handles := open(t, l, 20_000)
	for _, p := range peers {
		p.Discard()
	}
	ping := websocket.AppendMasked(nil, websocket.Ping, true, nil, [4]byte{1, 2, 3, 4})
	flood := bytes.Repeat(ping, 1000)
	deliver(l, event("wide"), handles)
	for range 30 {
		for _, p := range peers[:8] {
			p.Deliver(flood)
		}
		l.Turn()
	}
	if n := l.PendingBytes(); n > 1<<20 {
		t.Errorf("%d bytes are held", n)
	}
	l.Settle()
}

// When neighbours wait for different frames a run is made for each, but only
// so many in a lap, and a server that never rests gives the memory back.
func TestRunsAreBounded(t *testing.T) {
	l := enginetest.New(engine.Config{}, echo{})
	peers, handles := open(t, l, 20_000)
	for _, p := range peers {
		p.Discard()
	}
	for i := range 300 {
		var to []engine.Handle
		for j, h := range handles {
			if j*7919%101 < 50 != (i*j%3 == 0) {
				to = append(to, h)
			}
		}
		deliver(l, event("x"), to)
	}
	l.Turn()
	if n := l.PendingBytes(); n > 48<<20 {
		t.Errorf("%d MB are held for one lap", n>>20)
	}
	l.Settle()
	for range 10 {
		peers[0].Deliver(websocket.AppendMasked(nil, websocket.Ping, true, nil, [4]byte{}))
		deliver(l, event("x"), handles[:10])
		l.Settle()
	}
	if n := l.PendingBytes(); n > 1<<20 {
		t.Errorf("%d bytes are held afterwards", n)
	}
}

// An empty frame is nothing to send, to anybody.
func TestEmptyFrame(t *testing.T) {
	l := enginetest.New(engine.Config{}, echo{})
	peers, handles := open(t, l, 3)
	before := l.Sends()
	empty := engine.NewRaw(engine.Event, nil)
	deliver(l, empty, handles)
	peers[1].Conn().Send(empty)
	l.Settle()
	if n := l.Sends() - before; n != 0 {
		t.Errorf("%d sends", n)
	}
}

// The limits of a rule under which frames are dropped hold from the moment at
// which the socket takes no more.
func TestRuleHoldsWhenTheSocketStops(t *testing.T) {
	l := enginetest.New(engine.Config{}, echo{})
	peers, handles := open(t, l, 1)
	peers[0].Stall(true)
	rule := &engine.Rule{Name: "ring", Policy: engine.DropOldest, Frames: 5}
	for range 300 {
		deliver(l, engine.NewText(rule, []byte("x")), handles)
	}
	l.Settle()
	peers[0].Stall(false)
	if got := texts(t, peers[0].Received()); len(got) != 5 {
		t.Errorf("got %d frames, want the newest 5", len(got))
	}
}

// Whoever is in the middle of a fragmented message when we close is no
// offender for finishing it.
func TestCloseDuringAFragmentedMessage(t *testing.T) {
	closed := make(chan engine.Cause, 1)
	l := enginetest.New(engine.Config{}, echo{closed: closed})
	peers, _ := open(t, l, 1)
	p := peers[0]
	p.Write(websocket.AppendMasked(nil, websocket.Text, false, []byte("begin"), [4]byte{}))
	p.Conn().Close(4200, "bye")
	l.Settle()
	p.Write(websocket.AppendMasked(nil, websocket.Continuation, true, []byte("end"), [4]byte{}))
	p.Write(websocket.AppendMasked(nil, websocket.Close, true, []byte{4200 >> 8, 4200 & 0xff}, [4]byte{}))
	l.Advance(time.Second)
	if got := string(p.Received()); !strings.HasSuffix(got, "bye") {
		t.Errorf("got %q, want only the close frame", got)
	}
	if s := l.Snapshot(); s.Violations != 0 || <-closed != engine.CauseLocal {
		t.Errorf("%d violations, want none and a close by us", s.Violations)
	}
}
