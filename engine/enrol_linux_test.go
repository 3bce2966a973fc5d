package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"fanfare/engine"
	"fanfare/engine/websocket"
)

// pair are two servers in one process that play the old and the new one.
type pair struct {
	t        *testing.T
	old, new *engine.Server
	handles  map[engine.Handle]engine.Handle // the new one's, by the old one's
}

func startPair(t *testing.T, cfg engine.Config) *pair {
	t.Helper()
	p := &pair{t: t, old: start(t, cfg, echo{}), handles: map[engine.Handle]engine.Handle{}}
	return p
}

// succeed starts the new server on the old one's sockets.
func (p *pair) succeed(cfg engine.Config) {
	p.t.Helper()
	list, err := p.old.Listeners()
	if err != nil {
		p.t.Fatal(err)
	}
	for _, l := range list {
		cfg.Listeners = append(cfg.Listeners, os.NewFile(uintptr(l.Descriptor), l.Addr))
	}
	cfg.Addrs, cfg.Late = []string{}, true
	p.new = start(p.t, cfg, echo{})
	p.t.Cleanup(p.forget) // nothing would be heard of what is silent
}

// forget ends all connections of the new server.
func (p *pair) forget() {
	h, err := p.new.Hold(context.Background())
	if err != nil {
		p.t.Error(err)
		return
	}
	if err := h.Abandon(); err != nil {
		p.t.Error(err)
	}
}

// lend gives the new server all connections.
func (p *pair) lend() {
	p.t.Helper()
	err := p.old.Lend(p.t.Context(), 3, func(loans []engine.Loan) error { return p.enrol(loans) })
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *pair) enrol(loans []engine.Loan) error {
	handles, err := p.new.Enrol(p.t.Context(), loans)
	for i := range handles {
		p.handles[loans[i].Handle] = handles[i]
	}
	return err
}

// hold holds a server until the test ends or the caller lets go.
func (p *pair) hold(s *engine.Server) (*engine.Hold, func()) { return take(p.t, s) }

// states are of all connections of the old server, which is held, by the new one's
// handles.
func (p *pair) states(h *engine.Hold) map[engine.Handle]engine.ConnState {
	var mu sync.Mutex
	all := map[engine.Handle]engine.ConnState{}
	err := h.Each(func(l *engine.Loop) {
		l.Each(func(c *engine.Conn) {
			s, ok := c.State(nil)
			mu.Lock()
			defer mu.Unlock()
			if all[p.handles[c.Handle()]] = s; !ok {
				p.t.Error("a connection can't be written down")
			}
		})
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return all
}

// adopt has the new server, which is held, go on with the connections.
func (p *pair) adopt(h *engine.Hold, states map[engine.Handle]engine.ConnState) {
	err := h.Each(func(l *engine.Loop) {
		for at, s := range states {
			if engine.LoopOf(at) != l.Index() {
				continue
			}
			c := l.Conn(at)
			rcv := engine.Receiver(echoReceiver{})
			if s.Stage != engine.StageOpen {
				rcv = nil
			}
			if err := errors.Join(c.Adopt(s, rcv, nil), c.Wake()); err != nil {
				p.t.Error(err)
			}
		}
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

// Connections that are lent go on in another server: what was sent meanwhile is there,
// newcomers have waited, and nobody has noticed.
func TestEnrol(t *testing.T) {
	p := startPair(t, engine.Config{Loops: 2})
	var conns []net.Conn
	for range 20 {
		conns = append(conns, upgrade(t, p.old))
	}
	p.succeed(engine.Config{Loops: 3})
	p.lend()
	says(t, conns[0], []byte("still with the old one"))
	if err := p.old.StopAccepting(); err != nil {
		t.Fatal(err)
	}
	newcomer := asks(t, p.old.Addrs()[0])
	h, _ := p.hold(p.old)
	if err := h.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, conn := range conns {
		if _, err := conn.Write(websocket.AppendMasked(nil, websocket.Text, true, []byte("meanwhile"), [4]byte{1, 2, 3, 4})); err != nil {
			t.Fatal(err)
		}
	}
	states := p.states(h)
	g, wake := p.hold(p.new)
	p.adopt(g, states)
	if err := h.Abandon(); err != nil {
		t.Fatal(err)
	}
	if err := p.new.Serve(); err != nil {
		t.Fatal(err)
	}
	wake()
	want := websocket.AppendFrame(nil, websocket.Text, []byte("meanwhile"))
	for _, conn := range conns {
		got := make([]byte, len(want))
		if _, err := io.ReadFull(conn, got); err != nil || string(got) != string(want) {
			t.Fatalf("got %q, %v", got, err)
		}
		says(t, conn, []byte("with the new one"))
	}
	if got := newcomer(); got != fine {
		t.Errorf("a newcomer's answer: %s", got)
	}
	statsAre(t, p.new, "the newcomer has left", func(st engine.Stats) bool { return st.Open == uint64(len(conns)) })
	if old := p.old.Stats().Open; old != 0 {
		t.Errorf("%d connections are still with the old one", old)
	}
}

// A socket that another process is given does not make this one wait in accept.
func TestListenersDoNotWait(t *testing.T) {
	p := startPair(t, engine.Config{Loops: 2})
	p.succeed(engine.Config{Loops: 2})
	list, err := p.old.Listeners()
	if err != nil || len(list) != 2 {
		t.Fatalf("%d sockets, %v", len(list), err)
	}
	for _, l := range list {
		flags, err := unix.FcntlInt(uintptr(l.Descriptor), unix.F_GETFL, 0)
		if err != nil || flags&unix.O_NONBLOCK == 0 {
			t.Errorf("accept waits on %s: %v", l.Addr, err)
		}
		_ = unix.Close(l.Descriptor)
	}
}

// One server after the other has room for as many connections, and is handed as many sockets: also where loops come and go.
func TestRoomAndSocketsLast(t *testing.T) {
	config := engine.Config{Addrs: []string{"127.0.0.1:0", "127.0.0.2:0"}, Loops: 2}
	p := startPair(t, config)
	room := map[int]int{2: p.old.MaxConnections()}
	for _, loops := range []int{2, 2, 4, 3, 4, 3, 2} {
		config.Loops = loops
		p.succeed(config)
		if err := p.new.Serve(); err != nil {
			t.Fatal(err)
		}
		list, err := p.new.Listeners()
		for _, l := range list {
			_ = unix.Close(l.Descriptor)
		}
		if err != nil || len(list) != 4 {
			t.Errorf("%d loops hand over %d sockets, want the first server's 4; %v", loops, len(list), err)
		}
		if got := p.new.MaxConnections(); room[loops] != 0 && got != room[loops] {
			t.Errorf("%d loops have room for %d connections, want %d as before", loops, got, room[loops])
		}
		room[loops] = p.new.MaxConnections()
		p.old = p.new
	}
}

// The old server goes on as if nothing had been when the new one comes to nothing.
func TestEnrolCalledOff(t *testing.T) {
	p := startPair(t, engine.Config{Loops: 2})
	conn := upgrade(t, p.old)
	p.succeed(engine.Config{Loops: 2})
	p.lend()
	if err := p.old.StopAccepting(); err != nil {
		t.Fatal(err)
	}
	newcomer := asks(t, p.old.Addrs()[0])
	h, release := p.hold(p.old)
	if err := h.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.forget()
	release()
	if err := p.old.ResumeAccepting(); err != nil {
		t.Fatal(err)
	}
	if err := p.old.Reclaim(t.Context()); err != nil {
		t.Fatal(err)
	}
	says(t, conn, []byte("x"))
	if got := newcomer(); got != fine {
		t.Errorf("a newcomer's answer: %s", got)
	}
}

// A connection that the old server closes while it is lent is closed for its peer, and
// one that its peer closes is no harm.
func TestLentConnectionsEnd(t *testing.T) {
	p := startPair(t, engine.Config{Loops: 1})
	a, b, c := upgrade(t, p.old), upgrade(t, p.old), upgrade(t, p.old)
	p.succeed(engine.Config{Loops: 1})
	if err := c.(*net.TCPConn).SetLinger(0); err != nil {
		t.Fatal(err)
	}
	reset := false
	err := p.old.Lend(t.Context(), 100, func(loans []engine.Loan) error {
		if !reset {
			reset = true
			c.Close()
			statsAre(t, p.old, "the reset is known", func(st engine.Stats) bool { return st.Open == 2 })
		}
		return p.enrol(loans)
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Write(websocket.AppendMasked(nil, websocket.Close, true, []byte{3, 0xe8}, [4]byte{1, 2, 3, 4})); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(a)
	if err != nil || len(rest) != 4 {
		t.Errorf("after a close frame came %q, %v", rest, err)
	}
	a.Close()
	b.Close()
	statsAre(t, p.old, "both are gone", func(st engine.Stats) bool { return st.Open == 0 })
	live := 0
	for _, h := range p.handles {
		if h != 0 {
			live++
		}
	}
	if live != 2 || len(p.handles) != 3 {
		t.Errorf("%d of %d connections were enrolled, want 2 of 3", live, len(p.handles))
	}
}

// No descriptor is left of what was lent and taken in.
func TestLoansLeaveNoDescriptors(t *testing.T) {
	count := func() int {
		list, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	p := startPair(t, engine.Config{Loops: 2})
	for range 50 {
		upgrade(t, p.old)
	}
	p.succeed(engine.Config{Loops: 2})
	before := count()
	p.lend()
	bells := 2 * p.new.Loops()
	for deadline := time.Now().Add(10 * time.Second); count() != before+50+bells; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%d descriptors more, want one for each of 50 connections and %d for bells", count()-before, bells)
		}
	}
}

// Who finds the port that stands for a socket is nobody's client.
func TestLateServesNobody(t *testing.T) {
	_, held := sockets(t, 1)
	s := start(t, engine.Config{Addrs: []string{}, Listeners: handed(t, held...), Late: true}, echo{})
	for _, addr := range engine.Places(s) {
		if got := asks(t, addr)(); strings.HasPrefix(got, "HTTP/") {
			t.Errorf("%s answered %s", addr, got)
		}
	}
}

// A newcomer's first word waits while no handshake may begin. The server goes on with it, or another does.
func TestPauseHandshakes(t *testing.T) {
	for _, another := range []bool{false, true} {
		t.Run(fmt.Sprint("another:", another), func(t *testing.T) { pausesHandshake(t, another) })
	}
}

func pausesHandshake(t *testing.T, another bool) {
	p := startPair(t, engine.Config{Loops: 2, TLS: serverTLS(t), Addrs: []string{}, TLSAddrs: []string{"127.0.0.1:0"}})
	p.old.PauseHandshakes()
	conn, _ := dialTLS(t, p.old, clientTLS())
	shaken := make(chan error, 1)
	go func() { shaken <- conn.Handshake() }()
	statsAre(t, p.old, "its word is there", func(st engine.Stats) bool { return st.InputBytes > 0 })
	p.succeed(engine.Config{Loops: 2, TLS: serverTLS(t)})
	p.lend()
	h, release := p.hold(p.old)
	states := p.states(h)
	if another {
		g, wake := p.hold(p.new)
		p.adopt(g, states)
		if err := h.Abandon(); err != nil {
			t.Fatal(err)
		}
		wake()
	} else {
		release()
		if err := p.old.ResumeHandshakes(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-shaken; err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, upgradeRequest); err != nil {
		t.Fatal(err)
	}
	if err := readUpgrade(conn); err != nil {
		t.Fatal(err)
	}
}
