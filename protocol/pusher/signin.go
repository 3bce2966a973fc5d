package pusher

import (
	"fmt"
	"slices"

	"fanfare/channels"
	"fanfare/channels/apps"
	"fanfare/channels/users"
	"fanfare/engine"
)

// signinsPerSecond is how often a session that is signed in may do so again.
const signinsPerSecond = 5

// signIn makes the session the user's whose user_data was signed.
func (s *session) signIn(c *engine.Conn, w *want, unauthorized error) {
	if unauthorized != nil {
		s.failRefused(c, refused(unauthorized))
		return
	}
	if s.user != nil && !s.user.rate.Take(s.now(), signinsPerSecond) {
		s.fail(c, apps.RefusedRate, fmt.Sprintf("this connection is signed in, and may sign in again %d times a second", signinsPerSecond))
		return
	}
	p, err := s.home.profile(w.data, s.tenant.App)
	if err != nil {
		s.failRefused(c, refused(err))
		return
	}
	if err := s.authorize(c, func() error { return s.become(p) }); err != nil {
		s.failRefused(c, refused(err))
		return
	}
	if !c.Open() {
		return
	}
	s.reply(c, s.home.text(func(dst []byte) []byte { return appendSigninSuccess(dst, w.data) }))
	s.tellWatched(c)
	if p.cut {
		s.failCode(c, codeWatchlist, apps.RefusedCount, fmt.Sprintf("watchlist has more than %d users: the first %[1]d are watched", s.tenant.App.Limits.Watchlist))
	}
}

func (s *session) failRefused(c *engine.Conn, no *refusal) { s.fail(c, no.why, no.text) }

// become signs the user in, or again.
func (s *session) become(p *profile) error {
	if s.user == nil {
		seat, err := s.home.server.cfg.Users.SignIn(&users.SignIn{
			App: s.tenant.App.ID, User: p.id, Place: s.place(), Handle: s.Handle,
			Max: s.tenant.App.Limits.ConnectionsPerUser,
		})
		if err != nil {
			return &refusal{err.Error(), typeLimit, statusFull, apps.RefusedCount}
		}
		s.user = &identity{id: p.id, seat: seat}
	} else if s.user.id != p.id {
		return &refusal{
			"this connection is signed in as " + clip(s.user.id) + ": open another one for another user",
			typeAuth, statusForbidden, apps.RefusedDuplicate,
		}
	}
	s.user.info = p.info
	s.watch(p.watchlist)
	return nil
}

// place is where the session's subscriptions live.
func (s *session) place() channels.Place { return s.home.place() }

func (h *home) place() channels.Place {
	return channels.Place{Loop: uint16(h.index), Format: h.server.format}
}

// watch has the session told when these users come and go, and no others.
func (s *session) watch(list []string) {
	keep := s.user.watch[:0]
	for _, sub := range s.user.watch {
		if slices.Contains(list, users.Watched(sub)) {
			keep = append(keep, sub)
		} else {
			s.home.server.cfg.Users.End(sub)
		}
	}
	clear(s.user.watch[len(keep):])
	s.user.watch = keep
	for _, id := range list {
		s.watchOne(id)
	}
}

func (s *session) watchOne(id string) {
	watches := func(sub *channels.Subscription) bool { return users.Watched(sub) == id }
	if !s.tenant.App.Watchlists || slices.ContainsFunc(s.user.watch, watches) {
		return
	}
	sub, err := s.home.server.cfg.Users.Watch(s.tenant.App.ID, id, s.place(), s.Handle)
	if err == nil { // a channel of its kind refuses nobody
		s.user.watch = append(s.user.watch, sub)
	}
}

// tellWatched tells who of the watchlist is online and who is not. What happens
// meanwhile is told after it.
func (s *session) tellWatched(c *engine.Conn) {
	if len(s.user.watch) == 0 {
		return
	}
	var online, offline []string
	for _, sub := range s.user.watch {
		if id := users.Watched(sub); s.home.server.cfg.Users.Online(s.tenant.App.ID, id) {
			online = append(online, id)
		} else {
			offline = append(offline, id)
		}
	}
	s.tellChanges(c, online, offline)
}

// tellChanges tells who is online and who is not, if there is anybody.
func (s *session) tellChanges(c *engine.Conn, online, offline []string) {
	if len(online)+len(offline) > 0 {
		s.reply(c, s.home.text(func(dst []byte) []byte { return appendWatchlist(dst, online, offline) }))
	}
}

// signOut ends the session's part in the user's presence.
func (s *session) signOut() {
	if s.user == nil {
		return
	}
	s.watch(nil)
	s.home.server.cfg.Users.End(s.user.seat)
	s.user = nil
}
