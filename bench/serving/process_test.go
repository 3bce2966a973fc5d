//go:build linux

package serving

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A process that does not want to go is killed.
func TestStopByForce(t *testing.T) {
	p := shell(t, "trap '' TERM; echo port 1; while :; do sleep 0.02; done")
	p.Patience = 300 * time.Millisecond
	s, err := p.Serve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(); err == nil || !strings.Contains(err.Error(), "signal: killed") {
		t.Errorf("got %v", err)
	}
}

// What runs alongside a process is told when it has ended.
func TestDuring(t *testing.T) {
	p, err := shell(t, "exec sleep 0.05").Start()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := p.During(t.Context())
	defer cancel()
	select {
	case <-ctx.Done():
	case <-time.After(10 * time.Second):
		t.Error("the process has not ended")
	}
	if err := p.Wait(); err != nil {
		t.Error(err)
	}
}

// A program gets what it is told, where it is told, and nothing of the settings
// of whoever starts it.
func TestSurroundings(t *testing.T) {
	t.Setenv("FANFARE_APP_SECRET", "mine")
	t.Setenv("OTHER", "kept")
	p := shell(t, `echo "$PWD $FANFARE_APP_SECRET $FANFARE_PORT $OTHER"; exit 1`)
	p.Dir, p.Env = t.TempDir(), []string{"FANFARE_PORT=0"}
	process, err := p.Start()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Wait(); err == nil || !strings.Contains(err.Error(), p.Dir+"  0 kept") {
		t.Errorf("got %v", err)
	}
}

// A pinned program stays where it was put, and its parent where it was.
func TestPinned(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var own unix.CPUSet
	if err := unix.SchedGetaffinity(0, &own); err != nil {
		t.Fatal(err)
	}
	core := lastCore(t)
	p := shell(t, "grep Cpus_allowed_list /proc/self/status; exit 1")
	p.Cores = []int{core}
	process, err := p.Start()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Wait(); err == nil || !strings.HasSuffix(err.Error(), "list:\t"+strconv.Itoa(core)) {
		t.Errorf("on core %d: %v", core, err)
	}
	var now unix.CPUSet
	if err := unix.SchedGetaffinity(0, &now); err != nil || now != own {
		t.Errorf("this process runs on %v, and ran on %v: %v", now, own, err)
	}
	p.Cores = []int{1000}
	if _, err := p.Start(); err == nil || !strings.Contains(err.Error(), "cannot run on cores [1000]") {
		t.Errorf("core 1000: %v", err)
	}
}

func lastCore(t *testing.T) int {
	t.Helper()
	cores, err := Cores()
	if err != nil {
		t.Fatal(err)
	}
	return cores[len(cores)-1]
}

func TestCheckCore(t *testing.T) {
	if err := CheckCore("core", lastCore(t)); err != nil {
		t.Error(err)
	}
	for _, core := range []int{-1, 1000, 1 << 20} {
		want := fmt.Sprintf("-core %d: this process may run on [", core)
		if err := CheckCore("core", core); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s...", err, want)
		}
	}
}
