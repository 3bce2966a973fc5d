//go:build e2e

// Package process builds fanfare and starts programs for the tests that drive the real thing from outside. It is for tests
// alone.
package process

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// maxLine bounds one line of a program's output; the largest is an event of 100 KB on its way out of a Node script.
const maxLine = 1 << 20

// Patience is how long a test waits for one thing to happen before it says what did not. It bounds a failure, never a
// success: a race-instrumented server and a cold Chromium share two cores.
const Patience = 30 * time.Second

// Process is a started program: its output by lines, and its end.
type Process struct {
	Cmd  *exec.Cmd
	Quit func() error  // asks the program to end: SIGTERM, unless somebody put something else here
	Done chan struct{} // closed once the program has ended and all of its output was read

	name string
	pipe string // what its output goes to, as /proc names it; empty where there is none

	mu     sync.Mutex
	output []string // guarded by mu
}

// Launch starts a program and hands each line that it prints to eachLine (nil for none), on a goroutine of its own.
// When the test ends the program is asked to quit and must do so with exit code 0.
func Launch(t *testing.T, cmd *exec.Cmd, eachLine func(line string)) *Process {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatalf("cannot make a pipe: %v", err)
	}
	cmd.Stdout, cmd.Stderr = write, write
	p := &Process{name: filepath.Base(cmd.Path), Cmd: cmd, Done: make(chan struct{})}
	p.pipe, _ = os.Readlink(fmt.Sprint("/proc/self/fd/", write.Fd()))
	p.Quit = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	err = cmd.Start()
	_ = write.Close()
	if err != nil {
		_ = read.Close()
		t.Fatalf("cannot start %s: %v", p.name, err)
	}
	t.Cleanup(func() { p.cleanUp(t) })
	go p.follow(read, eachLine)
	return p
}

func (p *Process) follow(output io.ReadCloser, eachLine func(line string)) {
	defer close(p.Done)
	defer func() { _ = output.Close() }()
	lines := bufio.NewScanner(output)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		p.mu.Lock()
		p.output = append(p.output, lines.Text())
		p.mu.Unlock()
		if eachLine != nil {
			eachLine(lines.Text())
		}
	}
	_ = p.Cmd.Wait() // what it ended with is read from ProcessState
}

// Log is everything that the program has printed so far.
func (p *Process) Log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.output, "\n")
}

// Find gives the first line of a log of JSON that has the message, nil where none has.
func Find(log, message string) map[string]any {
	for line := range strings.Lines(log) {
		var entry map[string]any
		if json.Unmarshal([]byte(line), &entry) == nil && entry["msg"] == message {
			return entry
		}
	}
	return nil
}

// ExitCode waits for the program's end, but not longer than limit.
func (p *Process) ExitCode(limit time.Duration) (int, error) {
	select {
	case <-p.Done:
		return p.Cmd.ProcessState.ExitCode(), nil
	case <-time.After(limit):
		return 0, fmt.Errorf("%s still runs %v after it was to end", p.name, limit)
	}
}

// Stop asks the program to end and answers with its exit code.
func (p *Process) Stop(limit time.Duration) (int, error) {
	if err := p.Quit(); err != nil {
		return 0, fmt.Errorf("cannot ask %s to end: %w", p.name, err)
	}
	return p.ExitCode(limit)
}

// Kill ends the program at once, with all that it has started and that has its output: a process that took its place, for one. It
// returns when they are gone.
func (p *Process) Kill() {
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		_ = p.Cmd.Process.Kill() // it may have ended
		for _, pid := range p.writers() {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		select {
		case <-p.Done:
			return
		case <-look.C:
		}
	}
}

// writers are the processes that have the program's output, as far as the system tells.
func (p *Process) writers() (pids []int) {
	if p.pipe == "" {
		return nil
	}
	outputs, _ := filepath.Glob("/proc/[0-9]*/fd/[12]") // of what is there at this moment
	for _, output := range outputs {
		pid, err := strconv.Atoi(strings.Split(output, "/")[2])
		if to, _ := os.Readlink(output); err == nil && to == p.pipe {
			pids = append(pids, pid)
		}
	}
	return pids
}

// cleanUp ends a program that still runs. A program that ended before has been looked at by its test.
func (p *Process) cleanUp(t *testing.T) {
	select {
	case <-p.Done:
	default:
		if code, err := p.Stop(Patience); err != nil {
			t.Error(err)
			p.Kill()
		} else if code != 0 {
			t.Errorf("%s ended with exit code %d, want 0", p.name, code)
		}
	}
	if strings.Contains(p.Log(), "WARNING: DATA RACE") { // also in a process that took its place, whose exit code nobody hears
		t.Errorf("%s has a data race", p.name)
	}
	if t.Failed() {
		t.Logf("output of %s:\n%s", p.name, p.Log())
	}
}
