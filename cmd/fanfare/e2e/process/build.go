//go:build e2e

package process

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Program is the path of the fanfare binary under test, once Main has built it.
var Program string

// Main builds the program with the flags of go build, race detector or not, and runs the tests. TestMain calls it.
func Main(m *testing.M, flags ...string) {
	code, err := buildAndRun(m, flags)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func buildAndRun(m *testing.M, flags []string) (int, error) {
	dir, err := os.MkdirTemp("", "fanfare-test-")
	if err != nil {
		return 0, fmt.Errorf("cannot make a folder for the program: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	Program = filepath.Join(dir, "fanfare")
	if err := build(Program, flags, nil); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

// Racing builds the program with the race detector, for one test.
func Racing(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "fanfare")
	if err := build(path, []string{"-race"}, []string{"CGO_ENABLED=1"}); err != nil {
		t.Fatal(err)
	}
	return path
}

func build(path string, flags, env []string) error {
	cmd := exec.Command("go", append(append([]string{"build", "-buildvcs=false", "-o", path}, flags...), "fanfare/cmd/fanfare")...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("cannot build fanfare/cmd/fanfare: %w", err)
	}
	return nil
}

// Fanfare prepares the program in an empty folder and without FANFARE_ variables, so that it finds no configuration of the
// developer's. A server stops at once when it is told to: tests of drains give their own times, as flags.
func Fanfare(t *testing.T, args ...string) *exec.Cmd {
	cmd := exec.Command(Program, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = []string{"FANFARE_DRAIN_DELAY=0", "FANFARE_DRAIN_TIME=0"}
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "FANFARE_") {
			cmd.Env = append(cmd.Env, variable)
		}
	}
	return cmd
}
