package pusher

import (
	"fanfare/channels/apps"
	"fanfare/engine"
)

// Changed tells that an app's record was replaced by now, or that there is no
// such app any more: then now is nil. Sessions have the new record from here
// on; those of an app that is gone or disabled are closed. Any goroutine.
func (s *Server) Changed(id string, now *apps.App) {
	for i := range s.homes {
		s.cfg.Loop(i).Post(&change{server: s, id: id, app: now})
	}
}

// change is an app's new record on its way to a loop.
type change struct {
	server *Server
	id     string
	app    *apps.App
	leave  []engine.Handle // sessions to be closed
}

// closeAtOnce is how many sessions are closed before others have their turn.
const closeAtOnce = 512

// Run implements engine.Task.
func (k *change) Run(l *engine.Loop) {
	tenants := k.server.homes[l.Index()].tenants
	if tenants.Find(k.id) == nil {
		return
	}
	if k.app != nil && k.app.Enabled {
		tenants.Of(k.app)
		return
	}
	if k.app == nil {
		tenants.Forget(k.id)
	}
	l.Each(func(c *engine.Conn) {
		if s, ok := c.Receiver().(*session); ok && s.tenant.App.ID == k.id {
			k.leave = append(k.leave, c.Handle())
		}
	})
	l.Post(engine.TaskFunc(k.close))
}

// close closes some of the sessions, and has itself called again for the rest.
func (k *change) close(l *engine.Loop) {
	reason := "app was disabled"
	if k.app == nil {
		reason = "app was removed"
	}
	some := k.leave[:min(len(k.leave), closeAtOnce)]
	k.leave = k.leave[len(some):]
	for _, h := range some {
		c := l.Conn(h)
		if c == nil {
			continue
		}
		if s, ok := c.Receiver().(*session); ok && !s.Session.Closed {
			s.End(c, codeDisabled, reason)
		}
	}
	if len(k.leave) > 0 {
		l.Post(engine.TaskFunc(k.close))
	}
}
