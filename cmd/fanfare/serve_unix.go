//go:build unix

package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"fanfare/cmd/fanfare/client"
	"fanfare/cmd/fanfare/command"
	"fanfare/cmd/fanfare/config"
	"fanfare/cmd/fanfare/control"
	"fanfare/cmd/fanfare/doctor"
	"fanfare/cmd/fanfare/node"
	"fanfare/cmd/fanfare/term"
)

// serve runs a node until ctx ends or it is asked to drain (exit 0), or until it
// fails.
func (s *serving) serve(ctx context.Context, c *command.Process, l *config.Loaded) error {
	// Both to the end of the process: the last moment is none to die of them either.
	hup, usr2 := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	signal.Notify(usr2, syscall.SIGUSR2)
	signal.Ignore(syscall.SIGPIPE) // whoever reads the log may go away; clients stay
	log, err := newLog(c.Stderr, l.Log)
	if err != nil {
		return err
	}
	defer log.Close()
	m := &node.Main{Config: l.Config, Log: log.Logger, Version: c.Version, Commit: c.Commit, Env: c.Env, Level: log.Level, Reload: func() {
		select {
		case hup <- syscall.SIGHUP:
		default: // one is on its way already
		}
	}}
	service, err := underManager(c, m)
	if err != nil {
		return err
	}
	if err := s.start(ctx, c, l, m); err != nil {
		return err
	}
	stop := m.Watch(context.WithoutCancel(ctx), l, log.Level, hup)
	service.Ready()
	defer service.Ended()
	end := untilEnd(ctx, m, upgrades{usr2, service})
	if !end.handedOver { // else the service goes on
		service.Stopping()
	}
	if end.polite {
		drain(ctx, m, end.pace)
	}
	stop()
	return m.Close()
}

// start runs the node, or has it take another's place.
func (s *serving) start(ctx context.Context, c *command.Process, l *config.Loaded, m *node.Main) error {
	link, err := node.Heritage(c.Getenv)
	switch {
	case err != nil:
		return err
	case link != nil:
		return m.Inherit(ctx, link)
	}
	if err := m.Run(ctx); err != nil {
		return err
	}
	s.greet(c, l, m)
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
func untilEnd(ctx context.Context, m *node.Main, u upgrades) ending {
	for {
		select {
		case <-ctx.Done():
			return ending{polite: command.Terminated(ctx), pace: m.Pace()}
		case pace := <-m.Asked():
			return ending{polite: true, pace: pace}
		case <-m.Done():
			return ending{}
		case <-u.asked:
			if u.try(ctx, m) {
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
