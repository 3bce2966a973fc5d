package pusher

import (
	"context"
	"errors"

	"fanfare/channels/apps"
	"fanfare/engine"
	"fanfare/protocol"
)

const (
	textFull    = "this server has as many connections as it can hold; try again later"
	textLookups = "too many connections wait for their app's settings; try again later"
	textLookup  = "the app's settings could not be read in time; try again later"
)

// lookUp parks an upgrade whose app the store has to look up. A connection over
// the limit is not worth asking for.
func (s *Server) lookUp(c *engine.Conn, a asked) {
	if c.Surplus() {
		s.refuse(c, party{client: a.caller.Addr}, codeCapacity, textFull)
		return
	}
	err := s.lookups.Start(c, protocol.Lookup{
		Size:  a.size(),
		Fetch: func(ctx context.Context) (*apps.App, error) { return s.cfg.Apps.FetchByKey(ctx, a.key) },
		Answer: func(c *engine.Conn, app *apps.App, err error) {
			s.lookedUp(c, &a, app, err)
		},
	})
	if err != nil {
		s.refuse(c, party{client: a.caller.Addr}, codeCapacity, textLookups)
	}
}

// lookedUp goes on with an upgrade that waited. What the store knows by now
// counts, if it knows: the record may have changed on its way here.
func (s *Server) lookedUp(c *engine.Conn, a *asked, app *apps.App, err error) {
	switch now, answer := s.cfg.Apps.ByKey(a.key); {
	case err == nil && answer == apps.Found:
		s.admit(c, now, a)
	case err == nil && answer == apps.Unknown:
		s.refuseUnknown(c, a)
	case err == nil:
		s.admit(c, app, a)
	case errors.Is(err, apps.ErrUnknown):
		s.refuseUnknown(c, a)
	default:
		s.homes[c.Loop().Index()].counters.lookupErrors.Add(1)
		s.refuse(c, party{client: a.caller.Addr}, codeCapacity, textLookup)
	}
}
