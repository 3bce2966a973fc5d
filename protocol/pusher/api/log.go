package api

import (
	"context"
	"log/slog"

	"fanfare/channels/apps"
)

// asker is whose request is answered: what the log says of it.
type asker struct {
	id  requestID
	app string // its id, or what a stranger took for one; "" while it is not known
}

// log writes a line for a request that was not done: a warning where it is our
// fault, else for whoever looks for the reason of a complaint. What the answer
// says is in it only where that can't be the caller's own words.
func (h *home) log(who asker, no *refusal) {
	level, text := slog.LevelDebug, "request refused"
	if no.status >= 500 {
		level, text = slog.LevelWarn, "request failed"
	}
	log, ctx := h.server.cfg.Log, context.Background()
	if !log.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 6)
	attrs = append(attrs, slog.String("request_id", string(h.ids.write(who.id))), slog.Int("status", no.status))
	if why := no.reason(); why != "" {
		attrs = append(attrs, slog.String("why", why))
	}
	if who.app != "" {
		attrs = append(attrs, slog.String("app_id", clip(who.app)))
	}
	if detail := no.detail(); detail != "" {
		attrs = append(attrs, slog.String("detail", detail))
	}
	log.LogAttrs(ctx, level, text, attrs...)
}

// reason is why in a word; "" where no app is known that it is counted for.
func (e *refusal) reason() string {
	if e.why == apps.RefusedDisabled && e.status != 403 {
		return ""
	}
	return e.why.String()
}

// detail is what may be known of a refusal without knowing the request.
func (e *refusal) detail() string {
	if e.status >= 500 || e.status == 429 || e.status == 403 || e.status == 413 {
		return e.text
	}
	return e.known
}
