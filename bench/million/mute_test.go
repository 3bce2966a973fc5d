//go:build linux

package main

import (
	"bufio"
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

// strictServer upgrades every connection, checks that it subscribes, and then
// sends it some frames, after which nothing may come from it.
func strictServer(t *testing.T, frames ...ws.Frame) (url string) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // the test is over
			}
			go serveStrictly(t, c, frames)
		}
	}()
	return "ws://" + l.Addr().String() + "/app/key"
}

func serveStrictly(t *testing.T, c net.Conn, frames []ws.Frame) {
	defer func() { _ = c.Close() }()
	if _, err := ws.Upgrade(c); err != nil {
		t.Errorf("upgrade: %v", err)
		return
	}
	in := bufio.NewReader(c)
	_, payload, err := readFrame(in)
	if err != nil || !strings.Contains(string(payload), `"pusher:subscribe"`) {
		t.Errorf("the first frame is %q, %v; want a subscribe", payload, err)
	}
	for _, f := range frames {
		if err := ws.WriteFrame(c, f); err != nil {
			t.Errorf("write: %v", err)
		}
	}
	if op, payload, err := readFrame(in); err == nil {
		t.Errorf("a mute connection sent %v %q", op, payload)
	}
}

func TestListenMutely(t *testing.T) {
	closing := ws.NewCloseFrame(ws.NewCloseFrameBody(4201, "no pong"))
	url := strictServer(t, ws.NewTextFrame([]byte(`{}`)), ws.NewPingFrame(nil), closing)
	endings, err := listenMutely(t.Context(), url, 3)
	if err != nil || len(endings) != 3 {
		t.Fatalf("got %v, %v; want 3 endings", endings, err)
	}
	for _, e := range endings {
		if e.Code != 4201 || e.Pinged <= 0 || e.Closed < e.Pinged {
			t.Errorf("got %+v, want a ping and then a close with 4201", e)
		}
	}
}

func TestListenMutelyToNobody(t *testing.T) {
	url := strictServer(t, ws.NewPingFrame(nil))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if endings, err := listenMutely(ctx, url, 2); err == nil {
		t.Errorf("got %v of a server that never closes, want an error when the time is up", endings)
	}
}
