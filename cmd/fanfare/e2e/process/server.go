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
	TLS     string // the first of those that speak TLS; empty: none
	Metrics string // host:port of the metrics
}

// Serve starts a server and waits until it listens and serves metrics. At the end of the test it is stopped, and must exit
// with code 0.
func Serve(t *testing.T, cmd *exec.Cmd) *Server {
	t.Helper()
	addresses := map[string]chan string{"listening": make(chan string, 1), "metrics": make(chan string, 1)}
	secure := make(chan string, 1)
	p := Launch(t, cmd, func(line string) {
		message, addr, tls := addressOf(line)
		offer(addresses[message], addr) // to nobody, where there is no such channel
		if tls {
			offer(secure, addr)
		}
	})
	s := &Server{
		Process: p,
		Addr:    p.await(t, addresses["listening"], "listening"),
		Metrics: p.await(t, addresses["metrics"], "metrics"),
	}
	select {
	case s.TLS = <-secure: // it is told before the metrics
	default:
	}
	return s
}

// offer gives the first of several.
func offer(to chan<- string, addr string) {
	select {
	case to <- addr:
	default:
	}
}

// addressOf reads the members of a JSON log line that tell where something listens.
func addressOf(line string) (message, addr string, tls bool) {
	var entry struct {
		Msg, Addr string
		TLS       bool
	}
	if json.Unmarshal([]byte(line), &entry) != nil {
		return "", "", false
	}
	return entry.Msg, entry.Addr, entry.TLS
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
