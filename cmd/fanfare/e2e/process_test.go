//go:build e2e

package e2e

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// maxLine bounds one line of a program's output; the largest is an event of 100 KB on its way out of a Node script.
const maxLine = 1 << 20

// process is a started program: its output by lines, and its end.
type process struct {
	name string
	cmd  *exec.Cmd
	quit func() error  // asks the program to end: SIGTERM, unless somebody put something else here
	done chan struct{} // closed once the program has ended and all of its output was read

	mu     sync.Mutex
	output []string // guarded by mu
}

// launch starts a program and hands each line that it prints to eachLine (nil for none), on a goroutine of its own.
// When the test ends the program is asked to quit and must do so with exit code 0.
func launch(t *testing.T, cmd *exec.Cmd, eachLine func(line string)) *process {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatalf("cannot make a pipe: %v", err)
	}
	cmd.Stdout, cmd.Stderr = write, write
	p := &process{name: filepath.Base(cmd.Path), cmd: cmd, done: make(chan struct{})}
	p.quit = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	err = cmd.Start()
	write.Close()
	if err != nil {
		read.Close()
		t.Fatalf("cannot start %s: %v", p.name, err)
	}
	t.Cleanup(func() { p.cleanUp(t) })
	go p.follow(read, eachLine)
	return p
}

func (p *process) follow(output io.ReadCloser, eachLine func(line string)) {
	defer close(p.done)
	defer output.Close()
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
	_ = p.cmd.Wait() // what it ended with is read from ProcessState
}

// log is everything that the program has printed so far.
func (p *process) log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.output, "\n")
}

// exitCode waits for the program's end, but not longer than limit.
func (p *process) exitCode(limit time.Duration) (int, error) {
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode(), nil
	case <-time.After(limit):
		return 0, fmt.Errorf("%s still runs %v after it was to end", p.name, limit)
	}
}

// stop asks the program to end and answers with its exit code.
func (p *process) stop(limit time.Duration) (int, error) {
	if err := p.quit(); err != nil {
		return 0, fmt.Errorf("cannot ask %s to end: %w", p.name, err)
	}
	return p.exitCode(limit)
}

// cleanUp ends a program that still runs. A program that ended before has been looked at by its test.
func (p *process) cleanUp(t *testing.T) {
	select {
	case <-p.done:
	default:
		if code, err := p.stop(patience); err != nil {
			t.Error(err)
			_ = p.cmd.Process.Kill() // it may have ended meanwhile
			<-p.done
		} else if code != 0 {
			t.Errorf("%s ended with exit code %d, want 0", p.name, code)
		}
	}
	if t.Failed() {
		t.Logf("output of %s:\n%s", p.name, p.log())
	}
}
