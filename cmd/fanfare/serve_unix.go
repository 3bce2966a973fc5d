//go:build unix

package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"fanfare/cmd/fanfare/client"
	"fanfare/cmd/fanfare/command"
	"fanfare/cmd/fanfare/config"
	"fanfare/cmd/fanfare/control"
	"fanfare/cmd/fanfare/doctor"
	"fanfare/cmd/fanfare/logs"
	"fanfare/cmd/fanfare/node"
	"fanfare/cmd/fanfare/systemd"
	"fanfare/cmd/fanfare/term"
)

// serve runs a node until ctx ends or it is asked to drain (exit 0), until another
// process has taken its place (exit 0), or until it fails.
func (s *serving) serve(ctx context.Context, c *command.Process) error {
	link, err := node.Heritage(c.Getenv)
	if err != nil {
		return err
	}
	r, err := s.prepare(c)
	if err != nil {
		node.Refuse(link, err)
		return err
	}
	defer r.log.Close()
	if err := r.start(ctx, c, link); err != nil {
		if errors.Is(err, node.ErrChecked) {
			return nil
		}
		return err
	}
	stop := r.Watch(context.WithoutCancel(ctx), r.loaded, r.log.Level, r.hup)
	r.service.Ready()
	defer r.service.Ended()
	end := r.untilEnd(ctx)
	if !end.handedOver { // else the service goes on
		r.service.Stopping()
	}
	if end.polite {
		drain(ctx, r.Main, end.pace)
	}
	stop()
	return r.Close()
}

// running is a node, and what it runs with.
type running struct {
	*node.Main
	*serving

	loaded    *config.Loaded
	log       *logs.Log
	service   *systemd.Service
	program   string // its own, for upgrades
	hup, usr2 chan os.Signal
}

// prepare makes all that can be made before anything is served.
func (s *serving) prepare(c *command.Process) (r *running, err error) {
	r = &running{serving: s, hup: make(chan os.Signal, 1), usr2: make(chan os.Signal, 1)}
	// Both to the end of the process: the last moment is none to die of them either.
	signal.Notify(r.hup, syscall.SIGHUP)
	signal.Notify(r.usr2, syscall.SIGUSR2)
	signal.Ignore(syscall.SIGPIPE) // whoever reads the log may go away; clients stay
	if r.program, err = programPath(c); err != nil {
		return nil, err
	}
	if r.loaded, err = s.load(c); err != nil {
		return nil, err
	}
	if r.log, err = newLog(c.Stderr, r.loaded.Log); err != nil {
		return nil, err
	}
	r.Main = &node.Main{
		Config: r.loaded.Config, Log: r.log.Logger, Version: c.Version, Commit: c.Commit, Env: c.Env, Level: r.log.Level, Reload: r.reload,
		Succeeded: func(pid int) { r.service.Succeeded(pid) },
	}
	if r.service, err = underManager(c, r.Main); err != nil {
		r.log.Close()
		return nil, err
	}
	return r, nil
}

// reload does what SIGHUP does. Any goroutine.
func (r *running) reload() {
	select {
	case r.hup <- syscall.SIGHUP:
	default: // one is on its way already
	}
}

// farewell is how long the process whose place this one has taken may need to let go.
const farewell = 2 * time.Second

// start runs the node, or has it take another's place.
func (r *running) start(ctx context.Context, c *command.Process, link *node.Link) error {
	if link != nil {
		err := r.Inherit(ctx, link)
		if err == nil {
			link.AwaitEnd(farewell) // by then the service manager knows whom it has to hear
		}
		return err
	}
	if err := r.Run(ctx); err != nil {
		return err
	}
	r.greet(c, r.loaded, r.Main)
	return nil
}

// greet says what matters to who has just started the node.
func (s *serving) greet(c *command.Process, l *config.Loaded, m *node.Main) {
	if l.Builtin {
		m.Log.Warn("no app is configured: serving the one whose secret everybody knows, on this machine only; `fanfare init` makes one of your own",
			"app_id", l.Apps[0].ID, "app_key", l.Apps[0].Key)
	} else {
		doctor.WarnAtStart(m.Log, &l.Config, m.MaxConnections())
	}
	if len(l.Apps) == 0 && l.Database.URL == "" {
		m.Log.Warn("no app is configured, so nobody is served; `fanfare app add` makes one")
	}
	if b, ok := client.NewBanner(c, l, m.Port(), s.banner); ok && (s.banner || term.IsTerminal(c.Stdout)) {
		if err := b.Write(c.Stdout); err != nil {
			m.Log.Warn("cannot write to standard output", "error", err)
		}
	}
}

// ending is how a node is to end.
type ending struct {
	polite     bool         // by a drain
	pace       control.Pace // of that
	handedOver bool         // another process serves
}

// untilEnd returns when the node is to end, and how.
func (r *running) untilEnd(ctx context.Context) ending {
	for {
		select {
		case <-ctx.Done():
			return ending{polite: command.Terminated(ctx), pace: r.Pace()}
		case pace := <-r.Asked():
			return ending{polite: true, pace: pace}
		case <-r.Done():
			return ending{}
		case <-r.usr2:
			r.ask()
		case ask := <-r.AskedUpgrade():
			if r.upgraded(ctx, ask) {
				return ending{handedOver: true}
			}
		}
	}
}

// drain has the node drain until that is done, or somebody at a terminal does not
// want to wait (SIGINT). SIGTERM in the middle of a drain that was asked for
// otherwise asks for what is done already.
func drain(ctx context.Context, m *node.Main, pace control.Pace) {
	hurry, stop := signal.NotifyContext(context.WithoutCancel(ctx), os.Interrupt)
	defer stop()
	m.Drain(hurry, pace)
}
