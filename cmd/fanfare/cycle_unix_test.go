//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"fanfare/cmd/fanfare/command"
	"fanfare/cmd/fanfare/config"
)

// TestTailSeesWhatPublishSends is the newcomer's first minute, in one process:
// serve, tail, publish.
func TestTailSeesWhatPublishSends(t *testing.T) {
	m := startServing(t, nil)
	env := []string{"FANFARE_URL=http://" + m.Addrs[0]}
	channels := []string{"my-channel", "private-orders", "presence-room"}
	lines, notes, stop := startTail(t, env, channels)
	for _, ch := range channels {
		if got, want := <-notes, "fanfare: subscribed to "+ch; got != want {
			t.Fatalf("tail says %q, want %q", got, want)
		}
	}
	for _, ch := range channels {
		if code, _, stderr := runLine(t, env, "publish", ch, "my-event", `{"hello":"world"}`); code != command.ExitOK {
			t.Fatalf("publish on %s: exit code %d: %s", ch, code, stderr)
		}
		if got, want := <-lines, "  "+ch+`  my-event  {"hello":"world"}`; !strings.HasSuffix(got, want) {
			t.Errorf("tail prints %q, want the end to be %q", got, want)
		}
	}
	code, stdout, _ := runLine(t, env, "publish", "presence-room", "e", "{}", "--info", "user_count")
	if want := `{"channels":{"presence-room":{"user_count":1}}}` + "\n"; code != command.ExitOK || stdout != want {
		t.Errorf("publish --info: exit code %d, %q; want %q", code, stdout, want)
	}
	if code := stop(); code != command.ExitOK {
		t.Errorf("tail after Ctrl-C: exit code %d", code)
	}
}

// startTail runs tail in a goroutine. stop is Ctrl-C, and gives the exit code.
func startTail(t *testing.T, env, channels []string) (lines, notes <-chan string, stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, outW := io.Pipe()
	errs, errW := io.Pipe()
	code := make(chan int, 1)
	go func() {
		c := command.Process{Commands: commands(), Env: env, Stdout: outW, Stderr: errW}
		code <- c.Run(ctx, append([]string{"tail"}, channels...))
		_ = outW.Close()
		_ = errW.Close()
	}()
	return readLines(out), readLines(errs), func() int {
		cancel()
		return <-code
	}
}

func readLines(r io.Reader) <-chan string {
	lines := make(chan string, 100)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(r); s.Scan(); {
			lines <- s.Text()
		}
	}()
	return lines
}

// TestTailFollowsANodeThatRestarts ends a node under a tail, and starts another
// on its port.
func TestTailFollowsANodeThatRestarts(t *testing.T) {
	first := newServing(t, nil)
	if err := first.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, notes, stop := startTail(t, []string{"FANFARE_URL=http://" + first.Addrs[0]}, []string{"a"})
	want := func(text string) {
		t.Helper()
		for note := range notes {
			if strings.Contains(note, text) {
				return
			}
		}
		t.Fatalf("tail never says %q", text)
	}
	want("subscribed to a")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	want("closed the connection with code 4200")
	startServing(t, func(c *config.Config) { c.Server.Port = first.Port() })
	want("subscribed to a")
	if code := stop(); code != command.ExitOK {
		t.Errorf("tail after Ctrl-C: exit code %d", code)
	}
}

// runLine runs one command line in this process.
func runLine(t *testing.T, env []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	c := command.Process{Commands: commands(), Program: "fanfare", Env: env, Stdout: &out, Stderr: &errs}
	code = c.Run(t.Context(), args)
	return code, out.String(), errs.String()
}
