//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"fanfare/bench/guest"
	"fanfare/bench/serving"
)

// machine is the guest, as the host sees it.
type machine struct {
	guest.Machine
	core int // the host's
}

// guestMemory is what n connections need with both their ends, server and
// load, beside what any guest needs: 10 KB of each are in use while they are
// quiet, and more while a broadcast waits to be read.
func guestMemory(n int) int64 { return 768<<20 + int64(n)*14<<10 }

func newMachine(dir string, n, core int) (*machine, error) {
	if _, err := exec.LookPath(guest.Program); err != nil {
		return nil, fmt.Errorf("the descriptor limit here does not allow %d connections, and the guest that lifts it needs %s: "+
			"apt-get install user-mode-linux", n, guest.Program)
	}
	m := &machine{guest.Machine{Dir: dir, Init: "/init", Memory: guestMemory(n)}, core}
	m.Start = func(kernel *exec.Cmd) error { return serving.StartPinned(kernel, core) }
	var err error
	m.Folder, err = memoryFolder(m.Memory)
	return m, err
}

// run boots the guest, lets it make the trial, and returns what that has
// shown. Its progress goes to out.
func (m *machine) run(ctx context.Context, t trial, out io.Writer) (f findings, err error) {
	if err := writeJSON(filepath.Join(m.Dir, trialFile), t); err != nil {
		return f, err
	}
	restore, err := allowMappings(t.Connections)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, restore()) }()
	if err := m.Boot(ctx, out); err != nil {
		return f, fmt.Errorf("%w\n%s", err, serving.Tail(m.Console()))
	}
	return m.findings()
}

func (m *machine) findings() (f findings, err error) {
	b, err := os.ReadFile(filepath.Join(m.Dir, findingsFile))
	if err != nil {
		return f, fmt.Errorf("the guest has left no findings: %w\n%s", err, serving.Tail(m.Console()))
	}
	if err := json.Unmarshal(b, &f); err != nil {
		return f, err
	}
	if f.Failure != "" {
		return f, errors.New(f.Failure)
	}
	return f, nil
}

func (m *machine) String() string {
	return fmt.Sprintf("Server and load ran in a user-mode Linux guest with %s of memory, which shares core %d of the machine: a system call "+
		"takes 20 us there, so rates and latencies say nothing about the server.", amount(m.Memory), m.core)
}
