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

	"fanfare/bench/serving"
)

// machine is the guest, as the host sees it.
type machine struct {
	dir    string // its root, and the result
	memory int64  // bytes
	folder string // where its memory is a file
	core   int    // the host's
}

// guestMemory is what n connections need with both their ends, server and
// load, beside what any guest needs: 10 KB of each are in use while they are
// quiet, and more while a broadcast waits to be read.
func guestMemory(n int) int64 { return 768<<20 + int64(n)*14<<10 }

func newMachine(dir string, n, core int) (*machine, error) {
	if _, err := exec.LookPath(program); err != nil {
		return nil, fmt.Errorf("the descriptor limit here does not allow %d connections, and the guest that lifts it needs %s: "+
			"apt-get install user-mode-linux", n, program)
	}
	m := &machine{dir: dir, memory: guestMemory(n), core: core}
	var err error
	m.folder, err = memoryFolder(m.memory)
	return m, err
}

// run boots the guest, lets it make the trial, and returns what that has
// shown. Its progress goes to out.
func (m *machine) run(ctx context.Context, t trial, out io.Writer) (f findings, err error) {
	if err := m.furnish(t); err != nil {
		return f, err
	}
	restore, err := allowMappings(t.Connections)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, restore()) }()
	if err := m.boot(ctx, out); err != nil {
		return f, err
	}
	return m.findings()
}

// furnish makes the guest's root of the folder with the programs.
func (m *machine) furnish(t trial) error {
	for _, d := range []string{"proc", "sys", "tmp", "dev", "uml"} {
		if err := os.MkdirAll(filepath.Join(m.dir, d), 0o700); err != nil {
			return err
		}
	}
	return writeJSON(filepath.Join(m.dir, trialFile), t)
}

func (m *machine) findings() (f findings, err error) {
	b, err := os.ReadFile(filepath.Join(m.dir, findingsFile))
	if err != nil {
		return f, fmt.Errorf("the guest has left no findings: %w\n%s", err, serving.Tail(filepath.Join(m.dir, "console.log")))
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
		"takes 20 us there, so rates and latencies say nothing about the server.", amount(m.memory), m.core)
}
