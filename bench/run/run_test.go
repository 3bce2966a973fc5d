//go:build linux

package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"

	"fanfare/bench/results"
	"fanfare/bench/scenario/connect"
	"fanfare/bench/scenario/fanout"
	"fanfare/bench/scenario/idle"
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
	r, err := limitBuilt(t).start(t.Context(), program{limit: frames}, cores{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.stop)
	return r
}

func limitBuilt(t *testing.T) built {
	t.Helper()
	dir := t.TempDir()
	b := built{dir: dir, limit: filepath.Join(dir, "limit")}
	if out, err := exec.Command("cc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", b.limit, "bench/limit/limit.c").CombinedOutput(); err != nil {
		t.Fatalf("%v (apt-get install gcc libc6-dev)\n%s", err, out)
	}
	return b
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
		res, err := fanout.Scenario{
			Connections: 100, Outstanding: outstanding, FrameBytes: 200, Duration: 200 * time.Millisecond,
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
	res, err := connect.Scenario{Connections: n}.Run(t.Context(), r.Server)
	if err != nil || res.Done != n {
		t.Errorf("%+v, %v", res, err)
	}
}

// The whole command in small, against the real server: every row has its
// figures, and the README is made of the same ones as the page.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	out, readme := filepath.Join(dir, "2026-01-31.md"), filepath.Join(dir, "README.md")
	if err := os.WriteFile(readme, []byte("before\n"+results.Begin+results.End+"after\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	err := run(t.Context(), []string{
		"-rounds", "1", "-load-core", "0", "-out", out, "-readme", readme, "-divide", "200", "-duration", "100ms", "-hold", "100ms",
	}, &stdout, &stderr)
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	r, err := results.Newest(dir)
	if err != nil || r == nil {
		t.Fatal(r, err)
	}
	for _, row := range r.Rows {
		if len(row.Ours) != 1 || len(row.Failed) > 0 {
			t.Errorf("%+v", row)
		}
	}
	for _, p := range r.Pictures {
		if b, err := os.ReadFile(filepath.Join(dir, p.File)); err != nil || !bytes.Contains(b, []byte("</svg>")) {
			t.Errorf("%s: %v, %d bytes", p.File, err, len(b))
		}
	}
	if len(r.Pictures) == 0 {
		t.Error("no pictures")
	}
	holds(t, out, r.Page())
	holds(t, readme, "before\n"+results.Begin+r.Brief()+results.End+"after\n")
}

func holds(t *testing.T, file, want string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(b)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// A run that can't be done fails its rows and not the others, and the command.
func TestRunTellsFailures(t *testing.T) {
	list := []measurement{{
		id: "m", group: "G", times: 1,
		trials: []trial{
			{"good", least, connect.Scenario{Connections: 3}, ""},
			{"bad", least, idle.Scenario{Connections: 3, Join: idle.Private}, ""}, // the limit program knows no channels
		},
		lines: []line{
			{results.Row{ID: "good"}, of("good", perCPUSecond), nil},
			{results.Row{ID: "bad"}, of("bad", perCPUSecond), nil},
		},
	}}
	b := limitBuilt(t)
	var stderr bytes.Buffer
	o := options{rounds: 1}
	found := o.measureAll(t.Context(), b, list, newProgress(&stderr, list))
	rows := found.results(&conditions{}, nil).Rows
	if len(rows[0].Ours) != 1 || len(rows[1].Failed) != 1 || found.err() == nil {
		t.Errorf("%+v, %v\n%s", rows, found.err(), &stderr)
	}
}

func TestRunRefuses(t *testing.T) {
	f := func(want string, args ...string) {
		t.Helper()
		err := run(t.Context(), args, io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", args, err, want)
		}
	}
	f("at least one round", "-rounds", "0")
	f("-server-core 1000: this process may run on ", "-server-core", "1000")
	f("-load-core 1000: this process may run on ", "-load-core", "1000")
	f("flags only", "fanout")
	f("missing closing", "-scenario", "(")
	f("matches none of fanout-1, ", "-scenario", "tennis")
	f("ends with .md", "-out", "result.txt")
	f("no place for the table", "-readme", "go.mod")
	f("no such file", "-render", "none.json")
}

// The help is no failure, and fits a terminal of 80 columns.
func TestHelp(t *testing.T) {
	var help strings.Builder
	if err := run(t.Context(), []string{"-help"}, io.Discard, &help); err != nil {
		t.Error(err)
	}
	for line := range strings.Lines(strings.ReplaceAll(help.String(), "    \t", "        ")) {
		if len(line) > 80+len("\n") {
			t.Errorf("longer than 80 columns: %s", line)
		}
	}
	if !strings.Contains(help.String(), "-scenario REGEXP") {
		t.Error(&help)
	}
}

// Only the whole standard set replaces the page and the README's table.
func TestDefaultFiles(t *testing.T) {
	f := func(written bool, args ...string) {
		t.Helper()
		o, err := parse(args, io.Discard)
		if err != nil || (o.out != "") != written || (o.readme != "") != written {
			t.Errorf("%q: writes %q and %q, %v", args, o.out, o.readme, err)
		}
	}
	f(true)
	f(true, "-rounds", "5")
	f(false, "-scenario", "fanout")
	f(false, "-divide", "10")
	f(false, "-duration", "1s")
	f(false, "-hold", "1s")
}
