package engine_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"fanfare/engine"
	"fanfare/engine/enginetest"
	"fanfare/engine/websocket"
)

// stalledServer is a server with one connection that does not read, and one
// that is read to the end.
type stalledServer struct {
	*testing.T
	server     *engine.Server
	slow, good *numbers
}

func newStalledServer(t *testing.T, secure bool, cfg engine.Config) *stalledServer {
	t.Helper()
	cfg.Loops = 1
	var s *engine.Server
	var slow, good net.Conn
	if secure {
		s = startTLS(t, cfg)
		slow, good = upgradeTLS(t, s, clientTLS()), upgradeTLS(t, s, clientTLS())
	} else {
		s = start(t, cfg, echo{})
		slow, good = upgrade(t, s), upgrade(t, s)
	}
	if err := socketOf(slow).SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	return &stalledServer{t, s, &numbers{t, slow, bufio.NewReaderSize(slow, 4<<10)}, &numbers{t, good, bufio.NewReader(good)}}
}

func socketOf(conn net.Conn) *net.TCPConn {
	if c, ok := conn.(*tls.Conn); ok {
		conn = c.NetConn()
	}
	return conn.(*net.TCPConn)
}

// plainAndTLS runs a test over both.
func plainAndTLS(t *testing.T, test func(t *testing.T, secure bool)) {
	t.Run("plain", func(t *testing.T) { test(t, false) })
	t.Run("TLS", func(t *testing.T) { test(t, true) })
}

// publish sends numbered messages of 1 KiB to everybody, and no more at a time
// than the socket of one who keeps up takes.
func (s *stalledServer) publish(rule *engine.Rule, from, to int) {
	s.Helper()
	l := s.server.Loop(0)
	for i := from; i < to; i++ {
		text := strconv.Itoa(i) + strings.Repeat(" ", 1024)
		f := engine.NewTopic(rule, "channel", "event", []byte(text))
		l.PostDelivery(engine.TaskFunc(func(l *engine.Loop) {
			var all []engine.Handle
			l.Each(func(c *engine.Conn) { all = append(all, c.Handle()) })
			l.Broadcast(f, all, 0)
		}))
		if (i+1)%8 != 0 && i+1 != to {
			continue
		}
		if got := s.good.until(i); got[0] != i/8*8 && got[0] != from || len(got) != i+1-got[0] {
			s.Fatalf("who keeps up got %v, not all up to %d", got, i)
		}
	}
}

// until waits for the server's counters to say something.
func (s *stalledServer) until(what string, holds func(engine.Stats) bool) {
	s.Helper()
	statsAre(s.T, s.server, what, holds)
}

// statsAre waits for a server's counters to say something.
func statsAre(t *testing.T, s *engine.Server, what string, holds func(engine.Stats) bool) {
	t.Helper()
	poll, end := time.NewTicker(5*time.Millisecond), time.After(20*time.Second)
	defer poll.Stop()
	for !holds(s.Stats()) {
		select {
		case <-poll.C:
		case <-end:
			t.Fatalf("%s: not after 20 s; %+v", what, s.Stats())
		}
	}
}

// numbers is a connection that numbered messages come on.
type numbers struct {
	*testing.T
	conn net.Conn
	r    *bufio.Reader
}

// until reads the numbers of messages up to last, or to the close frame, which
// reads as -1. They must go up.
func (n *numbers) until(last int) []int {
	n.Helper()
	var got []int
	for {
		var head [4]byte
		if _, err := io.ReadFull(n.r, head[:2]); err != nil {
			n.Fatalf("after %d messages: %v", len(got), err)
		}
		size := int(head[1])
		if head[1] == 126 {
			_, _ = io.ReadFull(n.r, head[2:])
			size = int(head[2])<<8 | int(head[3])
		}
		payload := make([]byte, size)
		if _, err := io.ReadFull(n.r, payload); err != nil {
			n.Fatal(err)
		}
		if head[0] == 0x80|byte(websocket.Close) {
			return append(got, -1)
		}
		number, err := strconv.Atoi(strings.TrimSpace(string(payload)))
		if err != nil || len(got) > 0 && number <= got[len(got)-1] {
			n.Fatalf("%d after %v: %v", number, got[max(0, len(got)-5):], err)
		}
		if got = append(got, number); number == last {
			return got
		}
	}
}

const torrent = 4000 // KiB: more than the kernel takes for one who does not read

// gap counts the numbers that are missing, and how many came after the last
// that is.
func gap(got []int) (missing, after int) {
	for i := 1; i < len(got); i++ {
		after++
		if n := got[i] - got[i-1] - 1; n > 0 {
			missing, after = missing+n, 1
		}
	}
	return missing, after
}

func TestStalledSocketDropsOldest(t *testing.T) { plainAndTLS(t, testStalledSocketDropsOldest) }

func testStalledSocketDropsOldest(t *testing.T, secure bool) {
	s := newStalledServer(t, secure, engine.Config{})
	s.publish(&engine.Rule{Policy: engine.DropOldest, Frames: 100}, 0, torrent)
	if missing, after := gap(s.slow.until(torrent - 1)); missing < torrent/4 || after < 99 || after > 100 {
		t.Errorf("%d messages are missing, and %d came after them; want the newest 100", missing, after)
	}
	s.until("nothing is queued", func(s engine.Stats) bool { return s.QueuedBytes == 0 && s.Blocked == 0 })
}

func TestStalledSocketConflates(t *testing.T) { plainAndTLS(t, testStalledSocketConflates) }

func testStalledSocketConflates(t *testing.T, secure bool) {
	s := newStalledServer(t, secure, engine.Config{})
	s.publish(&engine.Rule{Policy: engine.Conflate}, 0, torrent)
	if missing, after := gap(s.slow.until(torrent - 1)); missing < torrent/4 || after != 1 {
		t.Errorf("%d messages are missing, and %d came after them; want only the newest", missing, after)
	}
	s.until("nothing is queued", func(s engine.Stats) bool { return s.QueuedBytes == 0 && s.Dropped[engine.DropConflated] > torrent/4 })
	s.publish(&engine.Rule{Policy: engine.Conflate}, torrent, torrent+10)
	if got := s.slow.until(torrent + 9); got[0] != torrent {
		t.Errorf("awake again it got %v", got)
	}
}

func TestStalledSocketIsClosed(t *testing.T) { plainAndTLS(t, testStalledSocketIsClosed) }

func testStalledSocketIsClosed(t *testing.T, secure bool) {
	s := newStalledServer(t, secure, engine.Config{CloseTimeout: 10 * time.Second})
	s.publish(engine.Event, 0, torrent)
	s.until("it is closed for being slow", func(s engine.Stats) bool {
		return s.SlowClosed[engine.LimitBytes]+s.SlowClosed[engine.LimitFrames] == 1
	})
	got := s.slow.until(-1)
	if missing, _ := gap(got[:len(got)-1]); missing != 0 || got[len(got)-1] != -1 {
		t.Errorf("%d messages are missing before the close frame", missing)
	}
}

// A socket that takes nothing is counted as slow, and closed when the oldest
// message has waited for too long.
func TestStalledSocketIsClosedByAge(t *testing.T) { plainAndTLS(t, testStalledSocketIsClosedByAge) }

func testStalledSocketIsClosedByAge(t *testing.T, secure bool) {
	s := newStalledServer(t, secure, engine.Config{QueueBytes: 1 << 30, QueueFrames: 1 << 20, QueueAge: time.Second, CloseTimeout: time.Second})
	s.publish(engine.Event, 0, torrent)
	s.until("it is slow", func(s engine.Stats) bool { return s.Slow == 1 })
	s.until("it is closed for age", func(s engine.Stats) bool { return s.SlowClosed[engine.LimitAge] == 1 })
	s.until("it is gone", func(s engine.Stats) bool { return s.Slow == 0 && s.Open == 1 && s.QueuedBytes == 0 })
	if _, err := io.Copy(io.Discard, s.slow.conn); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("it was closed with %v, want a reset: the kernel must not go on offering", err)
	}
}

// 100 stalled ones cost less than a MiB besides the messages that wait.
func TestMemoryOfStalledConnections(t *testing.T) {
	f := func(rule *engine.Rule, topics, waiting int) {
		t.Helper()
		l := enginetest.New(engine.Config{}, echo{})
		peers, handles := open(t, l, 1000)
		for i, p := range peers {
			p.Discard()
			p.Stall(i%10 == 0)
		}
		before := heap()
		for i := range 4000 {
			deliver(l, engine.NewTopic(rule, "channel", strconv.Itoa(i%topics), make([]byte, 200)), handles)
			l.Settle()
		}
		l.Advance(time.Second)
		grown := heap() - before - int64(waiting)*(204+64+64)
		if grown > 1<<20 {
			t.Errorf("%+v: the heap has grown by %d bytes", *rule, grown)
		}
		t.Logf("%+v: %d bytes for each stalled one", *rule, grown/100)
		runtime.KeepAlive(peers)
	}
	f(&engine.Rule{Policy: engine.DropOldest}, 1, 1024)
	f(&engine.Rule{Policy: engine.DropOldest, Frames: 64}, 1, 64)
	f(&engine.Rule{Policy: engine.Conflate}, 1, 1)
	f(&engine.Rule{Policy: engine.Conflate}, 200, 200)
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
