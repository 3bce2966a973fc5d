package pusher

import (
	"context"
	"log/slog"
	"net/netip"

	"fanfare/channels/apps"
	"fanfare/engine"
)

// Lines for whoever looks for the reason of a complaint, all at level debug: how
// connections begin and end, and what is refused to them. Socket id, client
// address and app are in them; what clients and applications say to each other,
// and what signs it, is not.

// logs tells whether anybody looks.
func (h *home) logs() bool {
	return h.server.cfg.Log.Enabled(context.Background(), slog.LevelDebug)
}

func (h *home) log(text string, attrs ...slog.Attr) {
	h.server.cfg.Log.LogAttrs(context.Background(), slog.LevelDebug, text, attrs...)
}

// party is who is refused, as far as it is known.
type party struct {
	app    string // its id
	client netip.Addr
}

// logRefused tells of an upgrade that was refused.
func (h *home) logRefused(c *engine.Conn, who party, code uint16, reason string) {
	if h.logs() {
		h.log("connection refused", slog.String("app_id", who.app), slog.String("remote", c.Remote()), from(who.client), slog.Int("code", int(code)), slog.String("reason", reason))
	}
}

// logOpened tells of a new session.
func (s *session) logOpened(c *engine.Conn, a *asked) {
	if s.home.logs() {
		s.home.log("connection opened", s.socket(), s.app(), slog.String("remote", c.Remote()), from(a.caller.Addr),
			slog.Bool("tls", a.caller.TLS), slog.Int("protocol", int(s.Version)))
	}
}

// logClosing tells of a session that we close.
func (s *session) logClosing(code uint16, reason string) {
	if s.home.logs() {
		s.home.log("connection is being closed", s.socket(), s.app(), slog.Int("code", int(code)), slog.String("reason", reason))
	}
}

// logEnded tells of a session that has ended, whoever did it.
func (s *session) logEnded(cause engine.Cause) {
	if s.home.logs() {
		s.home.log("connection ended", s.socket(), s.app(), slog.String("cause", cause.String()))
	}
}

// logFailed tells of a command that was refused.
func (s *session) logFailed(code uint16, why apps.Refusal) {
	if s.home.logs() {
		s.home.log("command refused", s.socket(), s.app(), slog.Int("code", int(code)), slog.String("why", why.String()))
	}
}

// logNotSubscribed tells of a subscription that was refused.
func (s *session) logNotSubscribed(channel string, no *refusal) {
	if s.home.logs() {
		s.home.log("subscription refused", s.socket(), s.app(), slog.String("channel", clip(channel)), slog.Int("status", no.status),
			slog.String("why", no.why.String()))
	}
}

// from is whom a connection is for: behind a proxy another than its remote end.
func from(addr netip.Addr) slog.Attr {
	if !addr.IsValid() {
		return slog.String("client", "")
	}
	return slog.String("client", addr.String())
}

func (s *session) socket() slog.Attr { return slog.String("socket_id", s.ID.String()) }

func (s *session) app() slog.Attr { return slog.String("app_id", s.tenant.App.ID) }
