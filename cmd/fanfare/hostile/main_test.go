//go:build e2e

package hostile

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// patience is how long anything may take before a test says what did not happen. It bounds failures, never successes.
const patience = 30 * time.Second

// program is the path of the fanfare binary under attack.
var program string

func TestMain(m *testing.M) {
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "hostile:", err)
		code = 1
	}
	os.Exit(code)
}

// buildAndRun builds the program as `make build` does, without the race detector: its memory is what is measured.
func buildAndRun(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "fanfare-hostile-")
	if err != nil {
		return 0, fmt.Errorf("cannot make a folder for the program: %w", err)
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "fanfare")
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", program, "fanfare/cmd/fanfare")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		return 0, fmt.Errorf("cannot build fanfare/cmd/fanfare: %w", err)
	}
	return m.Run(), nil
}
