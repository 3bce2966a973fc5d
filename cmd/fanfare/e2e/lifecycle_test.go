//go:build e2e

package e2e

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"fanfare/cmd/fanfare/e2e/process"
)

// grace is the default time in which a server that is told to stop says goodbye and exits. Twice that is granted, because the
// machine may be busy.
const grace = 5 * time.Second

// TestStop: SIGTERM sends every client 4200, which tells it to reconnect at once, and ends the program in good order.
func TestStop(t *testing.T) {
	t.Parallel()
	s := serve(t)
	app := startApplication(t, s)
	alice := connectPusher(t, startNode(t, "client"), "alice", s.addr, app)
	alice.subscribe(t, "private-orders")
	raw, _, err := websocket.Dial(t.Context(), "ws://"+s.addr+"/app/"+appKey+"?protocol=7", nil) //nolint:bodyclose // nothing is left of the body once Dial has succeeded
	if err != nil {
		t.Fatalf("cannot connect: %v", err)
	}
	defer raw.CloseNow()
	if _, _, err := raw.Read(t.Context()); err != nil {
		t.Fatalf("no greeting: %v", err)
	}

	if code, err := s.Stop(2 * grace); err != nil || code != 0 {
		t.Errorf("after SIGTERM fanfare ended with exit code %d, error %v; want 0 within the grace period", code, err)
	}
	if _, _, err := raw.Read(t.Context()); websocket.CloseStatus(err) != 4200 {
		t.Errorf("the server parted with %v, want close code 4200", err)
	}
	if got := alice.next(t, "error", "close code 4200"); !strings.Contains(string(got.Error), `"code":4200`) {
		t.Errorf("pusher-js reported %s, want code 4200", got.Error)
	}
}

// TestPortTaken: a second server on the same port does not share it in silence. It ends, names the address, and leaves the first
// one alone.
func TestPortTaken(t *testing.T) {
	t.Parallel()
	s := serve(t)
	_, port, err := net.SplitHostPort(s.addr)
	if err != nil {
		t.Fatal(err)
	}
	second := process.Launch(t, process.Fanfare(t, "serve", "--host", "127.0.0.1", "--port", port, "--metrics-port", "0"), nil)
	code, err := second.ExitCode(patience)
	if err != nil {
		t.Fatal(err)
	}
	if code == 0 || !strings.Contains(second.Log(), s.addr) {
		t.Errorf("a second server on %s ended with exit code %d and said:\n%s\nwant another code than 0 and the address",
			s.addr, code, second.Log())
	}
	response, err := http.Get("http://" + s.addr + "/up")
	if err != nil {
		t.Fatalf("the first server is gone: %v", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("the first server answers /up with %s, want 200", response.Status)
	}
}
