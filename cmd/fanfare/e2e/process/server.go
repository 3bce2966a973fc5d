//go:build e2e

package process

import (
	"encoding/json"
	"os/exec"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Server is a running `fanfare serve`.
type Server struct {
	*Process

	Addr    string // host:port of the WebSocket and HTTP side, the first of several
	TLS     string // the first of those that speak TLS; empty: none
	Metrics string // host:port of the metrics

	pid atomic.Int64
}

// PID is the process that serves: the one that was started, or the last that took over.
func (s *Server) PID() int { return int(s.pid.Load()) }

// Serve starts a server and waits until it listens and serves metrics. At the end of the test it is stopped, and must exit
// with code 0.
func Serve(t *testing.T, cmd *exec.Cmd) *Server {
	t.Helper()
	addresses := map[string]chan string{"listening": make(chan string, 1), "metrics": make(chan string, 1)}
	secure := make(chan string, 1)
	s := &Server{}
	s.Process = Launch(t, cmd, func(line string) {
		e := read(line)
		offer(addresses[e.Msg], e.Addr) // to nobody, where there is no such channel
		if e.TLS {
			offer(secure, e.Addr)
		}
		if e.Msg == "handed over" || e.Msg == "taken over" {
			s.pid.Store(e.ToPID)
		}
	})
	s.pid.CompareAndSwap(0, int64(cmd.Process.Pid))
	s.Quit = func() error { return syscall.Kill(s.PID(), syscall.SIGTERM) }
	s.Addr = s.await(t, addresses["listening"], "listening")
	s.Metrics = s.await(t, addresses["metrics"], "metrics")
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

// entry is what a JSON log line tells of addresses and processes.
type entry struct {
	Msg, Addr string
	TLS       bool
	ToPID     int64 `json:"to_pid"`
}

// read gives nothing for lines that are no JSON.
func read(line string) (e entry) {
	if json.Unmarshal([]byte(line), &e) != nil {
		return entry{}
	}
	return e
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
