package pusher

import (
	"context"
	"errors"
	"time"

	"fanfare/channels/apps"
	"fanfare/engine"
)

const (
	textFull    = "this server has as many connections as it can hold; try again later"
	textLookups = "too many connections wait for their app's settings; try again later"
	textLookup  = "the app's settings could not be read in time; try again later"
)

// lookUp parks an upgrade whose app the store has to look up. A worker asks;
// how many wait is bounded, and for how long, the time in the pool's queue
// included. A connection over the limit is not worth asking for.
func (s *Server) lookUp(c *engine.Conn, a asked) {
	if c.Surplus() {
		s.refuse(c, codeCapacity, textFull)
		return
	}
	if s.lookups.Add(1) > int64(s.cfg.MaxLookups) {
		s.lookups.Add(-1)
		s.refuse(c, codeCapacity, textLookups)
		return
	}
	l, h, deadline := c.Loop(), c.Handle(), time.Now().Add(s.cfg.LookupTimeout)
	job := func() {
		defer s.lookups.Add(-1)
		answer := &lookedUp{server: s, handle: h, asked: a, err: errNoAnswer}
		defer l.Post(answer)
		ctx, cancel := context.WithDeadline(context.Background(), deadline)
		defer cancel()
		answer.app, answer.err = s.cfg.Apps.FetchByKey(ctx, a.key)
	}
	if s.cfg.Submit(job) != nil {
		s.lookups.Add(-1)
		s.refuse(c, codeCapacity, textLookups)
		return
	}
	c.Park()
}

var errNoAnswer = errors.New("the app store gave no answer")

// lookedUp brings an app back to the loop on which an upgrade waits for it.
type lookedUp struct {
	server *Server
	handle engine.Handle
	asked  asked
	app    *apps.App
	err    error
}

// Run implements engine.Task.
func (a *lookedUp) Run(l *engine.Loop) {
	c := l.Conn(a.handle)
	if c == nil || !c.Parked() {
		return
	}
	switch {
	case errors.Is(a.err, apps.ErrUnknown):
		a.server.refuseUnknown(c, a.asked.key)
	case a.err != nil || a.app == nil:
		a.server.homes[l.Index()].counters.lookupErrors.Add(1)
		a.server.refuse(c, codeCapacity, textLookup)
	default:
		a.server.admit(c, a.app, &a.asked)
	}
}
