package pusher

import (
	"errors"
	"fmt"

	"fanfare/channels"
	"fanfare/channels/apps"
	"fanfare/channels/users"
	"fanfare/engine"
	"fanfare/protocol"
)

// A hand-over takes all sessions of a node to another process, which is a copy of
// this one, with its own configuration: who was admitted stays, and nobody is told
// anything, because for nobody has anything changed.

// Export writes down the session of a connection, with what it has sent and
// waits for its turn; false when the connection has none of this server's, or
// can't be written down now. Subscribes whose check is not back are written down
// as messages too, so the record is the truth at any moment. frames is as for
// engine.Conn.State. Loop only.
func (s *Server) Export(c *engine.Conn, frames *engine.FrameWriter) (protocol.Record, bool) {
	ss, ok := c.Receiver().(*session)
	if !ok || ss.home.server != s || ss.Session.Closed || !c.Open() {
		return protocol.Record{}, false
	}
	conn, ok := c.State(frames)
	if !ok {
		return protocol.Record{}, false
	}
	r := ss.Export(Name, ss.tenant.App.ID, ss.now())
	if r.Probation {
		r.ProbationLeft = max(ss.home.deadlines.left(ss.Handle), 1)
	}
	r.User = ss.userRecord()
	r.Conn, r.Address = conn, ss.seat.String()
	if w := ss.wait; w != nil {
		r.Waiting = w.messages()
	}
	return r, true
}

// AttachError tells why a session can't be taken up, and what its client is to be
// told: codeReconnect, unless the app is served no more.
type AttachError struct {
	SocketID string
	Code     uint16 // to close with
	Reason   string // for the client
	Err      error
}

// Error names the session.
func (e *AttachError) Error() string {
	return fmt.Sprintf("cannot take up session %.40q: %v", e.SocketID, e.Err)
}

// Unwrap gives what was wrong.
func (e *AttachError) Unwrap() error { return e.Err }

// Attach takes up a session that was written down, on a connection that waits for
// its state: it keeps its socket id, its user and its subscriptions, and goes on
// where it stopped, so that neither its client nor anybody else notices. What the
// channels hold must have been imported. app is the record's app as it is now, nil
// when there is none; frames is as for engine.Conn.Adopt. It fails with an
// *AttachError, and then nothing has happened; TurnAway is what is left to do. What
// waited is carried out with the loop's next turn, which must not come before all
// sessions are back. Loop only.
func (s *Server) Attach(c *engine.Conn, r *protocol.Record, app *apps.App, frames *engine.FrameReader) error {
	if no := s.mayAttach(r, app); no != nil {
		return no
	}
	ss := &session{home: s.homes[c.Loop().Index()]}
	if err := ss.Import(r, app, s.clock()); err != nil {
		return cannotAttach(r, err)
	}
	ss.Handle = c.Handle()
	if err := s.cfg.IDs.Adopt(ss.ID, ss.Handle); err != nil {
		return cannotAttach(r, err)
	}
	ss.catchUpLater(c, r)
	if err := c.Adopt(r.Conn, ss, frames); err != nil {
		s.cfg.IDs.Remove(ss.ID)
		return cannotAttach(r, err)
	}
	ss.settleIn(c, r, app)
	return nil
}

func (*Server) mayAttach(r *protocol.Record, app *apps.App) error {
	switch {
	case r.Protocol != Name:
		return cannotAttach(r, fmt.Errorf("its protocol is %q and this is %q", r.Protocol, Name))
	case app == nil:
		return &AttachError{r.SocketID, codeUnknownApp, "app was removed", fmt.Errorf("app %q is not known here", r.App)}
	case !app.Enabled:
		return &AttachError{r.SocketID, codeDisabled, "app was disabled", fmt.Errorf("app %q is disabled", r.App)}
	}
	return nil
}

// cannotAttach is for what only a new connection can make good.
func cannotAttach(r *protocol.Record, err error) *AttachError {
	return &AttachError{r.SocketID, codeReconnect, "the server was upgraded", err}
}

// settleIn gives the session its places: all that can't fail.
func (s *session) settleIn(c *engine.Conn, r *protocol.Record, app *apps.App) {
	h := s.home
	s.tenant, s.Left = h.tenants.Of(app), min(s.Left, leavesAtOnce)
	s.seat = h.server.cfg.Gate.Adopt(r.Address)
	if s.Counts = !r.Probation || !app.AuthorizedConnections; s.Counts {
		s.tenant.Live.TakeUp()
	} else {
		s.probation(c, r.ProbationLeft)
	}
	h.counters.open.Add(1)
	if idle := s.activitySeconds(); idle != r.Conn.Idle { // else what ran goes on
		c.SetIdle(idle)
	}
	c.SetMaxMessage(app.Limits.MessageSize)
	s.comeBack(r.User)
	s.reenter(r.Subscriptions)
}

// comeBack signs the user in again.
func (s *session) comeBack(r *protocol.UserRecord) {
	if r == nil {
		return
	}
	all := s.home.server.cfg.Users
	s.user = &identity{
		id: r.ID, info: r.Info, rate: protocol.BucketOwing(s.now(), r.RateDebt),
		seat: all.Return(&users.SignIn{App: s.tenant.App.ID, User: r.ID, Place: s.place(), Handle: s.Handle}),
	}
	if !s.tenant.App.Watchlists {
		return
	}
	for _, id := range r.Watchlist {
		s.user.watch = append(s.user.watch, all.WatchAgain(s.tenant.App.ID, id, s.place(), s.Handle))
	}
}

// reenter takes the subscriptions up again.
func (s *session) reenter(list []protocol.SubscriptionRecord) {
	for i := range list {
		sub, _ := s.home.server.registry.Return(s.home.returning(s.tenant.App, s.Handle, &list[i]))
		s.Subs.Add(sub)
	}
}

// returning is what puts a session back on a channel.
func (h *home) returning(app *apps.App, handle channels.Handle, r *protocol.SubscriptionRecord) *channels.Return {
	return &channels.Return{
		App: app.ID, Channel: r.Channel, Place: h.place(), Handle: handle,
		Presence: r.Presence(), Counts: app.SubscriptionCounts && r.Member == nil,
		Serial: r.Serial, Unconfirmed: r.Unconfirmed,
	}
}

// TurnAway says goodbye to the client of a session that Attach could not take up,
// with what its error says, and has the session lost. c, r, app and frames are what
// Attach was given. Loop only; what is to be sent is sent with the loop's next turn.
func (s *Server) TurnAway(c *engine.Conn, r *protocol.Record, app *apps.App, frames *engine.FrameReader, why error) {
	s.Lose(c.Loop(), r, app)
	code, reason := uint16(codeReconnect), "the server was upgraded"
	if no, ok := errors.AsType[*AttachError](why); ok {
		code, reason = no.Code, no.Reason
	}
	if err := c.Adopt(r.Conn, nobody{}, frames); err != nil {
		c.Abort(engine.CauseLocal)
		return
	}
	h := s.homes[c.Loop().Index()]
	if r.Version < closesAlone {
		c.Reply(h.text(func(dst []byte) []byte { return appendError(dst, code, reason) }))
	}
	h.counters.closeWith(code)
	c.Close(code, reason)
}

// Lose ends a session that was written down and whose connection did not come
// along: who was told that it is there is told that it has gone. app is the record's
// app as it is now; nothing is told about one that is gone or disabled. Loop only; it
// happens with the loop's next turn, which must not come before all others are back.
func (s *Server) Lose(l *engine.Loop, r *protocol.Record, app *apps.App) {
	if r.Protocol != Name || app == nil || !app.Enabled {
		return
	}
	h := s.homes[l.Index()]
	l.Post(engine.TaskFunc(func(*engine.Loop) { h.lose(r, app) }))
}

// lose has a session without a connection come back and leave.
func (h *home) lose(r *protocol.Record, app *apps.App) {
	const nobodys = ^channels.None
	for i := range r.Subscriptions {
		b := h.returning(app, nobodys, &r.Subscriptions[i])
		sub, _ := h.server.registry.Return(b)
		h.server.registry.Unsubscribe(sub)
	}
	if u := r.User; u != nil {
		all := h.server.cfg.Users
		all.End(all.Return(&users.SignIn{App: app.ID, User: u.ID, Place: h.place(), Handle: nobodys}))
	}
}
