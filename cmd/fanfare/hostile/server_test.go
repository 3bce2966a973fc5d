//go:build e2e

package hostile

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"fanfare/cmd/fanfare/e2e/process"
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
	*process.Server // nil where a test has started it otherwise: then process and logFile are set

	addr    string // host:port of the WebSocket and HTTP side
	metrics string // host:port of the metrics
	config  string // its configuration file
	process int    // its number
	logFile string // where its log goes
}

// pid is the number of the server's process.
func (s *server) pid() int {
	if s.Server != nil {
		return s.PID()
	}
	return s.process
}

// log is what the server has said so far.
func (s *server) log(t *testing.T) string {
	t.Helper()
	if s.Server != nil {
		return s.Log()
	}
	return string(must(os.ReadFile(s.logFile))(t))
}

// serve starts a server on free ports and waits until it listens. At the end of the test it must stop with exit code 0.
func serve(t *testing.T, flags ...string) *server {
	t.Helper()
	return serveWith(t, string(settings()), flags...)
}

// serveWith is serve with a configuration file of one's own.
func serveWith(t *testing.T, settings string, flags ...string) *server {
	t.Helper()
	return serveBy(t, func(*exec.Cmd) {}, settings, flags...)
}

// serveBy is serveWith after something was done to the command.
func serveBy(t *testing.T, change func(*exec.Cmd), settings string, flags ...string) *server {
	t.Helper()
	config := filepath.Join(t.TempDir(), "fanfare.toml")
	if err := os.WriteFile(config, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"serve", "--config", config, "--host", "127.0.0.1", "--port", "0", "--metrics-port", "0"}, flags...)
	cmd := process.Fanfare(t, args...)
	change(cmd)
	s := process.Serve(t, cmd)
	return &server{Server: s, addr: s.Addr, metrics: s.Metrics, config: config}
}
