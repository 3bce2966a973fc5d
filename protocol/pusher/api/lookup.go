package api

import (
	"context"
	"errors"

	"fanfare/channels/apps"
	"fanfare/engine"
)

// lookUp parks a request whose app the store has to look up. A worker asks; how
// many wait, how long, and how much they hold is bounded.
func (s *Server) lookUp(c *engine.Conn, q *request) {
	size := q.size()
	if !s.holdLookup(size) {
		s.homeOf(c.Loop()).refuse(c, errLookups)
		return
	}
	l, a := c.Loop(), &lookedUp{server: s, handle: c.Handle(), request: q.clone(), err: errNoAnswer}
	job := func() {
		defer s.dropLookup(size)
		defer l.Post(a)
		ctx, cancel := context.WithTimeout(context.Background(), s.cfg.LookupTimeout)
		defer cancel()
		a.app, a.err = s.cfg.Apps.FetchByID(ctx, a.request.id)
	}
	if s.cfg.Submit(job) != nil {
		s.dropLookup(size)
		s.homeOf(l).refuse(c, errLookups)
		return
	}
	c.Park()
}

// holdLookup counts one more request that waits, unless there are too many.
func (s *Server) holdLookup(size int64) bool {
	n, bytes := s.lookups.Add(1), s.lookupBytes.Add(size)
	if n <= int64(s.cfg.MaxLookups) && bytes <= s.cfg.LookupBytes {
		return true
	}
	s.dropLookup(size)
	return false
}

func (s *Server) dropLookup(size int64) {
	s.lookups.Add(-1)
	s.lookupBytes.Add(-size)
}

// errNoAnswer stands when the store panicked.
var errNoAnswer = errors.New("the app store gave no answer")

// lookedUp brings an app back to the loop on which a request waits for it.
type lookedUp struct {
	server  *Server
	handle  engine.Handle
	request *request
	app     *apps.App
	err     error
}

// Run implements engine.Task.
func (a *lookedUp) Run(l *engine.Loop) {
	c := l.Conn(a.handle)
	if c == nil || !c.Parked() {
		return
	}
	h := a.server.homeOf(l)
	switch {
	case errors.Is(a.err, apps.ErrUnknown):
		h.refuse(c, unknownApp(a.request.id))
	case a.err != nil || a.app == nil:
		h.counters.lookupErrors.Add(1)
		h.refuse(c, errLookup)
	default:
		h.serve(c, a.app, a.request)
	}
}

func (s *Server) homeOf(l *engine.Loop) *home { return s.homes[l.Index()] }
