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
	"runtime"
	"syscall"
	"time"

	"fanfare/bench/guest"
	"fanfare/bench/serving"
)

func main() {
	// A child gets a signal when the thread that has started it ends: it must
	// be the one that ends last.
	runtime.LockOSThread()
	if guest.Inside() {
		live() // does not return
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals()...)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "million:", err)
		os.Exit(1)
	}
}

// signals are those that end the run. nohup's wish to ignore one is respected.
func signals() []os.Signal {
	list := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		list = append(list, syscall.SIGHUP)
	}
	return list
}

// run makes the whole journey, and leaves nothing behind but its result, or
// the logs of what has failed.
func run(ctx context.Context, args []string, out, stderr io.Writer) (err error) {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := serving.MakeResults("-results", o.results); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "fanfare-million-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := o.build(ctx, dir); err != nil {
		return err
	}
	p := &page{started: time.Now()}
	p.describeHost(ctx)
	if p.findings, err = o.prove(ctx, dir, p, out); err != nil {
		return errors.Join(err, serving.KeepLogs(dir, o.logs))
	}
	p.took = time.Since(p.started)
	p.describeTrial()
	if err := p.readBenchmarks(dir); err != nil {
		return err
	}
	if _, err := io.WriteString(out, p.table()); err != nil || o.results == "" {
		return err
	}
	return p.save(o.results, out)
}

// prove runs the trial, directly or in the guest, whichever can hold so many.
func (o *options) prove(ctx context.Context, dir string, p *page, out io.Writer) (findings, error) {
	limit, err := raiseDescriptors()
	if err != nil {
		return findings{}, err
	}
	if !o.guest && limit >= descriptors(o.trial.Connections) {
		p.condition("Server and load ran directly on this machine.")
		return o.trial.direct().run(ctx, dir, out)
	}
	t := o.trial.inGuest()
	m, err := newMachine(dir, t.Connections, o.core)
	if err != nil {
		return findings{}, err
	}
	p.condition("%s", m)
	if t.Activity > hosted {
		p.condition("`activity_timeout` is longer than the hosted service's %d because a ping takes 230 us of the guest's core, "+
			"and `pong_timeout` than %d because the load answers when it has read the broadcast.", hosted/time.Second, patience/time.Second)
	}
	return m.run(ctx, t, out)
}
