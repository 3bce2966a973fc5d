//go:build linux

package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// options is what the command line says.
type options struct {
	trial   trial
	guest   bool
	core    int
	results string
	logs    string
	fanfare string
}

func parse(args []string, stderr io.Writer) (*options, error) {
	o := &options{}
	fs := flag.NewFlagSet("million", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.IntVar(&o.trial.Connections, "n", 1_000_000, "connections")
	fs.IntVar(&o.trial.InFlight, "in-flight", 256, "connections that are being opened at the same time")
	fs.IntVar(&o.trial.Mute, "mute", 20, "connections more that do not answer pings")
	fs.DurationVar(&o.trial.Activity, "activity-timeout", 0, "the app's activity_timeout, whole seconds "+
		"(default: 120s, in the guest 600µs for each connection if that is more)")
	fs.DurationVar(&o.trial.Pong, "pong-timeout", 0, "the server's pong_timeout, whole seconds "+
		"(default: 30s, in the guest 300µs for each connection if that is more)")
	fs.DurationVar(&o.trial.Fanout, "fanout", 10*time.Second, "how long the fan-out publishes")
	fs.BoolVar(&o.guest, "guest", false, "use the guest even where the descriptor limit allows n connections")
	fs.IntVar(&o.core, "core", runtime.NumCPU()-1, "core of the host that the guest runs on")
	fs.StringVar(&o.results, "results", filepath.Join("bench", "results"), "`FOLDER` for the result; empty writes none")
	fs.StringVar(&o.logs, "logs", filepath.Join("bin", "million"), "`FOLDER` for the logs of a failed run; empty keeps none")
	fs.StringVar(&o.fanfare, "fanfare", "", "static `PROGRAM` to run instead of the one of this checkout")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	if fs.NArg() > 0 {
		return nil, fmt.Errorf("want flags only, got %q", fs.Args())
	}
	return o, o.trial.validate()
}

// build puts the server, and this program for the guest, into dir.
func (o *options) build(ctx context.Context, dir string) error {
	if err := compile(ctx, filepath.Join(dir, "init"), "./bench/million"); err != nil {
		return err
	}
	if o.fanfare == "" {
		return compile(ctx, filepath.Join(dir, "fanfare"), "./cmd/fanfare")
	}
	b, err := os.ReadFile(o.fanfare)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "fanfare"), b, 0o755) //nolint:gosec // a program
}

// compile links statically: the guest has no libraries.
func compile(ctx context.Context, program, source string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", program, source)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w (run it from the top of the checkout)\n%s", cmd, err, out)
	}
	return nil
}

// descriptors is what a process needs that holds n connections.
func descriptors(n int) uint64 { return uint64(n) + 1000 }

// raiseDescriptors lifts the soft limit to the hard one and returns it.
// Children inherit it.
func raiseDescriptors() (uint64, error) {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		return 0, os.NewSyscallError("getrlimit", err)
	}
	l.Cur = l.Max
	return l.Max, os.NewSyscallError("setrlimit", unix.Setrlimit(unix.RLIMIT_NOFILE, &l))
}
