//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"fanfare/cmd/fanfare/e2e/process"
)

// upgraded is what `fanfare upgrade --json` says.
type upgraded struct {
	FromPID     int    `json:"from_pid"`
	ToPID       int    `json:"to_pid"`
	FromVersion string `json:"from_version"`
	ToVersion   string `json:"to_version"`
	Connections int
	Cut         int
	StateBytes  int `json:"state_bytes"`
}

// fanfareUpgrade runs the command, and gives what it prints and its exit code.
func (s *server) fanfareUpgrade(t *testing.T, flags ...string) (answer, complaint string, code int) {
	t.Helper()
	_, port, err := net.SplitHostPort(s.addr)
	if err != nil {
		t.Fatal(err)
	}
	cmd := process.Fanfare(t, append([]string{"upgrade", "--json", "--port", port}, flags...)...)
	cmd.Env = append(cmd.Env, "GORACE=atexit_sleep_ms=0") // by default, a program with the race detector stays for a second
	var out, complaints strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), complaints.String(), cmd.ProcessState.ExitCode()
}

// upgrade has a new process take the server's place. Every connection has to come along.
func (s *server) upgrade(t *testing.T, flags ...string) (got upgraded) {
	t.Helper()
	before := s.PID()
	answer, complaint, code := s.fanfareUpgrade(t, flags...)
	if code != 0 {
		t.Fatalf("fanfare upgrade %q ended with exit code %d: %s", flags, code, complaint)
	}
	if err := json.Unmarshal([]byte(answer), &got); err != nil {
		t.Fatalf("fanfare upgrade --json said %q: %v", answer, err)
	}
	if got.FromPID != before || got.ToPID == before || got.Cut != 0 {
		t.Fatalf("process %d was upgraded: %+v", before, got)
	}
	until(t, "the old process says that it has handed over", func() bool { return s.PID() == got.ToPID })
	return got
}

// refusesUpgrade wants a new process to be told off, with these words, and the old one to serve on.
func (s *server) refusesUpgrade(t *testing.T, want string, flags ...string) {
	t.Helper()
	before := s.PID()
	answer, complaint, code := s.fanfareUpgrade(t, flags...)
	if code != 1 || answer != "" || !strings.Contains(complaint, want) {
		t.Errorf("fanfare upgrade %q ended with exit code %d, said %q and complained %q; want 1, nothing, and %q", flags, code, answer, complaint, want)
	}
	if s.PID() != before || syscall.Kill(before, 0) != nil {
		t.Errorf("process %d does not serve on after a refused upgrade", before)
	}
}

// TestUpgrade: pusher-js and Echo go on whispering while one process after the other takes over, as SIGUSR2 has it, and notice nothing.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	s := serve(t)
	app := startApplication(t, s)
	alice := connectPusher(t, startNode(t, "client"), "alice", s.addr, app)
	bob := connectEcho(t, startNode(t, "echo"), "bob", s.addr, app)
	alice.subscribe(t, "presence-desk", "client-typing", "pusher:member_added", "pusher:member_removed")
	bob.listen(t, "join", "desk", ".client-typing")
	if got := bob.next(t, "event", "who is here"); got.Event != "here" {
		t.Fatalf("got %+v, want who is here", got)
	}
	alice.expectMember(t, "Bob")
	for _, c := range []*client{alice, bob} {
		c.expect(t, "state", seen{State: "connected"})
	}
	for round := range 3 {
		alice.trigger(t, "presence-desk", "client-typing", args{"round": round})
		before := s.PID()
		if err := syscall.Kill(before, syscall.SIGUSR2); err != nil {
			t.Fatal(err)
		}
		until(t, "SIGUSR2 brings another process", func() bool { return s.PID() != before })
		alice.trigger(t, "presence-desk", "client-typing", args{"after": round})
		for _, data := range []string{fmt.Sprintf(`{"round":%d}`, round), fmt.Sprintf(`{"after":%d}`, round)} {
			bob.expect(t, "event", seen{Channel: "desk", Event: ".client-typing", Data: rawJSON(data)})
		}
	}
	alice.staysQuiet(t, 500*time.Millisecond)
	bob.staysQuiet(t, 500*time.Millisecond)
}

// expectMember waits until a presence channel tells of a newcomer.
func (c *client) expectMember(t *testing.T, name string) {
	t.Helper()
	if got := c.next(t, "event", name); got.Event != "pusher:member_added" || !strings.Contains(string(got.Data), name) {
		t.Fatalf("got %+v, want that %s came", got, name)
	}
}
