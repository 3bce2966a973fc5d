//go:build unix

package main

import "context"

// serve runs a node until ctx ends (exit 0), or until it fails.
func (s *serving) serve(ctx context.Context, c *cli, l *loaded) error {
	m := &Main{Config: l.Config, Log: newLogger(c.stderr, l.Log)}
	if err := m.Run(ctx); err != nil {
		return err
	}
	if l.Builtin {
		m.Log.Warn("no app is configured: serving the one whose secret everybody knows, on this machine only; `fanfare init` makes one of your own",
			"app_id", l.Apps[0].ID, "app_key", l.Apps[0].Key)
	}
	if b, ok := newBanner(c, l, m.Port(), s.banner); ok && (s.banner || isTerminal(c.stdout)) {
		if err := b.write(c.stdout); err != nil {
			m.Log.Warn("cannot write to standard output", "error", err)
		}
	}
	select {
	case <-ctx.Done():
	case <-m.Done():
	}
	return m.Close()
}
