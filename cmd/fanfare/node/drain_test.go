//go:build unix

package node

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"fanfare/cmd/fanfare/config"
	"fanfare/cmd/fanfare/control"
)

// lines is a log, by lines.
type lines struct {
	mu   sync.Mutex
	list []map[string]any
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var line map[string]any
	if err := json.Unmarshal(b, &line); err != nil {
		return 0, err
	}
	if _, err := time.Parse(time.RFC3339, fmt.Sprint(line["time"])); err != nil {
		line = map[string]any{"msg": "a line without its time: " + string(b)}
	}
	l.list = append(l.list, line)
	return len(b), nil
}

func (l *lines) find(part string) map[string]any {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.list {
		if msg, _ := line["msg"].(string); strings.Contains(msg, part) {
			return line
		}
	}
	return nil
}

// drainable is a node with a control socket, a log, and small times.
func drainable(t *testing.T, change func(*config.Config)) (*Main, *lines) {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "fanfare-node-") //nolint:usetesting // its path may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	log := &lines{}
	m := newNode(t, func(c *config.Config) {
		c.Control.Socket = filepath.Join(dir, "s")
		c.Server.Host = "127.0.0.1"
		c.Server.DrainDelay, c.Server.DrainTime, c.Server.ShutdownGrace = 50*time.Millisecond, time.Second, 3*time.Second
		if change != nil {
			change(c)
		}
	})
	m.Log = slog.New(slog.NewJSONHandler(log, nil))
	m.Level = new(slog.LevelVar)
	if err := m.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return m, log
}

// webSocket connects a client, which answers nothing.
func webSocket(t *testing.T, addr string) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	io.WriteString(c, "GET /app/app-key?protocol=7 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	r := bufio.NewReader(c)
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("status %s", res.Status)
	}
	return c, r
}

// leaves reads to the end, and reports whether that was with 4200. The client
// hangs up as well.
func leaves(c net.Conn, r io.Reader) bool {
	all, _ := io.ReadAll(io.LimitReader(readUntilClose{r}, 1<<20))
	c.Close()
	return strings.Contains(string(all), "\x10\x68the server is shutting down")
}

// readUntilClose ends with a close frame of the server's.
type readUntilClose struct{ r io.Reader }

func (u readUntilClose) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	if strings.Contains(string(p[:n]), "shutting down") {
		return n, io.EOF
	}
	return n, err
}

func TestDrainStepByStep(t *testing.T) {
	m, log := drainable(t, func(c *config.Config) { c.Server.DrainDelay = time.Minute })
	base := "http://" + m.Addrs[0]
	first, firstReads := webSocket(t, m.Addrs[0])
	hurry, cancel := context.WithCancel(t.Context())
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		m.Drain(hurry, m.Pace())
	}()
	for m.leaving.progress() == nil {
		if status, _ := get(t, base+"/up"); status != 200 {
			t.Fatalf("/up: %d", status)
		}
	}
	for path, want := range map[string]int{"/": 200, "/up": 200, "/ready": 503} {
		if status, _ := get(t, base+path); status != want {
			t.Errorf("%s: %d while newcomers are still served, want %d", path, status, want)
		}
	}
	second, secondReads := webSocket(t, m.Addrs[0])
	if _, page := get(t, "http://"+m.MetricsAddrs[0]+"/metrics"); !strings.Contains(page, "\nfanfare_draining 1\n") {
		t.Error("metrics do not say that it drains")
	}
	s := m.status()
	if s.Phase != "draining" || !s.Listening || s.Drain.Step != control.Waiting || s.Drain.Left > 64 || s.Drain.Left < 55 {
		t.Errorf("status %+v with %+v", s, s.Drain)
	}
	cancel() // as Ctrl-C does
	<-drained
	closed := make(chan error, 1)
	go func() { closed <- m.Close() }()
	if !leaves(first, firstReads) || !leaves(second, secondReads) {
		t.Error("a client did not get 4200")
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if line := log.find("without its time"); line != nil {
		t.Error(line)
	}
	if line := log.find("newcomers are still served"); line == nil || line["drain_delay"] != "1m0s" {
		t.Errorf("the log has %v", line)
	}
}

// Asked over the socket, a node drains at the pace that is asked for: publishers
// are served after its clients are gone, and the port is a successor's.
func TestDrainOverTheSocket(t *testing.T) {
	m, log := drainable(t, nil)
	client := control.Dial(m.Config.Control.Socket)
	defer client.Close()
	c, r := webSocket(t, m.Addrs[0])
	publisher, err := net.Dial("tcp", m.Addrs[0])
	if err != nil {
		t.Fatal(err)
	}
	defer publisher.Close()
	reads := bufio.NewReader(publisher)
	if status, closes := ask(t, publisher, reads); status != 200 || closes {
		t.Fatalf("got %d, close %v; want 200, and the connection kept", status, closes)
	}

	if _, began, err := client.Drain(t.Context(), map[string][]string{"delay": {"0"}, "time": {"0.5"}}); err != nil || !began {
		t.Fatalf("began %v, error %v", began, err)
	}
	pace := <-m.Asked()
	if want := (control.Pace{Time: 500 * time.Millisecond}); pace != want {
		t.Errorf("asked for %v, want %v", pace, want)
	}
	m.Drain(t.Context(), pace)
	if !leaves(c, r) {
		t.Error("the client did not get 4200")
	}
	if status, closes := ask(t, publisher, reads); status != 200 || !closes {
		t.Errorf("a publisher got %d, close %v; want 200 and Connection: close", status, closes)
	}
	if s, err := client.Status(t.Context()); err != nil || s.Listening || s.Drain.Step != control.Closing || s.Drain.Of != 2 {
		t.Errorf("status %+v, error %v", s, err)
	}

	second := newNode(t, func(cfg *config.Config) {
		cfg.Server.Host, cfg.Server.Port, cfg.Control.Socket = "127.0.0.1", m.Port(), m.Config.Control.Socket
	})
	if err := second.Run(t.Context()); err != nil {
		t.Fatalf("the successor does not start: %v", err)
	}
	webSocket(t, second.Addrs[0])
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(m.Config.Control.Socket); err != nil {
		t.Errorf("the successor's socket went with its predecessor: %v", err)
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
	if log.find("nobody listens any more") == nil || log.find("time was over") != nil {
		t.Error("the log does not tell the steps as they were")
	}
}

// ask sends a request over a connection that is kept, and tells whether the
// answer ends it.
func ask(t *testing.T, c net.Conn, r *bufio.Reader) (status int, closes bool) {
	t.Helper()
	io.WriteString(c, "GET /up HTTP/1.1\r\nHost: x\r\n\r\n")
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.ReadAll(res.Body); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Close
}

// Who is left when the time is over is cut, and counted.
func TestDrainEndsInTime(t *testing.T) {
	m, log := drainable(t, func(c *config.Config) {
		c.Server.DrainDelay, c.Server.ShutdownGrace = 0, 200*time.Millisecond
	})
	webSocket(t, m.Addrs[0]) // which does not answer the close
	start := time.Now()
	m.Drain(t.Context(), m.Pace())
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("it took %v", took)
	}
	line := log.find("before everything was sent")
	if text, _ := line["error"].(string); !strings.HasPrefix(text, "1 of the connections") {
		t.Errorf("the log has %v, want that one connection was cut", line)
	}
}

// A place that can't be used stops a server only if somebody has asked for it.
func TestControlSocketThatCannotBe(t *testing.T) {
	m := newNode(t, func(c *config.Config) { c.Control.Socket = "/no/such/folder/s" })
	if err := m.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "control.socket") {
		t.Errorf("error %v, want one that names the key", err)
	}
	log := &lines{}
	m = newNode(t, func(c *config.Config) { c.Control.Socket = control.Auto })
	m.Log, m.Env = slog.New(slog.NewJSONHandler(log, nil)), []string{"RUNTIME_DIRECTORY=/no/such/folder"}
	if err := m.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if line := log.find("there is no control socket"); line == nil {
		t.Error("the log does not say that there is none")
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}
