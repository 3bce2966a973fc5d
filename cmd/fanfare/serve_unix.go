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
	"fanfare/cmd/fanfare/node"
	"fanfare/cmd/fanfare/term"
)

// serve runs a node until ctx ends (exit 0), or until it fails.
func (s *serving) serve(ctx context.Context, c *command.Process, l *config.Loaded) error {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	log, level := newLogger(c.Stderr, l.Log)
	m := &node.Main{Config: l.Config, Log: log, Version: c.Version, Commit: c.Commit}
	if err := m.Run(ctx); err != nil {
		return err
	}
	if l.Builtin {
		m.Log.Warn("no app is configured: serving the one whose secret everybody knows, on this machine only; `fanfare init` makes one of your own",
			"app_id", l.Apps[0].ID, "app_key", l.Apps[0].Key)
	} else if len(l.Apps) == 0 && l.Database.URL == "" {
		m.Log.Warn("no app is configured, so nobody is served; `fanfare app add` makes one")
	}
	if b, ok := client.NewBanner(c, l, m.Port(), s.banner); ok && (s.banner || term.IsTerminal(c.Stdout)) {
		if err := b.Write(c.Stdout); err != nil {
			m.Log.Warn("cannot write to standard output", "error", err)
		}
	}
	stop := m.Watch(ctx, l, level, hup)
	select {
	case <-ctx.Done():
	case <-m.Done():
	}
	stop()
	return m.Close()
}
