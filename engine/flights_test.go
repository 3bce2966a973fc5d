package engine_test

import (
	"maps"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanfare/engine"
	"fanfare/engine/enginetest"
	"fanfare/engine/websocket"
)

// seen gives a histogram's counts by milliseconds, rounded as its buckets are.
func seen(h *engine.Histogram) map[float64]int64 {
	m := map[float64]int64{}
	for i, n := range h.Buckets() {
		ms := 1000 * math.Exp2(float64(i)/8)
		if i == -20*8 {
			ms = 0 // too short to be told apart
		}
		m[math.Floor(ms)] += n
	}
	return m
}

// inBubble runs f with a loop in a bubble, where only wait makes time pass.
func inBubble(t *testing.T, f func(t *testing.T, l *enginetest.Loop, wait func(time.Duration))) {
	synctest.Test(t, func(t *testing.T) {
		l := enginetest.New(engine.Config{}, echo{})
		wait := func(d time.Duration) { <-time.After(d) }
		wait(time.Second) // its clock is not 0 any more
		f(t, l, wait)
	})
}

// Every connection's write is timed from the posting, and every posting until
// its last write, however many slices a lap takes.
func TestLatencyOfALap(t *testing.T) {
	inBubble(t, func(t *testing.T, l *enginetest.Loop, wait func(time.Duration)) {
		_, handles := open(t, l, 1500)
		deliver(l, event("one"), handles)
		for range 3 { // 512 connections each, but for the last
			wait(10 * time.Millisecond)
			l.Turn()
		}
		s := l.Snapshot()
		if diff := cmp.Diff(map[float64]int64{10: 512, 20: 512, 30: 476}, near(seen(&s.Writes))); diff != "" {
			t.Errorf("writes (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(map[float64]int64{30: 1}, near(seen(&s.Fanouts))); diff != "" {
			t.Errorf("fan-outs (-want +got):\n%s", diff)
		}
		if got := s.Fanouts.Sum(); math.Abs(got-0.030) > 1e-9 {
			t.Errorf("they took %v s, want 0.030", got)
		}
	})
}

// near rounds to tens of milliseconds: buckets are 9 % wide.
func near(m map[float64]int64) map[float64]int64 {
	tens := map[float64]int64{}
	for ms, n := range m {
		tens[10*math.Round(ms/10)] += n
	}
	return tens
}

// What is posted while a lap is under way lands when its own connections have it,
// also those that were sent to already.
func TestLatencyOfWhatComesDuringALap(t *testing.T) {
	inBubble(t, func(t *testing.T, l *enginetest.Loop, wait func(time.Duration)) {
		_, handles := open(t, l, 1100)
		deliver(l, event("one"), handles)
		l.Turn() // to the first 512
		wait(10 * time.Millisecond)
		deliver(l, event("two"), handles[:20])
		l.Turn() // to the next 512
		wait(10 * time.Millisecond)
		l.Turn() // to the other 76, and the 20 once more
		s := l.Snapshot()
		if diff := cmp.Diff(map[float64]int64{20: 1, 10: 1}, near(seen(&s.Fanouts))); diff != "" {
			t.Errorf("fan-outs (-want +got):\n%s", diff)
		}
	})
}

// Who does not keep up tells nothing about us.
func TestLatencyLeavesSlowConnectionsOut(t *testing.T) {
	inBubble(t, func(t *testing.T, l *enginetest.Loop, wait func(time.Duration)) {
		peers, handles := open(t, l, 2)
		for _, p := range peers {
			p.Stall(true)
		}
		deliver(l, event("one"), handles)
		l.Settle()
		wait(time.Second)
		deliver(l, event("two"), handles)
		l.Settle()
		for _, p := range peers {
			p.Stall(false)
		}
		s := l.Snapshot()
		if got := s.Writes.Count(); got != 0 {
			t.Errorf("%d writes were timed", got)
		}
		if diff := cmp.Diff(map[float64]int64{0: 1}, seen(&s.Fanouts)); diff != "" {
			t.Errorf("fan-outs: only the first had somebody to be sent to (-want +got):\n%s", diff)
		}
	})
}

// Frames that are too large, or too many, for one send are timed as well.
func TestLatencyOfLargeFrames(t *testing.T) {
	inBubble(t, func(t *testing.T, l *enginetest.Loop, _ func(time.Duration)) {
		_, handles := open(t, l, 3)
		for range 2 {
			deliver(l, event(string(make([]byte, 50_000))), handles)
		}
		l.Settle()
		if s := l.Snapshot(); s.Writes.Count() != 6 {
			t.Errorf("%d writes were timed, want 6", s.Writes.Count())
		}
	})
}

// Replies were not posted.
func TestLatencyLeavesRepliesOut(t *testing.T) {
	inBubble(t, func(t *testing.T, l *enginetest.Loop, _ func(time.Duration)) {
		peers, _ := open(t, l, 1)
		peers[0].Write(aPing)
		if s := l.Snapshot(); s.Writes.Count()+s.Fanouts.Count() != 0 {
			t.Errorf("%d writes and %d fan-outs were timed", s.Writes.Count(), s.Fanouts.Count())
		}
	})
}

// What waits in the mailbox shows, with its age.
func TestMailboxAge(t *testing.T) {
	inBubble(t, func(t *testing.T, l *enginetest.Loop, wait func(time.Duration)) {
		_, handles := open(t, l, 1)
		f := func(want engine.LoopStats) {
			t.Helper()
			got := l.Snapshot().PerLoop[0]
			if got.MailboxTasks != want.MailboxTasks || got.MailboxAge != want.MailboxAge {
				t.Errorf("%d wait, the oldest for %v; want %d, %v", got.MailboxTasks, got.MailboxAge, want.MailboxTasks, want.MailboxAge)
			}
		}
		f(engine.LoopStats{})
		for range 600 { // more than a lap takes
			deliver(l, event("x"), handles)
			wait(time.Millisecond)
		}
		f(engine.LoopStats{MailboxTasks: 600, MailboxAge: 600 * time.Millisecond})
		l.Turn()
		f(engine.LoopStats{MailboxTasks: 88, MailboxAge: 88 * time.Millisecond})
		l.Settle()
		f(engine.LoopStats{})
	})
}

// Passes are busy time, and the longest is remembered for half a minute at least.
func TestPasses(t *testing.T) {
	inBubble(t, func(t *testing.T, l *enginetest.Loop, wait func(time.Duration)) {
		for _, d := range []time.Duration{5 * time.Millisecond, 40 * time.Millisecond, time.Millisecond} {
			wait(time.Second)
			l.Post(engine.TaskFunc(func(*engine.Loop) { wait(d) }))
			l.Settle()
		}
		s := l.Snapshot().PerLoop[0]
		if s.Busy != 46*time.Millisecond || s.LongestPass != 40*time.Millisecond {
			t.Errorf("busy for %v, longest pass %v", s.Busy, s.LongestPass)
		}
		f := func(seconds int, want time.Duration) {
			t.Helper()
			l.Advance(time.Duration(seconds) * time.Second)
			if got := l.Snapshot().PerLoop[0].LongestPass; got != want {
				t.Errorf("after %d seconds more the longest pass is %v, want %v", seconds, got, want)
			}
		}
		f(30, 40*time.Millisecond)
		f(30, 0)
	})
}

// How long the slowest socket has taken nothing shows.
func TestOldestBacklog(t *testing.T) {
	inBubble(t, func(t *testing.T, l *enginetest.Loop, wait func(time.Duration)) {
		peers, handles := open(t, l, 2)
		for _, p := range peers {
			p.Stall(true)
			deliver(l, event("x"), handles)
			l.Settle()
			wait(4 * time.Second)
		}
		f := func(want time.Duration) {
			t.Helper()
			l.Advance(time.Second)
			if got := l.Snapshot().OldestBacklog; got != want {
				t.Errorf("the oldest has waited for %v, want %v", got, want)
			}
		}
		f(8 * time.Second)
		peers[0].Stall(false)
		f(4 * time.Second)
		peers[1].Stall(false)
		f(0)
	})
}

// A frame that was not sent when its connection ended is counted, once.
func TestLostFrames(t *testing.T) {
	l := enginetest.New(engine.Config{}, echo{})
	peers, handles := open(t, l, 2)
	peers[0].Stall(true)
	deliver(l, event("one"), handles)
	l.Settle()
	deliver(l, event("two"), handles)
	l.Settle()
	for _, p := range peers {
		p.Hangup()
	}
	lost(t, l, 2)
}

// lost wants so many frames to be counted as lost, and none as dropped otherwise.
func lost(t *testing.T, l *enginetest.Loop, n uint64) {
	t.Helper()
	want := map[engine.Drop]uint64{engine.DropLost: n}
	got := map[engine.Drop]uint64{}
	s := l.Snapshot()
	s.EachDropped(func(d engine.Drop, n uint64) { got[d] = n })
	maps.DeleteFunc(got, func(_ engine.Drop, n uint64) bool { return n == 0 })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// So is an answer whose connection is aborted in the same turn, as one that goes on
// with nonsense. What waits then is good until the replies have been sent, and the
// connection closes after that.
func TestLostAnswers(t *testing.T) {
	l := enginetest.New(engine.Config{}, echo{})
	peers, handles := open(t, l, 3)
	l.Post(engine.TaskFunc(func(l *engine.Loop) {
		for _, h := range handles {
			c := l.Conn(h)
			c.Reply([]byte("one"))
			c.Reply([]byte("two"))
			c.Abort(engine.CauseProtocol)
		}
	}))
	l.Settle()
	for i, p := range peers {
		if !p.Closed() {
			t.Errorf("connection %d is still there", i)
		}
	}
	lost(t, l, 6)
	if n := l.Snapshot().Panics; n != 0 {
		t.Errorf("%d panics", n)
	}
}

// What the engine answers by itself is counted by status.
func TestRefusedRequestsAreCounted(t *testing.T) {
	l := enginetest.New(engine.Config{}, echo{})
	for _, request := range []string{
		"nonsense\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n",
		"GET /forget HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET / HTTP/1.1\r\nHo", // and no more
	} {
		l.Dial().Write([]byte(request))
	}
	l.Advance(20 * time.Second)
	got := map[int]uint64{}
	s := l.Snapshot()
	s.EachRefusal(func(status int, n uint64) { got[status] = n })
	maps.DeleteFunc(got, func(_ int, n uint64) bool { return n == 0 })
	if diff := cmp.Diff(map[int]uint64{400: 1, 413: 1, 500: 1, 408: 1}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Wrong handshakes are counted by what was wrong.
func TestBadHandshakesAreCounted(t *testing.T) {
	l := enginetest.New(engine.Config{}, echo{})
	l.Dial().Write([]byte(strings.Replace(upgradeRequest, "Version: 13", "Version: 8", 1)))
	l.Dial().Write([]byte(strings.Replace(upgradeRequest, "Sec-WebSocket-Key", "X-Key", 1)))
	want := [websocket.Faults]uint64{websocket.FaultVersion: 1, websocket.FaultKey: 1}
	if got := l.Snapshot().BadHandshakes; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}
