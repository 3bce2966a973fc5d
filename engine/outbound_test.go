package engine_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fanfare/engine"
	"fanfare/engine/enginetest"
	"fanfare/engine/websocket"
)

// open gives n upgraded connections and their handles.
func open(t testing.TB, l *enginetest.Loop, n int) ([]*enginetest.Peer, []engine.Handle) {
	t.Helper()
	peers, handles := make([]*enginetest.Peer, n), make([]engine.Handle, n)
	for i := range peers {
		peers[i] = l.Dial()
		peers[i].Write([]byte(upgradeRequest))
		if !bytes.HasPrefix(peers[i].Received(), []byte("HTTP/1.1 101 ")) {
			t.Fatal("no upgrade")
		}
		handles[i] = peers[i].Conn().Handle()
	}
	return peers, handles
}

// deliver posts a broadcast as a publisher would.
func deliver(l *enginetest.Loop, f *engine.Frame, to []engine.Handle) {
	l.PostDelivery(engine.TaskFunc(func(l *engine.Loop) { l.Broadcast(f, to, 0) }))
}

func event(text string) *engine.Frame { return engine.NewText(engine.Event, []byte(text)) }

// Corking: 16 publishes that arrive in one batch, to 100 subscribers of one
// loop, make 100 sends.
func TestBatchOfPublishesIsOneSendPerSubscriber(t *testing.T) {
	l := enginetest.New(engine.Config{}, echo{})
	peers, handles := open(t, l, 100)
	before := l.Sends()
	for i := range 16 {
		deliver(l, event(fmt.Sprint(i)), handles)
	}
	l.Settle()
	if n := l.Sends() - before; n != 100 {
		t.Errorf("%d sends, want 100", n)
	}
	for _, p := range peers {
		if got := texts(t, p.Received()); len(got) != 16 || got[0] != "0" || got[15] != "15" {
			t.Fatalf("got %q", got)
		}
	}
}

// The 101 and what the receiver says at once leave in one send.
func TestUpgradeAndHelloAreOneSend(t *testing.T) {
	l := enginetest.New(engine.Config{}, echo{})
	p := l.Dial()
	p.Write(websocket.AppendMasked([]byte(upgradeRequest), websocket.Text, true, []byte("hi"), [4]byte{}))
	if l.Sends() != 1 {
		t.Errorf("%d sends, want 1", l.Sends())
	}
	if got := p.Received(); !bytes.HasSuffix(got, []byte("\r\n\r\n\x81\x02hi")) {
		t.Errorf("got %q", got)
	}
}

// A reply does not wait for a long broadcast, and neither is reordered.
func TestReplyOvertakesTheFlushPass(t *testing.T) {
	l := enginetest.New(engine.Config{}, echo{})
	peers, handles := open(t, l, 2000)
	deliver(l, event("wide"), handles)
	l.Turn() // the first slice only
	last := peers[1999]
	last.Deliver(websocket.AppendMasked(nil, websocket.Ping, true, nil, [4]byte{}))
	before := l.Sends()
	l.Turn()
	if got := last.Received(); string(got) != "\x81\x04wide\x8a\x00" {
		t.Errorf("after %d sends: got %q, want the event and the pong", l.Sends()-before, got)
	}
	l.Settle()
	for i, p := range peers[:1999] {
		if got := texts(t, p.Received()); len(got) != 1 {
			t.Fatalf("peer %d got %q", i, got)
		}
	}
}

// What is published while a broadcast is being sent joins it: nobody gets two
// sends for it but those who were served already, and nobody gets it out of
// order or is taken for slow while it waits for its turn.
func TestPublishesJoinARunningBroadcast(t *testing.T) {
	l := enginetest.New(engine.Config{QueueFrames: 600}, echo{})
	peers, handles := open(t, l, 1500)
	before := l.Sends()
	for i := range 2000 {
		deliver(l, event(fmt.Sprint(i)), handles)
		l.Turn() // a third of the subscribers
	}
	l.Settle()
	if n := l.Sends() - before; n > 1500*2000/2 {
		t.Errorf("%d sends for 2,000 publishes to 1,500: they did not join", n)
	}
	for i, p := range peers {
		got := texts(t, p.Received())
		if len(got) != 2000 {
			t.Fatalf("peer %d got %d of 2,000", i, len(got))
		}
		for n, text := range got {
			if text != fmt.Sprint(n) {
				t.Fatalf("peer %d got %s as number %d", i, text, n)
			}
		}
	}
}

func TestSlowConsumerIsClosedWithItsReason(t *testing.T) {
	closed := make(chan engine.Cause, 2)
	l := enginetest.New(engine.Config{QueueFrames: 8}, echo{closed: closed})
	peers, handles := open(t, l, 2)
	slow, good := peers[0], peers[1]
	slow.Stall(true)
	for i := range 20 {
		deliver(l, event(fmt.Sprint(i)), handles)
		l.Settle()
	}
	if got := texts(t, good.Received()); len(got) != 20 {
		t.Errorf("the good one got %d of 20", len(got))
	}
	if cause := <-closed; cause != engine.CauseSlow {
		t.Errorf("cause %v, want slow", cause)
	}
	slow.Stall(false)
	if got := slow.Received(); !strings.Contains(string(got), "too slow") || got[0] != 0x88 || got[2] != 4100>>8 || got[3] != 4100&0xff {
		t.Errorf("got %q, want only a close frame 4100", got)
	}
	l.Advance(5 * time.Second)
	if !slow.Closed() {
		t.Error("the slow one is still there")
	}
}

// One frame is always admitted, however large.
func TestOneLargeFrameIsAdmitted(t *testing.T) {
	l := enginetest.New(engine.Config{QueueBytes: 1000}, echo{})
	peers, handles := open(t, l, 1)
	peers[0].Stall(true)
	large := strings.Repeat("x", 100_000)
	deliver(l, event(large), handles)
	l.Settle()
	peers[0].Stall(false)
	if got := texts(t, peers[0].Received()); len(got) != 1 || got[0] != large {
		t.Fatalf("got %d messages", len(got))
	}
}

// A slow one is told why also when its socket stopped in the middle of a
// frame that is larger than the limit by itself.
func TestSlowConsumerWithALargeFrameHalfSent(t *testing.T) {
	l := enginetest.New(engine.Config{QueueBytes: 1000}, echo{})
	peers, handles := open(t, l, 1)
	peers[0].Limit(50_000)
	large := strings.Repeat("x", 100_000)
	for range 3 {
		deliver(l, event(large), handles)
		l.Settle()
	}
	peers[0].Stall(false)
	got := string(peers[0].Received())
	if n := strings.Count(got, "x"); n != len(large) || !strings.Contains(got[len(large):], "too slow") {
		t.Errorf("got %d of the bytes of one frame and %q", n, got[min(len(got), len(large)+10):])
	}
}

// When all backlogs together are over the budget, the oldest goes first.
func TestBudgetClosesTheOldestBacklog(t *testing.T) {
	closed := make(chan engine.Cause, 3)
	l := enginetest.New(engine.Config{QueueBudget: 10_000}, echo{closed: closed})
	peers, handles := open(t, l, 3)
	for i, p := range peers {
		p.Stall(true)
		deliver(l, event(strings.Repeat("x", 3_000)), handles[i:i+1])
		l.Settle()
	}
	deliver(l, event(strings.Repeat("y", 3_000)), handles[2:])
	l.Settle()
	if cause := <-closed; cause != engine.CauseOverload || len(closed) != 0 {
		t.Errorf("cause %v and %d more, want overload once", cause, len(closed))
	}
	peers[1].Stall(false)
	peers[2].Stall(false)
	if a, b := texts(t, peers[1].Received()), texts(t, peers[2].Received()); len(a) != 1 || len(b) != 2 {
		t.Errorf("the younger ones got %d and %d messages, want 1 and 2", len(a), len(b))
	}
}

// The half-sent frame of a slow connection is never torn.
func TestPartialSendsKeepFramesWhole(t *testing.T) {
	l := enginetest.New(engine.Config{}, echo{})
	peers, handles := open(t, l, 1)
	p := peers[0]
	var want []string
	for i := range 300 {
		p.Limit(i * 7 % 97) // take a little at a time
		text := strings.Repeat(fmt.Sprint(i), 1+i%50)
		want = append(want, text)
		deliver(l, event(text), handles)
		l.Settle()
	}
	p.Stall(false)
	if got := texts(t, p.Received()); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %d messages, not the %d sent", len(got), len(want))
	}
}

// The budget also counts when many sockets stop at once and nothing is sent to
// them afterwards.
func TestBudgetWhenManyStopAtOnce(t *testing.T) {
	l := enginetest.New(engine.Config{QueueBudget: 10_000}, echo{})
	peers, handles := open(t, l, 50)
	for _, p := range peers {
		p.Stall(true)
	}
	for i := range handles {
		deliver(l, event(strings.Repeat("x", 1000)), handles[i:i+1])
	}
	l.Settle()
	l.Advance(5 * time.Second)
	left := 0
	for _, p := range peers {
		if !p.Closed() {
			left++
		}
	}
	if left > 10 {
		t.Errorf("%d backlogs of 1,000 bytes stand in a budget of 10,000", left)
	}
}

// Replies, however many, do not hold up deliveries.
func TestPingFloodDoesNotStarveDeliveries(t *testing.T) {
	l := enginetest.New(engine.Config{}, echo{})
	peers, handles := open(t, l, 12)
	ping := websocket.AppendMasked(nil, websocket.Ping, true, bytes.Repeat([]byte("x"), 125), [4]byte{1, 2, 3, 4})
	flood := bytes.Repeat(ping, 500) // one read
	deliver(l, event("hi"), handles[:1])
	for range 20 {
		for _, p := range peers[1:] {
			p.Deliver(flood)
			p.Received()
		}
		l.Turn()
	}
	if got := texts(t, peers[0].Received()); len(got) != 1 {
		t.Errorf("got %q after 20 turns", got)
	}
}

// What waits for a connection that merely waits for its turn stays below the
// limit for slow ones.
func TestWaitingForATurnIsBounded(t *testing.T) {
	l := enginetest.New(engine.Config{}, echo{})
	peers, handles := open(t, l, 2000)
	for _, p := range peers {
		p.Discard()
	}
	for range 3000 {
		deliver(l, event(strings.Repeat("x", 4096)), handles)
	}
	most := 0
	for range 100 {
		l.Turn()
		most = max(most, waitingFor(t, peers[1999]))
	}
	if limit := 600 << 10; most == 0 || most > limit {
		t.Errorf("up to %d bytes waited, want some and at most %d", most, limit)
	}
}

// A handle whose connection has gone finds nobody, also when the slot is used
// again.
func TestStaleHandleFindsNobody(t *testing.T) {
	l := enginetest.New(engine.Config{}, echo{})
	peers, handles := open(t, l, 1)
	peers[0].Hangup()
	again, _ := open(t, l, 1)
	deliver(l, event("secret"), handles)
	l.Settle()
	if got := again[0].Received(); len(got) != 0 || l.Conn(handles[0]) != nil {
		t.Errorf("the newcomer got %q", got)
	}
}

func TestMailboxReservation(t *testing.T) {
	l := enginetest.New(engine.Config{MailboxBytes: 100}, echo{})
	if !l.Reserve(60) || l.Reserve(60) {
		t.Fatal("want room for one of two")
	}
	l.Release(60)
	if !l.Reserve(60) {
		t.Fatal("released room is not given again")
	}
}

// texts parses text frames and fails on anything else.
func texts(t testing.TB, b []byte) []string {
	t.Helper()
	var r websocket.Reader
	var got []string
	for len(b) > 0 {
		var m websocket.Message
		n, _, ok, err := r.NextFromServer(b, 1<<20, &m)
		if err != nil || n == 0 || !ok || m.Op != websocket.Text {
			t.Fatalf("not a text frame at %q: %v", b[:min(len(b), 40)], err)
		}
		got = append(got, string(m.Payload))
		b = b[n:]
	}
	return got
}

// A lap over many connections waits a moment for what may leave with it, and then
// not for what comes later.
func TestLargeLapGathers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := enginetest.New(engine.Config{}, echo{})
		_, handles := open(t, l, 2048)
		before := l.Sends()
		turn := func(text string, want int) {
			t.Helper()
			deliver(l, event(text), handles)
			l.Turn()
			if n := l.Sends() - before; n != want {
				t.Errorf("%d sends after %q, want %d", n, text, want)
			}
		}
		turn("one", 0)
		turn("two", 0)
		<-time.After(100 * time.Microsecond)
		turn("three", 512) // a slice
		l.Settle()
		if n := l.Sends() - before; n != 2048 {
			t.Errorf("%d sends, want one for each connection", n)
		}
	})
}
