package engine_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"fanfare/engine"
	"fanfare/engine/websocket"
)

// take holds a server until the test or the caller lets go.
func take(t *testing.T, s *engine.Server) (h *engine.Hold, release func()) {
	t.Helper()
	h, err := s.Hold(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	held := true
	release = func() {
		if held {
			held = false
			h.Release()
		}
	}
	t.Cleanup(release)
	return h, release
}

// What clients say to a loop that is held waits; what others post to it runs.
func TestHold(t *testing.T) {
	s := start(t, engine.Config{Loops: 2}, echo{})
	a, b := upgrade(t, s), upgrade(t, s)
	h, release := take(t, s)
	for _, conn := range []net.Conn{a, b} {
		if _, err := conn.Write(websocket.AppendMasked(nil, websocket.Text, true, []byte("later"), [4]byte{1, 2, 3, 4})); err != nil {
			t.Fatal(err)
		}
	}
	ran := make(chan struct{})
	s.Loop(0).Post(engine.TaskFunc(func(l *engine.Loop) {
		l.Post(engine.TaskFunc(func(*engine.Loop) { close(ran) }))
	}))
	<-ran
	if err := h.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := s.Stats().Messages; n != 0 {
		t.Errorf("%d messages were read by loops that are held", n)
	}
	release()
	want := websocket.AppendFrame(nil, websocket.Text, []byte("later"))
	for _, conn := range []net.Conn{a, b} {
		got := make([]byte, len(want))
		if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, want) {
			t.Errorf("got %q, %v", got, err)
		}
		says(t, conn, []byte("and on"))
	}
}

// Settle waits for jobs, and for what they post. The engine has one of its own now and then, that gives memory back.
func TestSettle(t *testing.T) {
	s := start(t, engine.Config{Loops: 2}, echo{})
	says(t, upgrade(t, s), []byte("x"))
	h, _ := take(t, s)
	working, work := make(chan struct{}), make(chan struct{})
	var ran atomic.Bool
	err := s.Submit(func() {
		close(working)
		<-work
		s.Loop(0).Post(engine.TaskFunc(func(l *engine.Loop) {
			err := l.Server().Submit(func() {
				l.Post(engine.TaskFunc(func(*engine.Loop) { ran.Store(true) }))
			})
			if err != nil {
				t.Error(err)
			}
		}))
	})
	if err != nil {
		t.Fatal(err)
	}
	<-working
	soon, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := h.Settle(soon); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "jobs are still with the workers") {
		t.Errorf("Settle says %v with a job at work", err)
	}
	close(work)
	if err := h.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !ran.Load() {
		t.Error("settled before the last task had run")
	}
}

// Once somebody works on the loops they are still, until they are let go.
func TestStill(t *testing.T) {
	s := start(t, engine.Config{Loops: 2}, echo{})
	conn := upgrade(t, s)
	says(t, conn, []byte("x"))
	h, release := take(t, s)
	conns := 0
	if err := h.Each(func(l *engine.Loop) { l.Each(func(*engine.Conn) { conns++ }) }); err != nil || conns != 1 {
		t.Errorf("%d connections, %v", conns, err)
	}
	ran := make(chan struct{})
	s.Loop(0).Post(engine.TaskFunc(func(*engine.Loop) { close(ran) }))
	err := h.Each(func(*engine.Loop) {
		select {
		case <-ran:
			t.Error("a loop that is still takes turns")
		default:
		}
	})
	if err != nil {
		t.Error(err)
	}
	if err := h.Each(func(*engine.Loop) { panic("a bug") }); err == nil || !strings.Contains(err.Error(), "a bug") {
		t.Errorf("of a panic Each says %v", err)
	}
	release()
	<-ran
	says(t, conn, []byte("y"))
}

// There is one holder at a time.
func TestHoldTwice(t *testing.T) {
	s := start(t, engine.Config{}, echo{})
	conn := upgrade(t, s)
	_, release := take(t, s)
	if _, err := s.Hold(t.Context()); err == nil {
		t.Error("it was held twice")
	}
	release()
	says(t, conn, []byte("x"))
	_, release = take(t, s)
	release()
	says(t, conn, []byte("y"))
}
