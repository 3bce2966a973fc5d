package handover

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Variable names the descriptor of the link in the environment of a new process. It does
// not begin as those of the configuration do.
const Variable = "UPGRADE_LINK_FD"

// Process is a new process that is to take this one's place, and the link to it.
type Process struct {
	*Link

	cmd  *exec.Cmd
	gone chan struct{}
}

// Start runs a program, by its path, with this process' standard input and outputs.
// Of the environment it leaves out what is meant for this process alone.
func Start(program string, args, env []string) (*Process, error) {
	ours, theirs, err := Pair()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.Env = append(withoutOurs(env), Variable+"=3") // the first after the standard ones
	err = errors.Join(cmd.Start(), theirs.Close())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot start %s: %w", program, err), ours.Close())
	}
	p := &Process{Link: ours, cmd: cmd, gone: make(chan struct{})}
	go func() {
		defer close(p.gone)
		_ = cmd.Wait() // how it ended is in ProcessState
	}()
	return p, nil
}

// ours are variables that tell of descriptors and of a process id: a service manager's
// for the process that it started.
var ours = []string{Variable, "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "WATCHDOG_PID"}

func withoutOurs(env []string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains(ours, name)
	})
}

// PID is the process' id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Gone is closed when the process has ended.
func (p *Process) Gone() <-chan struct{} { return p.gone }

// Await waits so long for the process to end by itself.
func (p *Process) Await(patience time.Duration) {
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-p.gone:
	case <-late.C:
	}
}

// End kills the process if it is still there, and returns when it is gone: it has
// nothing from then on. How it ended tells the words that it had no time for.
func (p *Process) End() (how string) {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.gone
	_ = p.Close()
	return p.cmd.ProcessState.String()
}

// FromEnv is the link that this process was born with; nil when it is to take
// nobody's place.
func FromEnv(getenv func(string) string) (*Link, error) {
	text := getenv(Variable)
	if text == "" {
		return nil, nil
	}
	fd, err := strconv.Atoi(text)
	if err != nil || fd < 0 {
		return nil, fmt.Errorf("%s = %q is no descriptor: only fanfare upgrade sets it, so leave it out", Variable, text)
	}
	return Inherited(fd)
}
