package engine_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"fanfare/engine"
	"fanfare/engine/http1"
)

// echo is the smallest handler: WebSocket messages come back, request bodies
// too. /park is answered later, /panic panics.
type echo struct {
	closed chan engine.Cause
}

func (e echo) BodyLimit(*http1.Request) int { return 1 << 20 }

func (e echo) Request(c *engine.Conn, r *http1.Request) {
	switch {
	case r.Upgrade:
		_ = c.Upgrade(echoReceiver(e)) // a refusal is answered by the engine
	case string(r.Path) == "/panic":
		panic("as asked")
	case string(r.Path) == "/park":
		park(c, string(r.Body))
	case string(r.Path) == "/forget":
	default:
		c.Respond(&http1.Response{Status: 200, ContentType: "text/plain", Body: r.Body})
	}
}

// park answers from a worker, by handle.
func park(c *engine.Conn, body string) {
	c.Park()
	h, l := c.Handle(), c.Loop()
	answer := engine.TaskFunc(func(l *engine.Loop) {
		if c := l.Conn(h); c != nil {
			c.Respond(&http1.Response{Status: 200, Body: []byte("later " + body)})
		}
	})
	if err := l.Server().Submit(func() { l.Post(answer) }); err != nil {
		l.Post(answer)
	}
}

type echoReceiver echo

func (e echoReceiver) Message(c *engine.Conn, text []byte) {
	if string(text) == "panic" {
		panic("as asked")
	}
	c.Send(engine.NewText(engine.Protocol, text))
}

func (e echoReceiver) BatchEnd(*engine.Conn) {}

func (e echoReceiver) Idle(c *engine.Conn) { c.Close(4201, "idle") }

func (e echoReceiver) Closed(_ *engine.Conn, cause engine.Cause) {
	if e.closed != nil {
		e.closed <- cause
	}
}

// start runs a server for the length of the test.
func start(t testing.TB, cfg engine.Config, h engine.Handler) *engine.Server {
	t.Helper()
	if cfg.Addrs == nil {
		cfg.Addrs = []string{"127.0.0.1:0"}
	}
	cfg.Logger = slog.New(slog.DiscardHandler)
	s, err := engine.New(cfg, h)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shutdown(t, s) })
	return s
}

func shutdown(t testing.TB, s *engine.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	select {
	case <-s.Done():
		return
	default:
	}
	if err := s.Shutdown(ctx, func(c *engine.Conn) { c.Close(4200, "bye") }); err != nil {
		t.Error(err)
	}
	if err := s.Err(); err != nil {
		t.Error(err)
	}
}

func dial(t testing.TB, s *engine.Server) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addrs()[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

const upgradeRequest = "GET /echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

// upgrade opens a WebSocket. The answer is read to its last byte and no
// further.
func upgrade(t testing.TB, s *engine.Server) net.Conn {
	t.Helper()
	conn := dial(t, s)
	if _, err := io.WriteString(conn, upgradeRequest); err != nil {
		t.Fatal(err)
	}
	if err := readUpgrade(conn); err != nil {
		t.Fatal(err)
	}
	return conn
}

func readUpgrade(conn net.Conn) error {
	resp, err := http.ReadResponse(bufio.NewReaderSize(oneByte{conn}, 16), nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("status %s, want 101", resp.Status)
	}
	return nil
}

// oneByte keeps a bufio.Reader from reading ahead.
type oneByte struct{ r io.Reader }

func (o oneByte) Read(p []byte) (int, error) { return o.r.Read(p[:1]) }
