//go:build e2e && linux

package hostile

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"fanfare/cmd/fanfare/e2e/process"
)

// upgradable is a server whose program lies where another can be put in its place.
type upgradable struct {
	*server

	t       *testing.T
	program string // where it lies
	real    string // what it is
	pids    []int  // that were seen to serve or to be about to, but for the first
}

// serveUpgradable starts one that speaks TLS, too.
func serveUpgradable(t *testing.T, real, settings string) *upgradable {
	t.Helper()
	return serveUpgradableIn(t, "", real, settings)
}

// serveUpgradableIn starts it from a shell, after some commands.
func serveUpgradableIn(t *testing.T, shell, real, settings string) *upgradable {
	t.Helper()
	u := &upgradable{t: t, program: filepath.Join(t.TempDir(), "fanfare"), real: real}
	u.install(real)
	flags := append(tlsFlags(t), "--queue-bytes", "8MiB", "--queue-age", "600")
	u.server = serveBy(t, func(cmd *exec.Cmd) {
		cmd.Path, cmd.Args = "/bin/sh", append([]string{"sh", "-c", shell + "\nexec \"$0\" \"$@\"", u.program}, cmd.Args[1:]...)
	}, settings, flags...)
	t.Cleanup(u.stop)
	return u
}

// stop ends the server that is left. The exit code that can be seen is that of the first process.
func (u *upgradable) stop() {
	select {
	case <-u.Done:
	default:
		if code, err := u.Stop(patience); err != nil || code != 0 && u.pid() == u.Cmd.Process.Pid {
			u.t.Errorf("it ended with exit code %d: %v", code, err)
		}
	}
	u.reap()
	if strings.Contains(u.Log(), "DATA RACE") {
		u.t.Error("the race detector has found something")
	}
}

// install puts a program in place, all at once.
func (u *upgradable) install(program string) {
	u.t.Helper()
	next := filepath.Join(u.t.TempDir(), "next")
	if err := os.Link(program, next); err != nil {
		u.t.Fatal(err)
	}
	if err := os.Rename(next, u.program); err != nil {
		u.t.Fatal(err)
	}
}

// installText puts a file of that text in place.
func (u *upgradable) installText(text string, mode os.FileMode) {
	u.t.Helper()
	file := filepath.Join(u.t.TempDir(), "program")
	if err := os.WriteFile(file, []byte(text), mode); err != nil {
		u.t.Fatal(err)
	}
	u.install(file)
}

// installScript puts a shell script in place.
func (u *upgradable) installScript(text string) {
	u.t.Helper()
	u.installText("#!/bin/sh\n"+text+"\n", 0o755)
}

// begin has the server begin an upgrade. The journey is told by what comes in the log from then on.
func (u *upgradable) begin() *journey {
	u.t.Helper()
	j := &journey{upgradable: u, old: u.pid(), mark: len(u.Log())}
	if err := syscall.Kill(j.old, syscall.SIGUSR2); err != nil {
		u.t.Fatal(err)
	}
	return j
}

// upgrade has the server upgraded.
func (u *upgradable) upgrade() {
	u.t.Helper()
	j := u.begin()
	if got := j.outcome(); got != moved {
		u.t.Fatalf("the upgrade came to this: %s", got)
	}
}

// reap takes the exit codes of processes whose parents are gone: this program is their parent then.
func (u *upgradable) reap() {
	for _, pid := range u.pids {
		_, _ = unix.Wait4(pid, nil, unix.WNOHANG, nil)
	}
}

// journey is an upgrade under way.
type journey struct {
	*upgradable
	old, heir int // heir is 0 before it was seen
	mark      int // where in the log it begins
}

// calledOff is what the old process says when it serves on.
const calledOff = "not upgraded, and nobody has noticed"

// outcome is what an upgrade comes to.
type outcome string

const (
	stayed outcome = "the old process serves"
	moved  outcome = "the new process serves"
	ended  outcome = "no process is left"
)

// outcome waits for it.
func (j *journey) outcome() outcome {
	j.t.Helper()
	look, late := time.NewTicker(2*time.Millisecond), time.After(2*patience)
	defer look.Stop()
	for {
		select {
		case <-j.Done:
			return ended
		case <-look.C:
		case <-late:
			j.t.Fatalf("after %v the upgrade has come to nothing: old process %d lives: %v, new process %d lives: %v", 2*patience, j.old, alive(j.old), j.heir, alive(j.heir))
		}
		switch {
		case j.says(calledOff) && alive(j.old):
			return stayed
		case j.says("metrics") && !alive(j.old) && alive(j.taker()): // metrics are the last that it begins
			j.pids = append(j.pids, j.taker())
			return moved
		}
	}
}

// find gives the new process, once it is known. Others are there for a moment: Go starts one to see what the system can do.
func (j *journey) find() int {
	if alive(j.heir) {
		return j.heir
	}
	found := childOf(j.old)
	if found == 0 {
		found = j.taker()
	}
	if found != 0 && found != j.heir {
		j.heir, j.pids = found, append(j.pids, found)
	}
	return j.heir
}

// taker is the process that says that it has taken over, 0 before any does.
func (j *journey) taker() int {
	if over := j.tells("taken over"); over != nil {
		return int(over["to_pid"].(float64))
	}
	return 0
}

// says reports whether the log has a line with the message since the upgrade has begun.
func (j *journey) says(message string) bool { return j.tells(message) != nil }

// tells gives that line.
func (j *journey) tells(message string) map[string]any {
	return process.Find(j.Log()[j.mark:], message)
}

// childOf gives a process that another has started, 0 where there is none.
func childOf(pid int) int {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid)) // of this moment
	for _, list := range lists {
		b, _ := os.ReadFile(list)
		if fields := bytes.Fields(b); len(fields) > 0 {
			child, _ := strconv.Atoi(string(fields[0]))
			return child
		}
	}
	return 0
}

// alive reports whether a process is there and has not ended.
func alive(pid int) bool {
	state := stateOf(pid)
	return state != 0 && state != 'Z' && state != 'X'
}

// stateOf is the letter of proc_pid_stat(5), 0 where there is no process.
func stateOf(pid int) byte {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	return b[bytes.LastIndexByte(b, ')')+2]
}

// openFiles are the descriptors of a process, by what they are.
func openFiles(pid int) map[string]int {
	kinds := map[string]int{}
	folder := fmt.Sprintf("/proc/%d/fd/", pid)
	list, _ := os.ReadDir(folder)
	for _, f := range list {
		to, err := os.Readlink(folder + f.Name())
		if err != nil {
			continue // it is closed by now
		}
		kind, _, _ := strings.Cut(to, ":[")
		kinds[kind]++
	}
	return kinds
}
