//go:build linux

package serving

import (
	"cmp"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Program is what to start, and how.
type Program struct {
	Args     []string      // its path, and what it is told
	Env      []string      // beside this process' own, of which it gets all but Fanfare's settings
	Dir      string        // that it runs in; "" is this process'
	Log      string        // file for what it says, written anew
	Cores    []int         // that it may run on; none is wherever this process may
	Patience time.Duration // until a server listens, and until it has stopped; 10 s
}

// Fanfare is fanfare serve on free ports of the loopback. It stops at once when it
// is told to.
func Fanfare(path string, flags ...string) Program {
	fixed := []string{path, "serve", "--host", "127.0.0.1", "--port", "0", "--metrics-port", "0", "--drain-delay", "0", "--drain-time", "0"}
	return Program{Args: append(fixed, flags...)}
}

// Start starts the program. It ends with this process at the latest.
func (p Program) Start() (*Process, error) {
	out, err := os.Create(p.Log)
	if err != nil {
		return nil, err
	}
	defer func() { _ = out.Close() }() // it is the program's now
	cmd := exec.Command(p.Args[0], p.Args[1:]...)
	cmd.Dir, cmd.Env = p.Dir, append(withoutOurs(os.Environ()), p.Env...)
	cmd.Stdout, cmd.Stderr = out, out
	// Also when this process is killed.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := StartPinned(cmd, p.Cores...); err != nil {
		return nil, err
	}
	started := &Process{Log: p.Log, name: cmd.String(), process: cmd.Process, patience: cmp.Or(p.Patience, 10*time.Second)}
	return started.follow(cmd.Wait), nil
}

// withoutOurs drops the settings of whoever starts this process.
func withoutOurs(env []string) []string {
	return slices.DeleteFunc(env, func(kv string) bool { return strings.HasPrefix(kv, "FANFARE_") })
}
