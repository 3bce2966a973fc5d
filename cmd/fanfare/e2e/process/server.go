//go:build e2e

package process

import (
	"encoding/json"
	"os/exec"
	"testing"
	"time"
)

// Server is a running `fanfare serve`.
type Server struct {
	*Process

	Addr    string // host:port of the WebSocket and HTTP side, the first of several
	Metrics string // host:port of the metrics
}

// Serve starts a server and waits until it listens and serves metrics. At the end of the test it is stopped, and must exit
// with code 0.
func Serve(t *testing.T, cmd *exec.Cmd) *Server {
	t.Helper()
	addresses := map[string]chan string{"listening": make(chan string, 1), "metrics": make(chan string, 1)}
	p := Launch(t, cmd, func(line string) {
		message, addr := addressOf(line)
		select {
		case addresses[message] <- addr: // never, where there is no such channel
		default:
		}
	})
	return &Server{
		Process: p,
		Addr:    p.await(t, addresses["listening"], "listening"),
		Metrics: p.await(t, addresses["metrics"], "metrics"),
	}
}

// addressOf reads the two members of a JSON log line that tell where something listens.
func addressOf(line string) (message, addr string) {
	var entry struct{ Msg, Addr string }
	if json.Unmarshal([]byte(line), &entry) != nil {
		return "", ""
	}
	return entry.Msg, entry.Addr
}

func (p *Process) await(t *testing.T, address <-chan string, message string) string {
	t.Helper()
	select {
	case addr := <-address:
		return addr
	case <-p.Done:
		t.Fatalf("%s ended before it logged %q", p.name, message)
	case <-time.After(Patience):
		t.Fatalf("%s logged no line with msg %q within %v", p.name, message, Patience)
	}
	return ""
}
