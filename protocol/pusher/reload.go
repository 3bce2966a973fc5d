package pusher

import (
	"fanfare/channels/apps"
	"fanfare/engine"
)

// Changed tells that an app's record was replaced by now, or that there is no
// such app any more: then now is nil. before is the record that was told last,
// nil if none was. Sessions have the new record from here on, also what they
// were given of the old one when they came; those of an app that is gone or
// disabled are closed. Any goroutine but a loop.
func (s *Server) Changed(id string, before, now *apps.App) {
	if now == nil {
		s.slow.forget(id)
		s.registry.Drop(id)
	}
	for i := range s.homes {
		s.cfg.Loop(i).Post(&change{server: s, id: id, before: before, app: now})
	}
}

// change is an app's new record on its way to a loop.
type change struct {
	server *Server
	id     string
	before *apps.App
	app    *apps.App
	whom   []engine.Handle    // the app's sessions
	do     func(*engine.Conn) // with each of them
}

// atOnce is how many sessions have their turn before others do.
const atOnce = 512

// Run implements engine.Task.
func (k *change) Run(l *engine.Loop) {
	tenants := k.server.homes[l.Index()].tenants
	if tenants.Find(k.id) == nil {
		return
	}
	switch {
	case k.app == nil:
		tenants.Forget(k.id)
		k.do = func(c *engine.Conn) { dismiss(c, "app was removed") }
	case !k.app.Enabled:
		tenants.Of(k.app)
		k.do = func(c *engine.Conn) { dismiss(c, "app was disabled") }
	default:
		tenants.Of(k.app)
		if k.before != nil && sameForSessions(k.before, k.app) {
			return
		}
		k.do = renew
	}
	k.gather(l)
	k.some(l)
}

// gather notes the app's sessions.
func (k *change) gather(l *engine.Loop) {
	l.Each(func(c *engine.Conn) {
		if s, ok := c.Receiver().(*session); ok && s.tenant.App.ID == k.id {
			k.whom = append(k.whom, c.Handle())
		}
	})
}

// some has some of the sessions have their turn, and itself called again for
// the rest.
func (k *change) some(l *engine.Loop) {
	some := k.whom[:min(len(k.whom), atOnce)]
	k.whom = k.whom[len(some):]
	for _, h := range some {
		if c := l.Conn(h); c != nil && c.Open() {
			k.do(c)
		}
	}
	if len(k.whom) > 0 {
		l.Post(engine.TaskFunc(k.some))
	}
}

// dismiss closes a session whose app is served no more.
func dismiss(c *engine.Conn, reason string) {
	if s, ok := c.Receiver().(*session); ok {
		s.End(c, codeDisabled, reason)
	}
}

// sameForSessions tells that nothing is different that sessions were given when
// they came.
func sameForSessions(a, b *apps.App) bool {
	return a.ActivityTimeout == b.ActivityTimeout && a.Limits.MessageSize == b.Limits.MessageSize &&
		a.Watchlists == b.Watchlists && a.SubscriptionCounts == b.SubscriptionCounts
}

// renew gives a session what its app says now. A client keeps to the activity
// timeout that it was told; the server asks when its own is over, and every
// client answers that.
func renew(c *engine.Conn) {
	s, ok := c.Receiver().(*session)
	if !ok {
		return
	}
	c.SetMaxMessage(s.tenant.App.Limits.MessageSize)
	c.SetIdle(s.activitySeconds())
	if s.user != nil && !s.tenant.App.Watchlists {
		s.watch(nil)
	}
	for sub := range s.Subs.All() {
		if sub.Member() == nil {
			s.home.server.registry.SetCounts(sub, s.tenant.App.SubscriptionCounts)
		}
	}
}
