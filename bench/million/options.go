//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"fanfare/bench/serving"
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

// usage stands above the flags.
const usage = `Usage: go run ./bench/million [flags]

Shows that one server process holds a million subscribed connections, in an
hour, from the top of the checkout. Where the descriptor limit does not allow so
many it all runs in a user-mode Linux guest (Debian package user-mode-linux).

`

func parse(args []string, stderr io.Writer) (*options, error) {
	o := &options{}
	cores, err := serving.Cores()
	if err != nil {
		return nil, err
	}
	fs := flag.NewFlagSet("million", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.Usage = func() {
		_, _ = io.WriteString(stderr, usage) // nobody may be there to read it
		fs.PrintDefaults()
	}
	fs.IntVar(&o.trial.Connections, "n", 1_000_000, "`N` connections")
	fs.IntVar(&o.trial.InFlight, "in-flight", 256, "`N` connections that are being opened at the same time")
	fs.IntVar(&o.trial.Mute, "mute", 20, "`N` connections more that do not answer pings")
	fs.DurationVar(&o.trial.Activity, "activity-timeout", 0, "`TIME`, the app's activity_timeout, in whole seconds\n"+
		"(default 120s, in the guest 600us for each connection if that\nis more)")
	fs.DurationVar(&o.trial.Pong, "pong-timeout", 0, "`TIME`, the server's pong_timeout, in whole seconds\n"+
		"(default 30s, in the guest 300us for each connection if that\nis more)")
	fs.DurationVar(&o.trial.Fanout, "fanout", 10*time.Second, "`TIME` that the fan-out publishes for")
	fs.BoolVar(&o.guest, "guest", false, "use the guest even where the descriptor limit allows so many")
	fs.IntVar(&o.core, "core", cores[len(cores)-1], "`CORE` of the host that the guest runs on")
	fs.StringVar(&o.results, "results", filepath.Join("bench", "results"), "`FOLDER` for the result; empty writes none")
	fs.StringVar(&o.logs, "logs", filepath.Join("bin", "million"), "`FOLDER` for a failed run's logs; empty keeps none")
	fs.StringVar(&o.fanfare, "fanfare", "", "static `PROGRAM` to run instead of the one of this checkout")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	if fs.NArg() > 0 {
		return nil, fmt.Errorf("want flags only, got %q", fs.Args())
	}
	return o, errors.Join(o.trial.validate(), serving.CheckCore("core", o.core))
}

// build puts the server, and this program for the guest, into dir.
func (o *options) build(ctx context.Context, dir string) error {
	if err := serving.Build(ctx, filepath.Join(dir, "init"), "fanfare/bench/million"); err != nil {
		return err
	}
	return serving.BuildOr(ctx, filepath.Join(dir, "fanfare"), o.fanfare)
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
