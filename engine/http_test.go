package engine_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"fanfare/engine"
	"fanfare/engine/enginetest"
	"fanfare/engine/http1"
	"fanfare/engine/websocket"
)

// exchange sends raw bytes and reads n answers.
func exchange(t *testing.T, conn net.Conn, raw string, n int) []string {
	t.Helper()
	if _, err := io.WriteString(conn, raw); err != nil {
		t.Fatal(err)
	}
	var got []string
	r := bufio.NewReader(conn)
	for range n {
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatalf("after %q: %v", got, err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, strings.TrimSpace(fmt.Sprintf("%d %s", resp.StatusCode, body)))
	}
	return got
}

func TestRequests(t *testing.T) {
	s := start(t, engine.Config{}, echo{})
	f := func(raw string, want ...string) {
		t.Helper()
		if got := exchange(t, dial(t, s), raw, len(want)); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%.60q\n got %q\nwant %q", raw, got, want)
		}
	}
	f("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "200 abc")
	// Kept alive, pipelined, in order, also behind a parked one.
	one := "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n"
	f(one+"1"+one+"2"+one+"3", "200 1", "200 2", "200 3")
	parked := "POST /park HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n"
	f(parked+"1"+one+"2"+parked+"3"+one+"4", "200 later 1", "200 2", "200 later 3", "200 4")
	f("GET / HTTP/1.0\r\n\r\n", "200")
	f("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: z\r\n\r\n"+one+"9", "200 abcde", "200 9")
	f("GET /forget HTTP/1.1\r\nHost: x\r\n\r\n", "500 no answer was given")
	f("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n", "413 request body too large: at most 1048576 bytes are taken here")
}

// However the bytes of pipelined requests are cut, the answers are the same.
func TestRequestsInPieces(t *testing.T) {
	var raw string
	for i := range 20 {
		body := strings.Repeat("b", i*3)
		if i%2 == 0 {
			pad := strings.Repeat("p", i*20) // a short head after a long one
			raw += fmt.Sprintf("POST /%d HTTP/1.1\r\nHost: x\r\nX: %s\r\nContent-Length: %d\r\n\r\n%s", i, pad, len(body), body)
		} else {
			raw += fmt.Sprintf("POST /%d HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", i, len(body), body)
		}
	}
	for size := 1; size < len(raw); size = size*3/2 + 1 {
		l := enginetest.New(engine.Config{}, echo{})
		p := l.Dial()
		for piece := range slices.Chunk([]byte(raw), size) {
			p.Write(piece)
		}
		got := string(p.Received())
		if n := strings.Count(got, "HTTP/1.1 200 OK"); n != 20 || !strings.HasSuffix(got, strings.Repeat("b", 57)) {
			t.Errorf("pieces of %d bytes: %d answers, the last bytes are %q", size, n, got[max(0, len(got)-80):])
		}
	}
}

// What could be read in two ways is refused, and the connection is closed so
// that nothing after it is taken for a request.
func TestRequestSmugglingFormsAreRefused(t *testing.T) {
	s := start(t, engine.Config{}, echo{})
	f := func(head string, status int) {
		t.Helper()
		conn := dial(t, s)
		if _, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\n"+head+"\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		all, err := io.ReadAll(conn)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(all), "HTTP/1.1 "); n != 1 || !strings.HasPrefix(string(all), fmt.Sprintf("HTTP/1.1 %d ", status)) {
			t.Errorf("%q: got %d answers: %q", head, n, all)
		}
	}
	f("Content-Length: 5\r\nTransfer-Encoding: chunked", 400)
	f("Content-Length: 5\r\nContent-Length: 6", 400)
	f("Content-Length: +5", 400)
	f("Content-Length: 5, 5", 400)
	f("Transfer-Encoding: xchunked", 501)
	f("Transfer-Encoding: chunked, identity", 501)
	f("Transfer-Encoding : chunked", 400)
	f(" Transfer-Encoding: chunked", 400)
}

func TestHeadAndExpect(t *testing.T) {
	s := start(t, engine.Config{}, echo{})
	conn := dial(t, s)
	r := bufio.NewReader(conn)
	io.WriteString(conn, "HEAD / HTTP/1.1\r\nHost: x\r\n\r\nPOST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
	for _, want := range []string{"HTTP/1.1 200 OK", "HTTP/1.1 100 Continue"} {
		if got := readHead(t, r); !strings.HasPrefix(got, want) {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
	io.WriteString(conn, "ok")
	if got := readHead(t, r); !strings.Contains(got, "Content-Length: 2") {
		t.Errorf("got %q", got)
	}
}

func readHead(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	var head strings.Builder
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if line == "\r\n" {
			return head.String()
		}
		head.WriteString(line)
	}
}

// A head that dribbles in costs its sender the connection, with a word why.
func TestSlowHeadTimesOut(t *testing.T) {
	l := enginetest.New(engine.Config{HeadTimeout: 5 * time.Second}, echo{})
	p := l.Dial()
	for range 4 {
		p.Write([]byte("GET / "))
		l.Advance(time.Second)
	}
	if got := p.Received(); len(got) != 0 {
		t.Fatalf("too early: %q", got)
	}
	l.Advance(3 * time.Second)
	if got := string(p.Received()); !strings.HasPrefix(got, "HTTP/1.1 408 ") || !p.HalfClosed() {
		t.Errorf("got %q", got)
	}
	l.Advance(5 * time.Second)
	if !p.Closed() {
		t.Error("the connection lingers for ever")
	}
}

// On a connection that was kept alive too: the time for a head counts from its
// first byte, however many follow.
func TestSlowHeadTimesOutWhenKeptAlive(t *testing.T) {
	l := enginetest.New(engine.Config{HeadTimeout: 5 * time.Second}, echo{})
	p := l.Dial()
	p.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
	l.Advance(30 * time.Second)
	p.Received()
	for range 8 {
		p.Write([]byte("A"))
		l.Advance(time.Second)
	}
	if got := string(p.Received()); !strings.HasPrefix(got, "HTTP/1.1 408 ") {
		t.Errorf("got %q", got)
	}
}

// A client that ends its request by shutting its half down gets its answer.
func TestHalfClosedClientGetsItsAnswer(t *testing.T) {
	s := start(t, engine.Config{}, echo{})
	for range 100 {
		conn := dial(t, s)
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(conn); err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 200 ") {
			t.Fatalf("got %q, %v", got, err)
		}
		conn.Close()
	}
}

func TestLongHeadIsRefused(t *testing.T) {
	l := enginetest.New(engine.Config{}, echo{})
	p := l.Dial()
	p.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\n"))
	for range 100 {
		p.Write([]byte("X-Filler: " + strings.Repeat("a", 1000) + "\r\n"))
	}
	if got := string(p.Received()); !strings.HasPrefix(got, "HTTP/1.1 431 ") {
		t.Errorf("got %q", got)
	}
}

// What is sent ahead of a parked request's answer is bounded.
func TestFloodBehindAParkedRequest(t *testing.T) {
	l := enginetest.New(engine.Config{}, parker{})
	p := l.Dial()
	p.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
	for range 100 {
		p.Write([]byte(strings.Repeat("x", 1000)))
	}
	if !p.Closed() {
		t.Error("the flood is still taken")
	}
}

func TestParkedRequestIsAnsweredInTime(t *testing.T) {
	l := enginetest.New(engine.Config{AnswerTimeout: 3 * time.Second}, parker{})
	p := l.Dial()
	p.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
	l.Advance(6 * time.Second)
	if got := string(p.Received()); !strings.HasPrefix(got, "HTTP/1.1 503 ") {
		t.Errorf("got %q", got)
	}
}

// parker never answers.
type parker struct{ echo }

func (parker) Request(c *engine.Conn, _ *http1.Request) { c.Park() }

// What is unfinished has a budget for all connections together.
func TestInputBudget(t *testing.T) {
	l := enginetest.New(engine.Config{InputBudget: 1 << 20}, echo{})
	half := websocket.AppendMasked(nil, websocket.Text, false, []byte(strings.Repeat("x", 200_000)), [4]byte{1, 2, 3, 4})
	peers, _ := open(t, l, 20)
	refused := 0
	for _, p := range peers {
		p.Write(half)
		if got := p.Received(); len(got) > 0 {
			refused++
			if got[0] != 0x88 || got[2] != 1013>>8 || got[3] != 1013&0xff {
				t.Errorf("got %q, want a close frame 1013", got)
			}
		}
	}
	if refused == 0 || refused > 17 {
		t.Errorf("%d of 20 refused", refused)
	}
	p := l.Dial()
	p.Write([]byte("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n" + strings.Repeat("y", 400_000)))
	if got := string(p.Received()); !strings.HasPrefix(got, "HTTP/1.1 503 ") {
		t.Errorf("got %q", got)
	}
	for _, p := range peers {
		p.Hangup()
	}
	p = l.Dial()
	p.Write([]byte("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 400000\r\n\r\n" + strings.Repeat("y", 399_999)))
	p.Write([]byte("y"))
	if got := string(p.Received()); !strings.HasPrefix(got, "HTTP/1.1 200 ") {
		t.Errorf("room is not given back: %q", got[:min(len(got), 100)])
	}
}

// A connection's own limit counts from the declared length.
func TestMaxMessageOfAConnection(t *testing.T) {
	l := enginetest.New(engine.Config{}, echo{})
	peers, _ := open(t, l, 1)
	peers[0].Conn().SetMaxMessage(100)
	peers[0].Write(websocket.AppendMasked(nil, websocket.Text, true, []byte(strings.Repeat("x", 101)), [4]byte{})[:6])
	if got := peers[0].Received(); len(got) < 4 || got[0] != 0x88 || got[2] != 1009>>8 || got[3] != 1009&0xff {
		t.Errorf("got %q, want a close frame 1009", got)
	}
}

// Replies are flushed before they fill more memory than a slow connection may.
func TestRepliesAreBoundedInBytes(t *testing.T) {
	l := enginetest.New(engine.Config{QueueBytes: 100_000}, echo{})
	p := l.Dial()
	p.Stall(true)
	raw := "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\n" + strings.Repeat("y", 50_000)
	p.Write([]byte(strings.Repeat(raw, 20)))
	if !p.Closed() {
		t.Error("a megabyte of answers waits for a client that reads nothing")
	}
}
