//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// patience is how long a test waits for one thing to happen before it says what did not. It bounds a failure, never
// a success: a race-instrumented server and a cold Chromium share two cores.
const patience = 30 * time.Second

// program is the path of the fanfare binary under test.
var program string

func TestMain(m *testing.M) {
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

// buildAndRun builds the program with the race detector, whose findings turn its exit code into 66: every test looks at that code.
func buildAndRun(m *testing.M) (int, error) {
	if _, err := os.Stat("node_modules/.package-lock.json"); err != nil {
		return 0, fmt.Errorf("the npm modules are missing; `make e2e` installs them: %w", err)
	}
	dir, err := os.MkdirTemp("", "fanfare-e2e-")
	if err != nil {
		return 0, fmt.Errorf("cannot make a folder for the program: %w", err)
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "fanfare")
	build := exec.Command("go", "build", "-race", "-buildvcs=false", "-o", program, "fanfare/cmd/fanfare")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		return 0, fmt.Errorf("cannot build fanfare/cmd/fanfare: %w", err)
	}
	return m.Run(), nil
}
