//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"fanfare/bench/serving"
)

// built names what build made, in a folder of its own.
type built struct{ dir, server, limit string }

// build compiles both servers. It must be called before this process is
// pinned.
func build(ctx context.Context) (built, error) {
	dir, err := os.MkdirTemp("", "fanfare-bench-*")
	if err != nil {
		return built{}, err
	}
	b := built{dir, filepath.Join(dir, "fanfare"), filepath.Join(dir, "limit")}
	if err := b.compile(ctx); err != nil {
		b.remove()
		return built{}, err
	}
	return b, nil
}

// remove leaves nothing behind. What it can't remove the system cleans up.
func (b built) remove() { _ = os.RemoveAll(b.dir) }

func (b built) compile(ctx context.Context) error {
	if _, err := exec.LookPath("cc"); err != nil {
		return errors.New("no C compiler: bench/limit, the yardstick, is written in C; apt-get install gcc libc6-dev")
	}
	if err := serving.Build(ctx, b.server, "fanfare/cmd/fanfare"); err != nil {
		return err
	}
	if err := writeCertificate(b.certificate()); err != nil {
		return fmt.Errorf("cannot make a certificate: %w", err)
	}
	cmd := exec.CommandContext(ctx, "cc", "-O2", "-Wall", "-Wextra", "-o", b.limit, "bench/limit/limit.c")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w (run it from the top of the checkout)\n%s", cmd, err, out)
	}
	return nil
}
