//go:build linux

package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
	"time"
)

// options is what the command line says.
type options struct {
	plan     sizes
	rounds   int
	scenario *regexp.Regexp
	out      string
	cores    cores
	verbose  io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "fanfare-bench-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // a temporary folder: the system's to clean up, too
	b, err := build(ctx, dir)
	if err != nil {
		return err
	}
	conditions, err := o.conditions(ctx)
	if err != nil {
		return err
	}
	if err := pinSelf(o.cores.load); err != nil {
		return err
	}
	rows, err := o.measureAll(ctx, b)
	conditions.end()
	if err != nil {
		return err
	}
	r := report{conditions: conditions, rows: rows, rounds: o.rounds}
	if err := r.writeText(stdout); err != nil || o.out == "" {
		return err
	}
	if err := os.WriteFile(o.out, []byte(r.markdown()), 0o644); err != nil {
		return err
	}
	_, err = fmt.Fprintln(stderr, "written:", o.out)
	return err
}

func parse(args []string, stderr io.Writer) (options, error) {
	o := options{verbose: stderr, plan: standard}
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(stderr)
	today := filepath.Join("bench", "results", time.Now().Format(time.DateOnly)+".md")
	name := fs.String("scenario", "", "run only the scenarios whose short name matches `REGEXP`")
	fs.IntVar(&o.rounds, "rounds", 3, "rounds of all scenarios; the table has the medians")
	fs.StringVar(&o.out, "out", today, "`FILE` for the result; empty writes none")
	fs.IntVar(&o.cores.server, "server-core", 0, "core of the server")
	fs.IntVar(&o.cores.load, "load-core", 1, "core of the load generator")
	fs.DurationVar(&o.plan.duration, "duration", standard.duration, "how long a fan-out or publish is measured")
	fs.IntVar(&o.plan.subscribers, "subscribers", standard.subscribers, "subscribers of the fan-out")
	fs.IntVar(&o.plan.idle, "idle", standard.idle, "connections of the storm and of the memory figures")
	fs.DurationVar(&o.plan.settle, "settle", standard.settle, "how long idle connections are held before their memory is read, and again for their CPU")
	if err := fs.Parse(args); err != nil {
		return options{}, err
	}
	if fs.NArg() > 0 || o.rounds < 1 {
		return options{}, fmt.Errorf("want flags only, and at least one round; got %q", args)
	}
	var err error
	o.scenario, err = regexp.Compile(*name)
	return o, err
}
