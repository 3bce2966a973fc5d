//go:build linux

package serving

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// relay is a server that starts another in its place, which does so on SIGTERM, and then ends.
func relay(t *testing.T, exit int, term string) (s *Server, pid int) {
	t.Helper()
	if err := AdoptOrphans(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "pid")
	successor := `trap "` + term + `" TERM; echo $$ >` + file + ".new; mv " + file + ".new " + file + "; while :; do sleep 0.01; done"
	p := shell(t, "echo port 1; sh -c '"+successor+"' & exit "+strconv.Itoa(exit))
	s, err := p.Serve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	look, late := time.NewTicker(5*time.Millisecond), time.After(20*time.Second)
	defer look.Stop()
	for {
		if text, err := os.ReadFile(file); err == nil {
			if pid, err = strconv.Atoi(strings.TrimSpace(string(text))); err != nil {
				t.Fatal(err)
			}
			return s, pid
		}
		select {
		case <-look.C:
		case <-late:
			t.Fatal("nobody took its place")
		}
	}
}

func TestSucceededBy(t *testing.T) {
	f := func(term, want string) {
		t.Helper()
		s, pid := relay(t, 0, term)
		next, err := s.SucceededBy(pid)
		if err != nil {
			t.Fatal(err)
		}
		if next.ID() != pid || next.Addr != s.Addr || next.Finished() || !s.Finished() {
			t.Errorf("process %d at %s, ended: %t; want %d at %s", next.ID(), next.Addr, next.Finished(), pid, s.Addr)
		}
		next.patience = 300 * time.Millisecond
		if err := next.Stop(); err == nil && want != "" || err != nil && (want == "" || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: it was stopped, and %v; want %q", term, err, want)
		}
	}
	f("exit 0", "")
	f("exit 3", "exit status 3")
	f("", "signal: killed")
}

// What has failed has handed nothing over in order, and its successor is not left behind.
func TestSucceededByFails(t *testing.T) {
	s, pid := relay(t, 3, "exit 0")
	if next, err := s.SucceededBy(pid); err == nil || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("%+v, %v", next, err)
	}
	process, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	if state, err := process.Wait(); err != nil || state.String() != "signal: killed" {
		t.Errorf("its successor: %v, %v", state, err)
	}
}

func TestKillAll(t *testing.T) {
	program := filepath.Join(t.TempDir(), "program")
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(sleep)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, b, 0o700); err != nil {
		t.Fatal(err)
	}
	one, other := exec.Command(program, "600"), exec.Command(sleep, "600")
	for _, cmd := range []*exec.Cmd{one, other} {
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
	}
	if err := KillAll(program); err != nil {
		t.Error(err)
	}
	if err := one.Wait(); err == nil || err.Error() != "signal: killed" {
		t.Errorf("it ended with %v", err)
	}
	if err := other.Process.Signal(os.Interrupt); err != nil {
		t.Errorf("another program was ended, too: %v", err)
	}
	_ = other.Wait() // by the interrupt
}
