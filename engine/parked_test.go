package engine_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"fanfare/engine"
	"fanfare/engine/enginetest"
	"fanfare/engine/http1"
)

// lateHandler parks /park, upgrades upgrades, and answers the rest at once.
type lateHandler struct {
	parked *engine.Conn
	seen   []string
}

func (h *lateHandler) BodyLimit(*http1.Request) int { return 1 << 20 }

func (h *lateHandler) Request(c *engine.Conn, r *http1.Request) {
	h.seen = append(h.seen, string(r.Path)+" "+string(r.Body))
	switch {
	case r.Upgrade:
		_ = c.Upgrade(echoReceiver{}) // a refusal is answered by the engine
	case string(r.Path) == "/park":
		c.Park()
		h.parked = c
	default:
		c.Respond(&http1.Response{Status: 200, Body: r.Body})
	}
}

// answered gives a connection whose parked request has just had its answer:
// what comes next meets the loop before its next turn.
func answered(t *testing.T) (*lateHandler, *enginetest.Loop, *enginetest.Peer) {
	t.Helper()
	h := &lateHandler{}
	l := enginetest.New(engine.Config{}, h)
	p := l.Dial()
	p.Write([]byte("GET /park HTTP/1.1\r\nHost: x\r\n\r\n"))
	l.Post(engine.TaskFunc(func(*engine.Loop) { h.parked.Respond(&http1.Response{Status: 200, Body: []byte("A")}) }))
	l.Turn()
	if got := string(p.Received()); !strings.HasPrefix(got, "HTTP/1.1 200 ") {
		t.Fatalf("got %q", got)
	}
	return h, l, p
}

func TestRequestAfterAParkedOneKeepsItsBody(t *testing.T) {
	body := "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
	for _, here := range []int{0, 5} {
		h, l, p := answered(t)
		p.Deliver(fmt.Appendf(nil, "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body[:here]))
		l.Settle()
		p.Write([]byte(body[here:]))
		if len(h.seen) != 2 || h.seen[1] != "/b "+body {
			t.Errorf("with %d bytes of body in the first packet, the handler saw %q", here, h.seen)
		}
	}
}

func TestUpgradeAfterAParkedRequest(t *testing.T) {
	_, l, p := answered(t)
	p.Deliver([]byte(upgradeRequest))
	l.Settle()
	if got := string(p.Received()); !strings.HasPrefix(got, "HTTP/1.1 101 ") {
		t.Errorf("got %q", got)
	}
}

// The same over sockets, where the packets come when they come.
func TestKeptAliveConnectionsThatPark(t *testing.T) {
	s := start(t, engine.Config{Loops: 1}, echo{})
	var clients sync.WaitGroup
	for range 8 {
		conn := dial(t, s)
		clients.Go(func() {
			r := bufio.NewReader(conn)
			for i := range 200 {
				fmt.Fprint(conn, "GET /park HTTP/1.1\r\nHost: x\r\n\r\n")
				readBody(t, r, "later ")
				fmt.Fprint(conn, "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n")
				fmt.Fprintf(conn, "%010d", i)
				readBody(t, r, fmt.Sprintf("%010d", i))
			}
		})
	}
	clients.Wait()
}

func readBody(t *testing.T, r *bufio.Reader, want string) {
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Error(err)
		return
	}
	defer resp.Body.Close()
	if got, err := io.ReadAll(resp.Body); string(got) != want || resp.StatusCode != http.StatusOK {
		t.Errorf("got %d %q, %v, want %q", resp.StatusCode, got, err, want)
	}
}

// An upgrade whose 101 is too much for a client that reads nothing ends the
// connection; it must not come to life again.
func TestUpgradeOfADeadConnection(t *testing.T) {
	const limit = 2000
	l := enginetest.New(engine.Config{QueueBytes: limit}, &lateHandler{})
	p := l.Dial()
	p.Stall(true)
	ask := func(n int) {
		p.Write(fmt.Appendf(nil, "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", n, strings.Repeat("x", n)))
	}
	ask(500)
	first := waitingFor(t, p)
	ask(500)
	ask(500 + limit - waitingFor(t, p) - first - 20) // leaves no room for a 101
	if p.Closed() {
		t.Fatal("closed before the upgrade: the test's sizes are off")
	}
	p.Write([]byte(upgradeRequest))
	if !p.Closed() {
		t.Error("the connection is still there")
	}
}
