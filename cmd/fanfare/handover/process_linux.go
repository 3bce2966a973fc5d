package handover

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Variable names the descriptor of the link in the environment of a new process. It does
// not begin as those of the configuration do.
const Variable = "UPGRADE_LINK_FD"

// Process is a new process that is to take this one's place, and the link to it.
type Process struct {
	*Link

	cmd     *exec.Cmd
	sibling int // its pidfd, where it is no child of this process
	gone    chan struct{}
}

// Start runs a program, by its path, with this process' standard input and outputs.
// Of the environment it leaves out what is meant for this process alone.
//
// Under a service manager (NOTIFY_SOCKET) the new process is made a child of this one's
// parent: systemd waits for no main process but its own children, and would follow the
// SIGTERM of a stop, and the SIGABRT of the watchdog, with SIGKILL at once.
func Start(program string, args, env []string) (*Process, error) {
	ours, theirs, err := Pair()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.Env = append(withoutOurs(env), Variable+"=3") // the first after the standard ones
	p := &Process{Link: ours, cmd: cmd, sibling: -1, gone: make(chan struct{})}
	if managed(env) {
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_PARENT, PidFD: &p.sibling}
	}
	err = errors.Join(cmd.Start(), theirs.Close())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot start %s: %w", program, err), ours.Close())
	}
	go p.follow()
	return p, nil
}

// managed reports whether a service manager has started this process, and the kernel
// lets it wait for a process that is no child.
func managed(env []string) bool {
	if !slices.ContainsFunc(env, func(v string) bool { return strings.HasPrefix(v, "NOTIFY_SOCKET=") }) {
		return false
	}
	fd, err := unix.PidfdOpen(os.Getpid(), 0)
	return err == nil && unix.Close(fd) == nil
}

// follow waits for the process to end.
func (p *Process) follow() {
	defer close(p.gone)
	if p.sibling < 0 {
		_ = p.cmd.Wait() // how it ended is in ProcessState
		return
	}
	ended := []unix.PollFd{{Fd: int32(p.sibling), Events: unix.POLLIN}}
	for {
		if _, err := unix.Poll(ended, -1); !errors.Is(err, unix.EINTR) {
			break
		}
	}
	_ = unix.Close(p.sibling)
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
	if p.sibling >= 0 {
		return "ended" // its parent knows how
	}
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
