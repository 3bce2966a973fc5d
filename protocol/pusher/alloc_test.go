//go:build !race

package pusher

import "testing"

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
