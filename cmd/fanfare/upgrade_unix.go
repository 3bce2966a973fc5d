//go:build unix

package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"

	"fanfare/cmd/fanfare/command"
	"fanfare/cmd/fanfare/control"
)

// programPath is where this program was started from, symbolic links and all: an upgrade runs
// what is there by then.
func programPath(c *command.Process) (string, error) {
	path, err := exec.LookPath(c.Program)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil { // whoever started it has named it otherwise
		return os.Executable()
	}
	return path, nil
}

// ask passes SIGUSR2 on.
func (r *running) ask() {
	if err := r.AskUpgrade(control.UpgradeRequest{}); err != nil {
		r.Log.Error("not upgraded", "error", err)
	}
}

// upgraded reports whether another process has taken over.
func (r *running) upgraded(ctx context.Context, ask control.UpgradeRequest) bool {
	if ask.Binary == "" {
		ask.Binary = r.program
	}
	pid, err := r.Upgrade(ctx, ask, os.Args[1:])
	return err == nil && pid != 0
}
