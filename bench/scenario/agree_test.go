//go:build linux

package scenario_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"fanfare/bench/loadgen"
	"fanfare/bench/scenario"
	"fanfare/bench/scenario/api"
	"fanfare/bench/scenario/camera"
	"fanfare/bench/scenario/connect"
	"fanfare/bench/scenario/fanout"
	"fanfare/bench/scenario/idle"
	"fanfare/bench/scenario/market"
	"fanfare/bench/scenario/notify"
	"fanfare/bench/scenario/rooms"
	"fanfare/bench/scenario/scenariotest"
	"fanfare/bench/scenario/slow"
	"fanfare/bench/serving"
)

// fanfare builds and starts the real server.
func fanfare(t *testing.T) *serving.Server {
	t.Helper()
	// Nobody asks the program for its version, and git may not be there to ask.
	t.Setenv("GOFLAGS", os.Getenv("GOFLAGS")+" -buildvcs=false")
	dir := t.TempDir() // no configuration of anybody's
	program := filepath.Join(dir, "fanfare")
	if err := serving.Build(t.Context(), program, "fanfare/cmd/fanfare"); err != nil {
		t.Fatal(err)
	}
	p := serving.Fanfare(program)
	p.Env = []string{"FANFARE_APP_ID=id", "FANFARE_APP_KEY=key", "FANFARE_APP_SECRET=secret"}
	p.Dir, p.Log, p.Patience = dir, filepath.Join(dir, "log"), 30*time.Second
	s, err := p.Serve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func against(t *testing.T, host, secret string, pid int) scenario.Server {
	t.Helper()
	target, err := loadgen.NewTarget("ws://"+host+"/app/key", "id", secret)
	if err != nil {
		t.Fatal(err)
	}
	return scenario.Server{Target: target, Processes: []loadgen.Process{loadgen.Process(pid)}}
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
	f := fanfare(t)
	host := f.Addr.String()
	s := against(t, host, "secret", f.ID())
	t.Run("plain client agrees", func(t *testing.T) { testAgreesWithPlainClient(t, s, host) })
	t.Run("mistakes are told", func(t *testing.T) { testMistakes(t, s, host) })
	t.Run("every scenario", func(t *testing.T) { testScenarios(t, s) })
}

// A plain client beside the load counts what the load generator counts, in the
// same time.
func testAgreesWithPlainClient(t *testing.T, s scenario.Server, host string) {
	arrived := plainClient(t, host)
	const n = 50
	r, err := fanout.Scenario{Connections: n, Outstanding: 2, Duration: 600 * time.Millisecond}.Run(scenariotest.Context(t), s)
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
func testMistakes(t *testing.T, s scenario.Server, host string) {
	f := func(want string, s scenario.Server, c scenario.Scenario) {
		t.Helper()
		if _, err := c.Run(scenariotest.Context(t), s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", c.Name(), err, want)
		}
	}
	wrong := against(t, host, "other", int(s.Processes[0]))
	f("check --secret", wrong, fanout.Scenario{Connections: 2})
	f("check --secret", wrong, notify.Scenario{Connections: 2})
	f("check --secret", wrong, api.Scenario{})
	stranger, err := loadgen.NewTarget("ws://"+host+"/app/nobody", "id", "secret")
	if err != nil {
		t.Fatal(err)
	}
	f("no app with this key", scenario.Server{Target: stranger}, connect.Scenario{Connections: 2})
	lost, err := loadgen.NewTarget("ws://"+host+"/app/key", "nobody", "secret")
	if err != nil {
		t.Fatal(err)
	}
	f("--app-id", scenario.Server{Target: lost}, api.Scenario{Connections: 1})
}

// Every scenario runs against the real server, and its process is measured.
func testScenarios(t *testing.T, s scenario.Server) {
	for _, c := range []scenario.Scenario{
		connect.Scenario{Connections: 200, Background: 20, Rate: 200},
		idle.Scenario{Connections: 100, Join: idle.Presence, Settle: scenariotest.Short, Hold: scenariotest.Short, Leave: true},
		fanout.Scenario{Connections: 100, Channels: 301, Probes: 2, Rate: 100, Duration: scenariotest.Short},
		market.Scenario{Connections: 100, Channels: 20, Each: 5, Rate: 1000, Duration: scenariotest.Short},
		notify.Scenario{Connections: 100, Outstanding: 4, Duration: scenariotest.Short},
		api.Scenario{Connections: 8, Batch: 10, Duration: scenariotest.Short},
		camera.Scenario{Cameras: 3, Viewers: 20, Rate: 50, Duration: scenariotest.Short},
		rooms.Scenario{Rooms: 10, Members: 6, Rate: 20, Churn: 100, Away: 20 * time.Millisecond, Duration: 3 * scenariotest.Short},
		slow.Scenario{Connections: 50, Duration: scenariotest.Short},
	} {
		r, err := c.Run(scenariotest.Context(t), s)
		if err != nil || r.Done == 0 || !r.Counts.Clean() {
			t.Errorf("%s: %v, %+v", c.Name(), err, r)
		}
		if r.CPU() <= 0 && c.Name() != "idle" {
			t.Errorf("%s took no CPU: %+v", c.Name(), r)
		}
	}
}
