//go:build linux

package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"fanfare/bench/scenario"
)

// TestMain moves to the top of the checkout, where the command runs.
func TestMain(m *testing.M) {
	if err := os.Chdir("../.."); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// limitProgram builds and starts the yardstick.
func limitProgram(t *testing.T, frames int) *running {
	t.Helper()
	b := built{limit: filepath.Join(t.TempDir(), "limit")}
	if out, err := exec.Command("cc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", b.limit, "bench/limit/limit.c").CombinedOutput(); err != nil {
		t.Fatalf("%v (apt-get install gcc libc6-dev)\n%s", err, out)
	}
	r, err := b.startLimit(t.Context(), 0, frames)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.stop)
	return r
}

// The yardstick must do the work that it is the limit of: a client that is not
// ours understands its upgrade and its frames.
func TestLimitSpeaksWebSocket(t *testing.T) {
	r := limitProgram(t, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	c, _, err := websocket.Dial(ctx, "ws://"+r.Target.Addr.String()+"/app/any", nil) //nolint:bodyclose // Dial's own: "you never need to close resp.Body"
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	c.SetReadLimit(1 << 20)
	for _, size := range []int{1, 125, 126, 1<<16 - 1, 1 << 16} {
		post(t, r, strings.Repeat("x", size))
		kind, b, err := c.Read(ctx)
		if err != nil || kind != websocket.MessageText || len(b) != size {
			t.Fatalf("size %d: %v message of %d bytes, %v", size, kind, len(b), err)
		}
	}
}

func TestLimitDelivers(t *testing.T) {
	f := func(frames, outstanding int) {
		t.Helper()
		r := limitProgram(t, frames)
		res, err := scenario.Fanout{
			Subscribers: 100, Outstanding: outstanding, FrameBytes: 200, Duration: 200 * time.Millisecond,
		}.Run(t.Context(), r.Server)
		if err != nil || res.Done == 0 {
			t.Errorf("%+v, %v", res, err)
		}
	}
	f(1, 1)
	f(1, 8)
	f(8, 8)
	f(8, 3) // fewer than it waits for
}

// More connections than share one source address.
func TestManyConnections(t *testing.T) {
	r := limitProgram(t, 1)
	const n = 8500
	res, err := scenario.Connect{Connections: n}.Run(t.Context(), r.Server)
	if err != nil || res.Done != n {
		t.Errorf("%+v, %v", res, err)
	}
}

// The whole command in small, against the real server.
func TestRun(t *testing.T) {
	out := filepath.Join(t.TempDir(), "result.md")
	var stdout, stderr bytes.Buffer
	err := run(t.Context(), []string{
		"-rounds", "1", "-load-core", "0", "-out", out,
		"-subscribers", "50", "-idle", "50", "-duration", "100ms", "-settle", "50ms",
	}, &stdout, &stderr)
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range standard.plan() {
		if n := strings.Count(stderr.String(), m.id+" "); n < 1 {
			t.Errorf("no line about %s in\n%s", m.id, &stderr)
		}
	}
	rows := len(standard.plan()) + 2
	if got := strings.Count(string(b), "\n| "); got != rows || !strings.Contains(string(b), "activity_timeout` 120") {
		t.Errorf("%d table lines, want %d, in\n%s", got, rows, b)
	}
	if !strings.Contains(stdout.String(), "share of the limit") {
		t.Errorf("printed %q", &stdout)
	}
}

func TestRunRefuses(t *testing.T) {
	f := func(want string, args ...string) {
		t.Helper()
		var stderr bytes.Buffer
		_, err := parse(args, &stderr)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", args, err, want)
		}
	}
	f("at least one round", "-rounds", "0")
	f("flags only", "fanout")
	f("missing closing", "-scenario", "(")
}
