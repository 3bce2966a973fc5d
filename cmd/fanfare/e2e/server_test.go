//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/pusher/pusher-http-go/v5"
)

// Credentials of the application that `fanfare serve` has when nobody configured any.
const (
	appID     = "app-id"
	appKey    = "app-key"
	appSecret = "app-secret"
)

// server is a running `fanfare serve` with its default settings, on free ports of the loopback interface.
type server struct {
	*process

	addr    string // host:port of the WebSocket and HTTP side
	metrics string // host:port of the metrics
}

// serve starts a server and waits until it listens. At the end of the test it is stopped, and must exit with code 0.
func serve(t *testing.T) *server {
	t.Helper()
	addresses := map[string]chan string{"listening": make(chan string, 1), "metrics": make(chan string, 1)}
	p := launch(t, fanfare(t, "serve", "--host", "127.0.0.1", "--port", "0", "--metrics-port", "0"), func(line string) {
		message, addr := addressOf(line)
		select {
		case addresses[message] <- addr: // never, where there is no such channel
		default:
		}
	})
	s := &server{process: p}
	s.addr = s.await(t, addresses["listening"], "listening")
	s.metrics = s.await(t, addresses["metrics"], "metrics")
	return s
}

// fanfare prepares the program in an empty folder and without FANFARE_ variables, so that it finds no configuration of the
// developer's.
func fanfare(t *testing.T, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Dir = t.TempDir()
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "FANFARE_") {
			cmd.Env = append(cmd.Env, variable)
		}
	}
	return cmd
}

// addressOf reads the two members of a JSON log line that tell where something listens.
func addressOf(line string) (message, addr string) {
	var entry struct{ Msg, Addr string }
	if json.Unmarshal([]byte(line), &entry) != nil {
		return "", ""
	}
	return entry.Msg, entry.Addr
}

func (s *server) await(t *testing.T, address <-chan string, message string) string {
	t.Helper()
	select {
	case addr := <-address:
		return addr
	case <-s.done:
		t.Fatalf("fanfare serve ended before it logged %q", message)
	case <-time.After(patience):
		t.Fatalf("fanfare serve logged no line with msg %q within %v", message, patience)
	}
	return ""
}

// masterKey encrypts the events of private-encrypted channels: 32 bytes, known to the application alone.
const masterKey = "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE="

// library is the Pusher server library for Go, pointed at the server.
func (s *server) library() *pusher.Client {
	return &pusher.Client{
		AppID:                     appID,
		Key:                       appKey,
		Secret:                    appSecret,
		Host:                      s.addr,
		EncryptionMasterKeyBase64: masterKey,
	}
}
