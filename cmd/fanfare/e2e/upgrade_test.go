//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

// upgraded has a server hand over to a new process, by SIGUSR2, and makes that the one which ends with the test.
func (s *server) upgraded(t *testing.T, pid int) (successor int) {
	t.Helper()
	before := len(handovers(s.Log()))
	if err := syscall.Kill(pid, syscall.SIGUSR2); err != nil {
		t.Fatal(err)
	}
	look, late := time.NewTicker(10*time.Millisecond), time.After(patience)
	defer look.Stop()
	for {
		select {
		case <-look.C:
		case <-late:
			t.Fatalf("nothing was handed over within %v", patience)
		}
		if list := handovers(s.Log()); len(list) > before {
			successor = list[len(list)-1]
			s.Quit = func() error { return syscall.Kill(successor, syscall.SIGTERM) }
			return successor
		}
	}
}

// handovers are the processes that were handed over to, by the log.
func handovers(log string) (pids []int) {
	for line := range strings.Lines(log) {
		var entry struct {
			Msg   string
			ToPID int `json:"to_pid"`
		}
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Msg == "handed over" {
			pids = append(pids, entry.ToPID)
		}
	}
	return pids
}

// TestUpgrade: pusher-js and Echo go on whispering while one process after the other takes over, and notice nothing.
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
	pid := s.Cmd.Process.Pid
	for round := range 3 {
		alice.trigger(t, "presence-desk", "client-typing", args{"round": round})
		pid = s.upgraded(t, pid)
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
