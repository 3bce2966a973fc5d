//go:build !race

package pusher

import (
	"strconv"
	"testing"

	"fanfare/channels"
)

// Race builds ask on every call which goroutine they are on, and that
// allocates.

func TestPingDoesNotAllocate(t *testing.T) {
	c := newWorld(t, nil).connect()
	ss, conn := c.peer.Conn().Receiver().(*session), c.peer.Conn()
	text := []byte(ping)
	if n := testing.AllocsPerRun(100, func() {
		ss.Message(conn, text)
		c.peer.Conn().Loop().Turn()
		c.peer.Received()
	}); n > 1 { // the far end's buffer
		t.Errorf("%v allocations", n)
	}
}

func TestClientEventAllocations(t *testing.T) {
	w := newWorld(t, nil)
	w.app.Limits.ClientEventsPerSecond = 0
	sender, other := pair(w, "private-x")
	ss, conn := sender.peer.Conn().Receiver().(*session), sender.peer.Conn()
	text := []byte(whisper("private-x", "some data"))
	n := testing.AllocsPerRun(100, func() {
		ss.Message(conn, text)
		w.loop.Settle()
		other.peer.Received()
	})
	// The message, its texts, its completion, the frame and its bytes, and
	// the far end's buffer.
	if n > 6 {
		t.Errorf("%v allocations", n)
	}
}

// A publish allocates the same few objects for one subscriber as for
// thousands: the message, its frame with the bytes, and what the mailbox takes.
func TestPublishAllocatesTheSameForAll(t *testing.T) {
	f := func(subscribers int) {
		t.Helper()
		w := newWorld(t, nil)
		w.subscribers(subscribers)
		n := testing.AllocsPerRun(50, w.publishOne)
		if n > 4 {
			t.Errorf("%d subscribers: %v allocations, want at most 4", subscribers, n)
		}
	}
	f(1)
	f(100)
	f(3000)
}

func BenchmarkPublish(b *testing.B) {
	for _, subscribers := range []int{1, 100, 3000} {
		b.Run(strconv.Itoa(subscribers), func(b *testing.B) {
			w := newWorld(b, nil)
			w.subscribers(subscribers)
			b.ReportAllocs()
			for b.Loop() {
				w.publishOne()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*subscribers), "ns/delivery")
		})
	}
}

// subscribers makes clients that forget what they get.
func (w *world) subscribers(n int) {
	for range n {
		c := w.connect()
		c.do(`{"event":"pusher:subscribe","data":{"channel":"news"}}`)
		c.peer.Discard()
	}
}

func (w *world) publishOne() {
	w.publish(&channels.Message{Channel: "news", Event: "e", Data: "1"})
}
