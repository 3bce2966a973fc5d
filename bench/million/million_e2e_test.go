//go:build linux && e2e

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"fanfare/bench/report"
)

// Short time-outs, and few connections: the whole way in seconds.
var short = []string{"-n", "2000", "-activity-timeout", "5s", "-pong-timeout", "2s", "-fanout", "1s"}

func TestInGuest(t *testing.T)  { prove(t, "user-mode Linux guest", "-guest") }
func TestDirectly(t *testing.T) { prove(t, "directly on this machine") }

func prove(t *testing.T, condition string, flags ...string) {
	t.Helper()
	t.Chdir("../..") // the top of the checkout, where the command runs
	results, out := t.TempDir(), &bytes.Buffer{}
	flags = append(append(flags, short...), "-results", results, "-logs", t.ArtifactDir())
	if err := run(t.Context(), flags, out, out); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Log(out)
	pages, err := filepath.Glob(filepath.Join(results, "million-*.md"))
	if err != nil || len(pages) != 1 {
		t.Fatalf("written: %q, %v; want one page", pages, err)
	}
	text, err := os.ReadFile(pages[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"# 2,000 connections", condition, "| subscribed at the same time | 2,000 of 2,000 |", "| reached by one broadcast | 2,000 of 2,000,",
		"0 lost, 0 twice, 0 out of order", "closed with 4201 | 20 of 20,", "| connections that answered, and stayed | 2,000 of 2,000 |",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the page lacks %q:\n%s", want, text)
		}
	}
	checkNumbers(t, strings.TrimSuffix(pages[0], ".md")+".json")
}

// checkNumbers compares what the load has counted with what the server has.
func checkNumbers(t *testing.T, file string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Findings     findings
		Idle, Fanout report.Document
	}
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	p := &page{findings: got.Findings, idle: &got.Idle, fanout: &got.Fanout}
	if answered := uint64(p.figure("pings answered")); answered < 2000 || answered > p.Told.Pings {
		t.Errorf("%d pings were answered, and %d sent", answered, p.Told.Pings)
	}
	if each := p.each(func(r *reading) int64 { return r.Resident }); each < 100 || each > 10_000 {
		t.Errorf("a connection takes %.0f bytes of the server's memory", each)
	}
	if each := p.each(func(r *reading) int64 { return r.Slab }); each < 1000 || each > 100_000 {
		t.Errorf("a connection takes %.0f bytes of the kernel's memory", each)
	}
	if m := p.fanout.Messages; m == nil || m.Delivered < 2000 || p.Left.Sessions != 0 {
		t.Errorf("fan-out: %+v; left over: %d sessions", m, p.Left.Sessions)
	}
}

// What goes wrong in the guest is told outside, and its log kept.
func TestServerThatEnds(t *testing.T) {
	t.Chdir("../..")
	broken, logs := filepath.Join(t.TempDir(), "broken"), t.TempDir()
	// The guest has no shell: a program that it cannot run.
	if err := os.WriteFile(broken, []byte("#!/none\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	out := &bytes.Buffer{}
	err := run(t.Context(), append([]string{"-guest", "-fanfare", broken, "-results", t.TempDir(), "-logs", logs}, short...), out, out)
	if err == nil || !strings.Contains(err.Error(), "/fanfare: no such file") || !strings.Contains(err.Error(), "the logs are in "+logs) {
		t.Errorf("got %v, want why the server did not start and where the logs are", err)
	}
	if _, err := os.Stat(filepath.Join(logs, "console.log")); err != nil {
		t.Error(err)
	}
}

// A run that is interrupted leaves no process, no file and no setting behind.
func TestInterrupted(t *testing.T) {
	t.Chdir("../..")
	t.Setenv("TMPDIR", t.TempDir())
	was := line(mappingsFile)
	ctx, cancel := context.WithCancelCause(t.Context())
	interrupt := errors.New("interrupted by the test")
	out := &trigger{on: "subscribed", fire: func() { cancel(interrupt) }}
	args := []string{"-guest", "-n", strconv.Itoa(fewConnections + 1), "-results", t.TempDir(), "-logs", ""}
	if err := run(ctx, args, out, out); !errors.Is(err, interrupt) {
		t.Errorf("got %v, want the interruption", err)
	}
	if now := line(mappingsFile); now != was {
		t.Errorf("vm.max_map_count is %s, and was %s", now, was)
	}
	if left, err := filepath.Glob(filepath.Join(os.TempDir(), "*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
	children, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/children", os.Getpid()))
	if err != nil || len(children) > 0 {
		t.Errorf("processes left behind: %s, %v", children, err)
	}
}

// trigger fires when something is written.
type trigger struct {
	on   string
	fire func()
}

func (w *trigger) Write(b []byte) (int, error) {
	if strings.Contains(string(b), w.on) {
		w.fire()
	}
	return len(b), nil
}
