package main

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"fanfare/protocol/pusher/conformance/wire"
)

// config is what our own server is started with.
//
//go:embed conformance.toml
var config string

// startLimit bounds the start and the stop of a server.
const startLimit = 30 * time.Second

// server is one running `fanfare serve` that the suite started.
type server struct {
	addr string
	cmd  *exec.Cmd
	dir  string        // holds its configuration; removed when it has ended
	done chan struct{} // closed when it has ended and its log is read
	term sync.Once     // of SIGTERM: a second one may end a server at once

	mu  sync.Mutex
	log []string // guarded by mu
}

// startServer runs binary with the suite's apps on a free loopback port, and
// returns once it listens. Tables are more of its configuration, settings are
// further lines of the [server] table.
func startServer(ctx context.Context, binary, tables string, settings ...string) (*server, error) {
	path, err := filepath.Abs(binary)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("no server to start: %w; `make build` builds it, URL=ws://HOST:PORT drives another", err)
	}
	dir, err := os.MkdirTemp("", "conformance-")
	if err != nil {
		return nil, err
	}
	s := &server{dir: dir, done: make(chan struct{})}
	text := strings.Replace(config, "[server]\n", "[server]\n"+strings.Join(settings, "\n")+"\n", 1) + tables
	if err := s.start(ctx, path, text); err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	return s, nil
}

func (s *server) start(ctx context.Context, path, text string) error {
	file := filepath.Join(s.dir, "conformance.toml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	s.cmd = exec.Command(path, "serve", "--host", "127.0.0.1", "--port", "0", "--metrics-port", "0", "--config", file)
	s.cmd.Dir, s.cmd.Env = s.dir, withoutSettings(os.Environ())
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	listening := make(chan string, 1)
	go s.follow(stderr, listening)
	return s.await(ctx, listening)
}

// follow reads the log to its end, and picks the address out of the line that
// says that the server listens.
func (s *server) follow(r io.Reader, listening chan<- string) {
	defer close(s.done)
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		s.mu.Lock()
		s.log = append(s.log, lines.Text())
		s.mu.Unlock()
		var entry struct{ Msg, Addr string }
		if json.Unmarshal(lines.Bytes(), &entry) == nil && entry.Msg == "listening" {
			select {
			case listening <- entry.Addr:
			default: // a second listener; the first one is the one we asked for
			}
		}
	}
	_ = s.cmd.Wait() // its exit code is read from ProcessState
}

func (s *server) await(ctx context.Context, listening <-chan string) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	select {
	case s.addr = <-listening:
		return nil
	case <-s.done:
		return fmt.Errorf("the server ended before it listened:\n%s", s.output())
	case <-ctx.Done():
		_ = s.cmd.Process.Kill() // it may have ended meanwhile
		<-s.done
		return fmt.Errorf("the server logged no line with msg \"listening\" within %v:\n%s", startLimit, s.output())
	}
}

func (s *server) output() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.log, "\n")
}

// terminate tells the server to shut down, and does not wait for it.
func (s *server) terminate() (err error) {
	s.term.Do(func() { err = s.cmd.Process.Signal(syscall.SIGTERM) })
	return err
}

// stop shuts the server down and waits for its end, which must be a clean one.
// It may be called more than once.
func (s *server) stop() error {
	defer os.RemoveAll(s.dir) //nolint:errcheck // a folder left in /tmp harms nobody
	if err := s.terminate(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-s.done:
	case <-time.After(startLimit):
		_ = s.cmd.Process.Kill() // it may have ended meanwhile
		<-s.done
		return fmt.Errorf("the server still ran %v after SIGTERM:\n%s", startLimit, s.output())
	}
	if code := s.cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("the server ended with status %d, want 0:\n%s", code, s.output())
	}
	return nil
}

// withoutSettings drops the variables that would configure the server.
func withoutSettings(env []string) []string {
	var out []string
	for _, v := range env {
		if !strings.HasPrefix(v, "FANFARE_") {
			out = append(out, v)
		}
	}
	return out
}

// server starts a second server of ours, one that the check may stop.
func (t *T) server(settings ...string) *server { return t.serverWith("", settings...) }

// serverWith is server with more tables in its configuration. A server that does
// not end well, such as one in which the race detector found something, fails
// the check.
func (t *T) serverWith(tables string, settings ...string) *server {
	if !t.own() {
		t.notHere("not checked: needs a server the suite may stop")
	}
	s, err := startServer(t.ctx, t.binary, tables, append(settings, t.settings...)...)
	t.check(err, "start a second server")
	t.closeLater(func() { t.unclean = errors.Join(t.unclean, s.stop()) })
	return s
}

// serving starts a second server of ours with more apps, by their roles, and
// returns a T whose connections go there.
func (t *T) serving(apps map[string]wire.App, tables string) *T {
	if !t.own() {
		t.notHere("not checked: needs a server with an app of the suite's making")
	}
	there := t.at(t.serverWith(tables).addr)
	there.apps = maps.Clone(t.apps)
	maps.Copy(there.apps, apps)
	return there
}

// at returns a T whose connections go to another address.
func (t *T) at(addr string) *T {
	there, tg := *t, *t.target
	tg.addr = addr
	there.target, there.cleanups, there.notes = &tg, nil, nil
	t.closeLater(there.cleanup)
	return &there
}
