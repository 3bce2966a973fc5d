//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"fanfare/bench/results"
	"fanfare/bench/serving"
)

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
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	if o.render != "" {
		return o.renderAgain()
	}
	list, err := o.choose()
	if err != nil {
		return err
	}
	if err := o.checkFiles(); err != nil {
		return err
	}
	if err := errors.Join(serving.CheckCore("server-core", o.cores.server), serving.CheckCore("load-core", o.cores.load)); err != nil {
		return err
	}
	b, err := build(ctx)
	if err != nil {
		return err
	}
	defer b.remove()
	conditions, err := o.conditions(ctx)
	if err != nil {
		return err
	}
	if err := serving.PinSelf(o.cores.load); err != nil {
		return err
	}
	found := o.measureAll(ctx, b, list, newProgress(stderr, list))
	conditions.end()
	r := found.results(conditions, args)
	if err := r.WriteText(stdout); err != nil {
		return err
	}
	draw := func(name string) ([]results.Picture, error) { return found.draw(name, conditions) }
	return errors.Join(o.write(ctx, r, draw, stderr), found.err())
}
