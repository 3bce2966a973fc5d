//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Credentials of the app that is measured.
const (
	appID     = "bench"
	appKey    = "bench-key"
	appSecret = "bench-secret"
)

// config has the hosted service's settings, so that clients are asked for a
// ping after 120 s and not after 30.
const config = `# Written by the benchmarks.
[[apps]]
id = "` + appID + `"
key = "` + appKey + `"
secret = "` + appSecret + `"
limits = "pusher"
`

// built names what build made.
type built struct{ server, limit, config string }

// build compiles both servers into dir. It must be called before this process
// is pinned.
func build(ctx context.Context, dir string) (built, error) {
	b := built{filepath.Join(dir, "fanfare"), filepath.Join(dir, "limit"), filepath.Join(dir, "fanfare.toml")}
	if _, err := exec.LookPath("cc"); err != nil {
		return b, errors.New("no C compiler: bench/limit, the yardstick, is written in C; apt-get install gcc libc6-dev")
	}
	if err := compile(ctx, "go", "build", "-trimpath", "-o", b.server, "./cmd/fanfare"); err != nil {
		return b, err
	}
	if err := compile(ctx, "cc", "-O2", "-Wall", "-Wextra", "-o", b.limit, "bench/limit/limit.c"); err != nil {
		return b, err
	}
	return b, os.WriteFile(b.config, []byte(config), 0o600)
}

func compile(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w (run it from the top of the checkout)\n%s", cmd, err, out)
	}
	return nil
}
