//go:build e2e

package hostile

import (
	"bufio"
	"encoding/json"
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

	"fanfare/protocol/pusher/auth"
)

// app is one of the server's two applications.
type app struct {
	id, key, secret string
	signer          *auth.Signer
}

func newApp(name string) *app {
	a := &app{id: name, key: name + "-key", secret: name + "-secret"}
	a.signer = auth.NewSigner(a.key, a.secret)
	return a
}

// The attacks aim at victim. The attacker of some of them has an account of its own on the same server: mallory.
var victim, mallory = newApp("victim"), newApp("mallory")

func settings() []byte {
	var b []byte
	for _, a := range []*app{victim, mallory} {
		b = fmt.Appendf(b, "[[apps]]\nid = %q\nkey = %q\nsecret = %q\n", a.id, a.key, a.secret)
	}
	return b
}

// server is a running `fanfare serve`, otherwise with its default settings.
type server struct {
	cmd     *exec.Cmd
	addr    string // host:port of the WebSocket and HTTP side
	metrics string // host:port of the metrics
	done    chan struct{}

	mu  sync.Mutex
	log []string // guarded by mu
}

// serve starts a server on free ports and waits until it listens. At the end of the test it must stop with exit code 0.
func serve(t *testing.T, flags ...string) *server {
	t.Helper()
	config := filepath.Join(t.TempDir(), "fanfare.toml")
	if err := os.WriteFile(config, settings(), 0o600); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"serve", "--config", config, "--host", "127.0.0.1", "--port", "0", "--metrics-port", "0"}, flags...)
	s := &server{cmd: exec.Command(program, args...), done: make(chan struct{})}
	s.cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	output, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatalf("cannot start fanfare: %v", err)
	}
	t.Cleanup(func() { s.stop(t) })
	s.await(t, s.follow(output))
	return s
}

// follow keeps the log and passes on where the server listens.
func (s *server) follow(output io.Reader) <-chan [2]string {
	found := make(chan [2]string, 16)
	go func() {
		defer close(s.done)
		lines := bufio.NewScanner(output)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			s.mu.Lock()
			s.log = append(s.log, lines.Text())
			s.mu.Unlock()
			var entry struct{ Msg, Addr string }
			if json.Unmarshal(lines.Bytes(), &entry) == nil && entry.Addr != "" {
				select {
				case found <- [2]string{entry.Msg, entry.Addr}:
				default: // nobody waits any more
				}
			}
		}
		_ = s.cmd.Wait() // what it ended with is read from ProcessState
	}()
	return found
}

func (s *server) await(t *testing.T, found <-chan [2]string) {
	t.Helper()
	timeout := time.After(patience)
	for s.addr == "" || s.metrics == "" {
		select {
		case f := <-found:
			switch f[0] {
			case "listening":
				s.addr = f[1]
			case "metrics":
				s.metrics = f[1]
			}
		case <-s.done:
			t.Fatalf("fanfare serve ended before it listened:\n%s", s.output())
		case <-timeout:
			t.Fatalf("fanfare serve does not listen after %v:\n%s", patience, s.output())
		}
	}
}

func (s *server) stop(t *testing.T) {
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // an error means that it has ended, which is looked at below
	select {
	case <-s.done:
	case <-time.After(patience):
		t.Errorf("fanfare serve still runs %v after SIGTERM", patience)
		_ = s.cmd.Process.Kill()
		<-s.done
	}
	if code := s.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("fanfare serve ended with exit code %d, want 0", code)
	}
	if t.Failed() {
		t.Logf("the server's log:\n%s", s.output())
	}
}

func (s *server) output() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.log, "\n")
}
