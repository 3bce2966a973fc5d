//go:build linux

package scenario

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"fanfare/bench/loadgen"
)

// fanfare builds and starts the real server, and returns its host and port.
func fanfare(t *testing.T) (Server, string) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "fanfare")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", program, "fanfare/cmd/fanfare").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(program, "serve", "--host", "127.0.0.1", "--port", "0", "--metrics-port", "0", "--log-format", "json")
	cmd.Dir = t.TempDir() // no configuration of anybody's
	cmd.Env = append(os.Environ(), "FANFARE_APP_ID=id", "FANFARE_APP_KEY=key", "FANFARE_APP_SECRET=secret")
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines, ended := bufio.NewScanner(log), make(chan struct{})
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
		<-ended
		_ = cmd.Wait()
	})
	addr := make(chan string, 1)
	go func() {
		defer close(ended)
		for lines.Scan() {
			var entry struct{ Msg, Addr string }
			if json.Unmarshal(lines.Bytes(), &entry) == nil && entry.Msg == "listening" {
				addr <- entry.Addr
			}
		}
	}()
	select {
	case host := <-addr:
		return against(t, host, "secret", cmd.Process.Pid), host
	case <-ended:
	case <-time.After(30 * time.Second):
	}
	t.Fatal("the server does not listen")
	return Server{}, ""
}

func against(t *testing.T, host, secret string, pid int) Server {
	t.Helper()
	target, err := loadgen.NewTarget("ws://"+host+"/app/key", "id", secret)
	if err != nil {
		t.Fatal(err)
	}
	return Server{Target: target, Processes: []loadgen.Process{loadgen.Process(pid)}}
}

// plainClient is one that shares no code with the load generator: it notes
// when each event of the channel came.
func plainClient(t *testing.T, host string) (arrived <-chan time.Time) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	ws, _, err := websocket.Dial(ctx, "ws://"+host+"/app/key?protocol=7", nil)
	if err != nil {
		t.Fatal(err)
	}
	read := func() string {
		_, b, err := ws.Read(ctx)
		if err != nil {
			return err.Error()
		}
		return string(b)
	}
	if hello := read(); !strings.Contains(hello, "connection_established") {
		t.Fatal(hello)
	}
	if err := ws.Write(ctx, websocket.MessageText, []byte(`{"event":"pusher:subscribe","data":{"channel":"bench"}}`)); err != nil {
		t.Fatal(err)
	}
	if joined := read(); !strings.Contains(joined, "subscription_succeeded") {
		t.Fatal(joined)
	}
	list, done := make(chan time.Time, 1<<20), make(chan struct{})
	go func() {
		defer close(done)
		for strings.Contains(read(), `"event":"tick"`) {
			list <- time.Now()
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		_ = ws.CloseNow()
	})
	return list
}

func TestRealServer(t *testing.T) {
	s, host := fanfare(t)
	t.Run("plain client agrees", func(t *testing.T) { testAgreesWithPlainClient(t, s, host) })
	t.Run("mistakes are told", func(t *testing.T) { testMistakes(t, s, host) })
	t.Run("every scenario", func(t *testing.T) { testScenarios(t, s) })
}

// A plain client beside the load counts what the load generator counts, in the
// same time.
func testAgreesWithPlainClient(t *testing.T, s Server, host string) {
	arrived := plainClient(t, host)
	const n = 50
	r, err := Fanout{Connections: n, Outstanding: 2, Duration: 600 * time.Millisecond}.Run(limited(t), s)
	if err != nil {
		t.Fatal(err)
	}
	times := make([]time.Time, 0, r.Counts.Delivered/n)
	for len(times) < cap(times) {
		select {
		case at := <-arrived:
			times = append(times, at)
		case <-time.After(10 * time.Second):
			t.Fatalf("the plain client got %d messages, each connection %d", len(times), cap(times))
		}
	}
	measured := int(r.Done / n)
	took := times[len(times)-1].Sub(times[len(times)-measured])
	if ratio := r.Wall.Seconds() / took.Seconds(); ratio < 0.9 || ratio > 1.1 {
		t.Errorf("%d messages in %s, the plain client says in %s", measured, r.Wall, took)
	}
	select {
	case <-arrived:
		t.Error("the plain client got more")
	default:
	}
}

// What can be wrong with a target is told by all that would be right.
func testMistakes(t *testing.T, s Server, host string) {
	f := func(want string, s Server, c Scenario) {
		t.Helper()
		if _, err := c.Run(limited(t), s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", c.Name(), err, want)
		}
	}
	wrong := against(t, host, "other", int(s.Processes[0]))
	f("check --secret", wrong, Fanout{Connections: 2})
	f("check --secret", wrong, Notify{Connections: 2})
	f("check --secret", wrong, API{})
	stranger, err := loadgen.NewTarget("ws://"+host+"/app/nobody", "id", "secret")
	if err != nil {
		t.Fatal(err)
	}
	f("no app with this key", Server{Target: stranger}, Connect{Connections: 2})
	lost, err := loadgen.NewTarget("ws://"+host+"/app/key", "nobody", "secret")
	if err != nil {
		t.Fatal(err)
	}
	f("--app-id", Server{Target: lost}, API{Connections: 1})
}

// Every scenario runs against the real server, and its process is measured.
func testScenarios(t *testing.T, s Server) {
	for _, c := range []Scenario{
		Connect{Connections: 200, Background: 20, Rate: 200},
		Idle{Connections: 100, Join: Presence, Settle: short, Hold: short, Leave: true},
		Fanout{Connections: 100, Channels: 301, Probes: 2, Rate: 100, Duration: short},
		Market{Connections: 100, Channels: 20, Each: 5, Rate: 1000, Duration: short},
		Notify{Connections: 100, Outstanding: 4, Duration: short},
		API{Connections: 8, Batch: 10, Duration: short},
		Camera{Cameras: 3, Viewers: 20, Rate: 50, Duration: short},
		Rooms{Rooms: 10, Members: 6, Rate: 20, Churn: 100, Away: 20 * time.Millisecond, Duration: 3 * short},
		Slow{Connections: 50, Duration: short},
	} {
		r, err := c.Run(limited(t), s)
		if err != nil || r.Done == 0 || !r.Counts.Clean() {
			t.Errorf("%s: %v, %+v", c.Name(), err, r)
		}
		if idle := r.Servers[0].Held > 0; r.CPU() <= 0 && !idle {
			t.Errorf("%s took no CPU: %+v", c.Name(), r)
		}
	}
}
