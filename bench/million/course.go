//go:build linux

package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"time"
)

// course is a trial under way.
type course struct {
	trial
	*findings
	dir    string
	server *server
	watch  *watch
}

// run makes the trial in dir, which holds the program fanfare. The logs and
// the benchmarks' results are there afterwards.
func (t trial) run(ctx context.Context, dir string, out io.Writer) (findings, error) {
	f := findings{Trial: t, Kernel: line("/proc/sys/kernel/osrelease")}
	s, err := startServer(ctx, dir, t)
	if err != nil {
		return f, err
	}
	c := &course{trial: t, findings: &f, dir: dir, server: s, watch: &watch{server: s, trial: t, out: out}}
	err = c.run(ctx)
	if s.Finished() {
		return f, s.Because(errors.Join(errors.New("the server ended by itself"), err))
	}
	stopped := s.Stop()
	if err == nil {
		err = f.check()
	}
	return f, errors.Join(err, stopped)
}

func (c *course) run(ctx context.Context) (err error) {
	if c.Empty, err = c.server.read(ctx); err != nil {
		return err
	}
	if err := c.attend(ctx, c.idle, "idle", "--settle", "1s", "--hold", c.hold().String(), "--broadcast"); err != nil {
		return err
	}
	if c.Told, err = c.server.read(ctx); err != nil {
		return err
	}
	if c.Left, err = c.watch.until(ctx, "leaving", nobody); err != nil {
		return err
	}
	return c.attend(ctx, c.fanout, "fanout", "--duration", c.Fanout.String())
}

func nobody(r reading) bool { return r.Sessions == 0 }

func (c *course) everybody(r reading) bool { return r.Subscriptions >= uint64(c.Connections) }

func (c *course) asManyAsAnswer(r reading) bool { return r.Sessions == uint64(c.Connections) }

// attend runs a benchmark, and does something while it runs.
func (c *course) attend(ctx context.Context, meanwhile func(context.Context) error, scenario string, flags ...string) error {
	b, err := c.bench(scenario, flags...)
	if err != nil {
		return err
	}
	ctx, cancel := b.During(ctx)
	defer cancel()
	err = meanwhile(ctx)
	if b.Finished() {
		return cmp.Or(b.Wait(), err) // the former is why the latter
	}
	return cmp.Or(err, b.Stop())
}

// idle looks on while the connections are opened, adds those that do not
// answer, and sees both kinds to their ends.
func (c *course) idle(ctx context.Context) (err error) {
	started := time.Now()
	if c.Full, err = c.watch.until(ctx, "opening", c.everybody); err != nil {
		return err
	}
	c.Opening = time.Since(started)
	if c.Silent, err = c.silence(ctx); err != nil {
		return err
	}
	// Their sessions end when the server has noticed that they hung up.
	settling, cancel := context.WithTimeout(ctx, c.slack())
	defer cancel()
	if c.Quiet, err = c.watch.until(settling, "quiet", c.asManyAsAnswer); err != nil && ctx.Err() != nil {
		return err
	}
	return c.untilOver(ctx, "broadcast")
}

// silence opens the connections that do not answer, and waits until the server
// has closed them.
func (c *course) silence(ctx context.Context) ([]ending, error) {
	looking, stop := context.WithCancel(ctx)
	defer stop()
	go func() { _, _ = c.watch.until(looking, "silent", func(reading) bool { return false }) }() // for its lines
	return listenMutely(ctx, c.server.url(), c.Mute)
}

func (c *course) fanout(ctx context.Context) error {
	if _, err := c.watch.until(ctx, "opening", c.everybody); err != nil {
		return err
	}
	return c.untilOver(ctx, "fan-out")
}

// untilOver looks on until the benchmark, with which ctx ends, is over. How it
// went is attend's to say.
func (c *course) untilOver(ctx context.Context, doing string) error {
	if _, err := c.watch.until(ctx, doing, func(reading) bool { return false }); ctx.Err() == nil {
		return err
	}
	return nil
}
