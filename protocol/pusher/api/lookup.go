package api

import (
	"context"
	"errors"

	"fanfare/channels/apps"
	"fanfare/engine"
	"fanfare/protocol"
)

// lookUp parks a request whose app the store has to look up.
func (s *Server) lookUp(c *engine.Conn, q *request) {
	q = q.clone()
	err := s.lookups.Start(c, protocol.Lookup{
		Size:  q.size(),
		Fetch: func(ctx context.Context) (*apps.App, error) { return s.cfg.Apps.FetchByID(ctx, q.id) },
		Answer: func(c *engine.Conn, app *apps.App, err error) {
			s.homeOf(c.Loop()).lookedUp(c, q, app, err)
		},
	})
	if err != nil {
		s.homeOf(c.Loop()).refuse(c, q.asker(), errLookups)
	}
}

// lookedUp goes on with a request that waited. What the store knows by now
// counts, if it knows: the record may have changed on its way here.
func (h *home) lookedUp(c *engine.Conn, q *request, app *apps.App, err error) {
	switch now, answer := h.server.cfg.Apps.ByID(q.id); {
	case err == nil && answer == apps.Found:
		h.serve(c, now, q)
	case err == nil && answer == apps.Unknown:
		h.refuse(c, q.asker(), unknownApp(q.id))
	case err == nil:
		h.serve(c, app, q)
	case errors.Is(err, apps.ErrUnknown):
		h.refuse(c, q.asker(), unknownApp(q.id))
	default:
		h.counters.lookupErrors.Add(1)
		h.refuse(c, q.asker(), errLookup)
	}
}

func (s *Server) homeOf(l *engine.Loop) *home { return s.homes[l.Index()] }
