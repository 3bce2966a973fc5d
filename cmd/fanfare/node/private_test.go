//go:build unix

package node

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/exp/trace"

	"fanfare/cmd/fanfare/config"
	"fanfare/engine"
)

// A loop that is held up leaves its stack and a trace at the operator's port,
// while it still is.
func TestAStalledLoopIsOnTheOperatorsPort(t *testing.T) {
	m := startNode(t, func(c *config.Config) { c.Server.Loops, c.Metrics.FlightRecorder = 1, true })
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", m.Addrs[0])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	begun, end, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	m.engine.Loop(0).Post(engine.TaskFunc(func(*engine.Loop) {
		defer close(ended)
		holdUpTheLoop(begun, end)
	}))
	<-begun
	port := "http://" + m.MetricsAddrs[0]
	await(t, port+"/debug/stalls/1/trace")
	_, stacks := get(t, port+"/debug/stalls/1/goroutines")
	if !strings.Contains(stacks, "node.holdUpTheLoop") || !strings.Contains(stacks, "engine.(*Loop).Turn") {
		t.Errorf("the stacks do not tell who holds up which goroutine:\n%s", stacks)
	}
	_, recorded := get(t, port+"/debug/stalls/1/trace")
	if !onAStack(t, recorded, "node.holdUpTheLoop") {
		t.Error("no event of the trace has the function on its stack that holds up the loop")
	}
	if _, page := get(t, port); !strings.Contains(page, "<p>ready, with ") || !strings.Contains(page, "loop 0 at ") {
		t.Errorf("the index does not tell of it:\n%s", page)
	}
	close(end)
	<-ended
}

//go:noinline
func holdUpTheLoop(begun chan<- struct{}, end <-chan struct{}) {
	close(begun)
	<-end
}

// await asks for a page until it is there.
func await(t *testing.T, url string) {
	t.Helper()
	every := time.NewTicker(50 * time.Millisecond)
	defer every.Stop()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); <-every.C {
		if status, _ := get(t, url); status == http.StatusOK {
			return
		}
	}
	t.Fatalf("%s never comes", url)
}

// onAStack tells whether a trace has an event on whose stack a function is.
func onAStack(t *testing.T, recorded, function string) bool {
	t.Helper()
	events, err := trace.NewReader(bytes.NewReader([]byte(recorded)))
	if err != nil {
		t.Fatal(err)
	}
	for {
		ev, err := events.ReadEvent()
		if errors.Is(err, io.EOF) {
			return false
		}
		if err != nil {
			t.Fatal(err)
		}
		for frame := range ev.Stack().Frames() {
			if strings.HasSuffix(frame.Func, function) {
				return true
			}
		}
	}
}

func TestTheOperatorsPortAsksForTheToken(t *testing.T) {
	m := startNode(t, func(c *config.Config) { c.Metrics.Token = "a-token-of-some-length" })
	if status, page := get(t, "http://"+m.MetricsAddrs[0]+"/metrics"); status != http.StatusUnauthorized {
		t.Errorf("without the token: %d %s", status, page)
	}
	if status, page := get(t, "http://x:a-token-of-some-length@"+m.MetricsAddrs[0]+"/metrics"); status != http.StatusOK {
		t.Errorf("with it: %d %s", status, page)
	}
}

// Where other machines reach the port, everybody has to bring the token.
func TestTheOperatorsPortOnTheNetwork(t *testing.T) {
	m := newNode(t, func(c *config.Config) { c.Metrics.Host = "0.0.0.0" })
	if err := m.Run(t.Context()); err == nil || !strings.Contains(err.Error(), `metrics.host = "0.0.0.0"`) || !strings.Contains(err.Error(), "metrics.token") {
		t.Fatalf("without a token: %v", err)
	}
	m = startNode(t, func(c *config.Config) { c.Metrics.Host, c.Metrics.Token = "0.0.0.0", "a-token-of-some-length" })
	_, port, err := net.SplitHostPort(m.MetricsAddrs[0])
	if err != nil {
		t.Fatal(err)
	}
	for token, want := range map[string]int{"": http.StatusUnauthorized, "x:a-token-of-some-length@": http.StatusOK} {
		if status, page := get(t, "http://"+token+"127.0.0.1:"+port+"/debug/pprof/heap"); status != want {
			t.Errorf("with %q: %d %s", token, status, page)
		}
	}
}
