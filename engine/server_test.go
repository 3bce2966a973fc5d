package engine_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"fanfare/engine"
	"fanfare/engine/http1"
)

// SO_REUSEPORT would silently share the port.
func TestOccupiedPortIsRefused(t *testing.T) {
	first := start(t, engine.Config{}, echo{})
	second, err := engine.New(engine.Config{Addrs: first.Addrs()}, echo{})
	if err != nil {
		t.Fatal(err)
	}
	err = second.Start()
	if err == nil || !strings.Contains(err.Error(), first.Addrs()[0]) {
		t.Fatalf("got %v, want an error that names %s", err, first.Addrs()[0])
	}
}

func TestSeveralAddressesShareAFreePort(t *testing.T) {
	s := start(t, engine.Config{Addrs: []string{"127.0.0.1:0", "127.0.0.2:0"}}, echo{})
	_, a, _ := net.SplitHostPort(s.Addrs()[0])
	_, b, _ := net.SplitHostPort(s.Addrs()[1])
	if a != b || a == "0" {
		t.Errorf("ports %s and %s", a, b)
	}
	conn, err := net.Dial("tcp", s.Addrs()[1])
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

// Shutdown stops listening, says the goodbye, and leaves nothing.
func TestShutdown(t *testing.T) {
	s := start(t, engine.Config{}, echo{})
	idle, open := dial(t, s), upgrade(t, s)
	exchange(t, idle, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 1)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	stopped := make(chan error, 1)
	go func() { stopped <- s.Shutdown(ctx, func(c *engine.Conn) { c.Close(4200, "bye") }) }()
	if got, _ := io.ReadAll(open); !bytes.Equal(got, []byte("\x88\x05\x10\x68bye")) {
		t.Errorf("got %q, want a close frame 4200", got)
	}
	open.Close()
	if got, err := io.ReadAll(idle); len(got) != 0 || err != nil {
		t.Errorf("idle connection got %q, %v", got, err)
	}
	idle.Close()
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	if conn, err := net.Dial("tcp", s.Addrs()[0]); err == nil {
		conn.Close()
		t.Error("the port is still open")
	}
}

// A newcomer whose accept is due in the very batch of events in which the
// listeners are closed must not end the loops.
func TestShutdownWhileSomebodyConnects(t *testing.T) {
	h := gate{entered: make(chan struct{}, 2), leave: make(chan struct{})}
	s := start(t, engine.Config{Loops: 1}, h)
	open, first, second := upgrade(t, s), dial(t, s), dial(t, s)
	const slow = "GET /gate HTTP/1.1\r\nHost: x\r\n\r\n"
	exchange(t, first, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 1)
	exchange(t, second, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 1)
	io.WriteString(first, slow)
	<-h.entered
	io.WriteString(second, slow)
	newcomer := dial(t, s)
	h.leave <- struct{}{} // the next batch has the second request, and the newcomer after it
	<-h.entered
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	stopped := make(chan error, 1)
	go func() { stopped <- s.Shutdown(ctx, func(c *engine.Conn) { c.Close(4200, "bye") }) }()
	for _, err := net.Dial("tcp", s.Addrs()[0]); err == nil; _, err = net.Dial("tcp", s.Addrs()[0]) {
		runtime.Gosched() // until nobody listens any more
	}
	h.leave <- struct{}{}
	if got, _ := io.ReadAll(open); !bytes.HasPrefix(got, []byte("\x88\x05\x10\x68bye")) {
		t.Errorf("got %q, want a close frame 4200", got)
	}
	for _, conn := range []net.Conn{open, first, second, newcomer} {
		conn.Close()
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// gate holds requests for /gate, and with them the loop, until told.
type gate struct {
	echo
	entered, leave chan struct{}
}

func (g gate) Request(c *engine.Conn, r *http1.Request) {
	if string(r.Path) == "/gate" {
		g.entered <- struct{}{}
		<-g.leave
	}
	g.echo.Request(c, r)
}

// A start that fails lets go of what it had claimed.
func TestFailedStartLeavesNoDescriptor(t *testing.T) {
	count := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	before := count()
	for range 10 {
		s, err := engine.New(engine.Config{Addrs: []string{"127.0.0.1:0", "nonsense"}, Logger: slog.New(slog.DiscardHandler)}, echo{})
		if err != nil {
			t.Fatal(err)
		}
		if s.Start() == nil {
			t.Fatal("started")
		}
	}
	if n := count() - before; n > 0 {
		t.Errorf("%d descriptors are left", n)
	}
}

// A peer that does not answer the close does not hold up the shutdown.
func TestShutdownCutsTheSilent(t *testing.T) {
	s := start(t, engine.Config{CloseTimeout: time.Second}, echo{})
	upgrade(t, s)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := s.Shutdown(ctx, func(c *engine.Conn) { c.Close(4200, "bye") }); err != nil {
		t.Error(err)
	}
}

// TestDescriptorLimit runs a server with few descriptors in a process of its
// own and opens more connections than fit. Running out in accept would end
// the server: instead some are served, some told, and the rest cut.
func TestDescriptorLimit(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-test.run=^TestServeWithFewDescriptors$", "-test.count=1")
	cmd.Env = append(os.Environ(), "FEW_DESCRIPTORS=1")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	lines.Scan()
	served, told, cut := flood(t, lines.Text())
	if served != fewConnections || told == 0 || cut == 0 {
		t.Errorf("%d served, %d told, %d cut; want %d, some, some", served, told, cut, fewConnections)
	}
	stdin.Close()
	lines.Scan()
	if got := lines.Text(); got != "survived" {
		t.Errorf("the server says %q, want survived", got)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

const fewConnections = 44

// manyLoops take more descriptors than a fixed headroom would leave them.
const manyLoops = 64

// reserved is what others than the server may take.
const reserved = 100

// TestServeWithFewDescriptors does its work only as TestDescriptorLimit's
// child: a limit, once lowered, stays low.
func TestServeWithFewDescriptors(t *testing.T) {
	if os.Getenv("FEW_DESCRIPTORS") == "" {
		return
	}
	const descriptors = engine.Headroom + reserved + manyLoops*6 + fewConnections
	limit := syscall.Rlimit{Cur: descriptors, Max: descriptors}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	s := start(t, engine.Config{Loops: manyLoops, Reserved: reserved}, full{})
	fmt.Fprintln(os.Stdout, s.Addrs()[0])
	_, _ = io.ReadAll(os.Stdin)
	exchange(t, dial(t, s), "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 1)
	fmt.Fprintln(os.Stdout, "survived")
}

// flood opens 400 connections, holds them all, and counts how they fare.
func flood(t *testing.T, addr string) (served, told, cut int) {
	t.Helper()
	for range 400 {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(10 * time.Second))
		io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		head := make([]byte, 12)
		if _, err := io.ReadFull(conn, head); err != nil {
			cut++
			continue
		}
		switch string(head[9:]) {
		case "200":
			served++
		case "503":
			told++
		}
	}
	return served, told, cut
}

// full answers requests, and tells surplus connections that there is no room.
type full struct{ echo }

func (full) Request(c *engine.Conn, _ *http1.Request) {
	status := 200
	if c.Surplus() {
		status = 503
	}
	c.Respond(&http1.Response{Status: status})
}

func TestConfigErrors(t *testing.T) {
	f := func(cfg engine.Config, want string) {
		t.Helper()
		cfg.Logger = slog.New(slog.DiscardHandler)
		s, err := engine.New(cfg, echo{})
		if err == nil {
			err = s.Start()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	f(engine.Config{}, "no address")
	f(engine.Config{Addrs: []string{"nonsense"}}, `"nonsense": want host:port`)
	f(engine.Config{Addrs: []string{"192.0.2.1:0"}}, "192.0.2.1:0")
	f(engine.Config{Addrs: []string{"127.0.0.1:0"}, Loops: 5000}, "loops")
}

// Who has connected in the moment of the shutdown, and is about to make its first request, is answered.
func TestShutdownAnswersNewcomers(t *testing.T) {
	var late bool
	for range 5 { // the machine may be so busy that the newcomer's second has passed
		if late = !shutdownAnswers(t); !late {
			break
		}
	}
	if late {
		t.Error("a newcomer was not answered")
	}
}

func shutdownAnswers(t *testing.T) bool {
	s := start(t, engine.Config{}, echo{})
	newcomer := dial(t, s)
	for s.Stats().Open < 1 { // accepted
		runtime.Gosched()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	stopped := make(chan error, 1)
	go func() { stopped <- s.Shutdown(ctx, func(*engine.Conn) {}) }()
	for probe, err := net.Dial("tcp", s.Addrs()[0]); err == nil; probe, err = net.Dial("tcp", s.Addrs()[0]) {
		probe.Close() // until nobody listens any more
	}
	io.WriteString(newcomer, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	answer, _ := io.ReadAll(newcomer)
	newcomer.Close()
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	return bytes.HasPrefix(answer, []byte("HTTP/1.1 200 ")) && bytes.Contains(answer, []byte("Connection: close\r\n"))
}
