package engine_test

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"fanfare/engine"
	"fanfare/engine/enginetest"
	"fanfare/engine/websocket"
	"fanfare/engine/websocket/cases"
)

// TestWebSocketCases drives the whole case list against the real server over
// TCP: in one piece, byte by byte, and split at random.
func TestWebSocketCases(t *testing.T) {
	s := start(t, engine.Config{MaxMessage: cases.LargestMessage}, echo{})
	splits := map[string]cases.Split{"whole": cases.Whole, "octets": cases.Octets}
	for seed := range uint64(3) {
		splits[fmt.Sprintf("random-%d", seed)] = cases.Random(seed)
	}
	for name, split := range splits {
		t.Run(name, func(t *testing.T) { driveAll(t, s, split) })
	}
}

func driveAll(t *testing.T, s *engine.Server, split cases.Split) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, 16)
	for _, c := range cases.All() {
		conn := upgrade(t, s)
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots; conn.Close() }()
			if err := cases.Drive(conn, c, split); err != nil {
				t.Errorf("case %s (%s): %v", c.ID, c.Title, err)
			}
		})
	}
	wg.Wait()
}

// A frame that comes in the same packet as the upgrade must not be lost.
func TestPipelinedFirstFrame(t *testing.T) {
	s := start(t, engine.Config{}, echo{})
	conn := dial(t, s)
	b := websocket.AppendMasked([]byte(upgradeRequest), websocket.Text, true, []byte("early"), [4]byte{1, 2, 3, 4})
	if _, err := conn.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := readUpgrade(conn); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 7)
	if _, err := io.ReadFull(conn, got); err != nil {
		t.Fatal(err)
	}
	if want := "\x81\x05early"; string(got) != want {
		t.Fatalf("got %q, want %q", got, want)
	}
}

// A panic in a callback costs one connection; the server and its other
// connections live on.
func TestPanicCostsOneConnection(t *testing.T) {
	closed := make(chan engine.Cause, 2)
	s := start(t, engine.Config{Loops: 1}, echo{closed: closed})
	good, bad := upgrade(t, s), upgrade(t, s)
	write(t, bad, "panic")
	if _, err := io.ReadAll(bad); err != nil {
		t.Logf("reset: %v", err)
	}
	if cause := <-closed; cause != engine.CausePanic {
		t.Errorf("closed by %v, want panic", cause)
	}
	write(t, good, "still here")
	got := make([]byte, 12)
	if _, err := io.ReadFull(good, got); err != nil {
		t.Fatal(err)
	}
	if n := s.Stats().Panics; n != 1 {
		t.Errorf("%d panics counted, want 1", n)
	}
}

// A panic of the transport costs the connection that it was asked for.
func TestPanicInTransportCostsOneConnection(t *testing.T) {
	f := func(name string, events int, provoke func(p *enginetest.Peer)) {
		t.Helper()
		l := enginetest.New(engine.Config{}, echo{})
		peers, handles := open(t, l, 3)
		provoke(peers[1])
		for range events {
			deliver(l, event(strings.Repeat("x", 100_000)), handles)
		}
		l.Settle()
		for _, i := range []int{0, 2} {
			if got := texts(t, peers[i].Received()); len(got) != events {
				t.Errorf("%s: peer %d got %d events, want %d", name, i, len(got), events)
			}
		}
		if !peers[1].Closed() {
			t.Errorf("%s: the connection whose call panicked is still there", name)
		}
	}
	full := func(p *enginetest.Peer) {
		p.PanicOn(enginetest.Watch)
		p.Limit(0)
	}
	f("sending", 1, func(p *enginetest.Peer) { p.PanicOn(enginetest.Send) })
	f("waiting for a full socket", 1, full)
	f("waiting with more than one send takes", 10, full)
	f("ending the stream", 1, func(p *enginetest.Peer) {
		p.PanicOn(enginetest.CloseWrite)
		p.Deliver(websocket.AppendMasked(nil, websocket.Close, true, nil, [4]byte{}))
	})
}

func write(t testing.TB, w io.Writer, text string) {
	t.Helper()
	if _, err := w.Write(websocket.AppendMasked(nil, websocket.Text, true, []byte(text), [4]byte{9, 8, 7, 6})); err != nil {
		t.Fatal(err)
	}
}
