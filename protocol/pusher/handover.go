package pusher

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"fanfare/channels"
	"fanfare/channels/apps"
	"fanfare/channels/users"
	"fanfare/engine"
	"fanfare/protocol"
	"fanfare/protocol/pusher/names"
	"fanfare/protocol/strictjson"
)

// Export writes down the session of a connection, with what it has sent and
// waits for its turn; false when the connection has none of this server's.
// Subscribes whose check is not back are written down as messages too, so the
// record is the truth at any moment. frames is as for engine.Conn.State. Loop only.
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
	for i := range r.Subscriptions {
		sub := ss.Subs.Get(r.Subscriptions[i].Channel)
		r.Subscriptions[i].Unconfirmed = !sub.Active() && !ss.brought(sub)
	}
	r.User = ss.userRecord()
	r.Conn, r.Address = conn, ss.seat.String()
	if w := ss.wait; w != nil {
		r.Waiting = w.messages()
	}
	return r, true
}

// messages are the commands that were received and not carried out, oldest
// first.
func (w *wait) messages() []string {
	var all []string
	if w.job != nil {
		all = appendWants(all, w.job.wants)
	}
	all = appendWants(all, w.wants)
	for at := w.next; at < len(w.backlog); {
		rest := wait{backlog: w.backlog, next: at}
		text, next := rest.oldest()
		all = append(all, string(text))
		at = next
	}
	return all
}

func appendWants(all []string, wants []want) []string {
	for i := range wants {
		all = append(all, wants[i].message())
	}
	return all
}

// message is the command as a client would send it.
func (w *want) message() string {
	if w.user {
		b := []byte(`{"event":"pusher:signin","data":{"auth":`)
		b = strictjson.AppendString(b, w.auth)
		b = append(b, `,"user_data":`...)
		b = strictjson.AppendString(b, w.data)
		return string(append(b, "}}"...))
	}
	b := []byte(`{"event":"pusher:subscribe","data":{"channel":`)
	b = strictjson.AppendString(b, w.channel)
	b = append(b, `,"auth":`...)
	b = strictjson.AppendString(b, w.auth)
	if w.hasData {
		b = append(b, `,"channel_data":`...)
		b = strictjson.AppendString(b, w.data)
	}
	return string(append(b, "}}"...))
}

// Attach takes up a session that was written down, on a connection that has
// not spoken yet: it keeps its socket id and its subscriptions, and goes on
// where it stopped, so that the client doesn't notice. app is the record's app
// as it is now, and frames is as for engine.Conn.Adopt. When the error is not nil and c.Receiver() is, nothing has
// happened; otherwise it tells which subscriptions were lost, as does a
// pusher:error the client. Loop only.
func (s *Server) Attach(c *engine.Conn, r *protocol.Record, app *apps.App, frames *engine.FrameReader) error {
	ss, err := s.revive(c, r, app)
	if err != nil {
		return err
	}
	lostUser := ss.resume(r.User)
	lost := ss.reenter(r)
	// What waited comes before what the connection has read since.
	w, resuming := ss.waiting(), &check{}
	w.job = resuming
	for _, text := range r.Waiting {
		w.append([]byte(text))
	}
	if err := c.Adopt(r.Conn, ss, frames); err != nil {
		ss.Closed(c, engine.CauseLocal)
		return fmt.Errorf("cannot take up session %s: %w", ss.ID, err)
	}
	if idle := ss.activitySeconds(); idle != r.Conn.Idle { // else what ran goes on
		c.SetIdle(idle)
	}
	c.SetMaxMessage(ss.tenant.App.Limits.MessageSize)
	if !ss.Counts {
		ss.probation(c)
	}
	ss.catchUpWatched(c, r.User)
	errs := make([]error, 0, len(lost)+1)
	if lostUser != nil {
		ss.failRefused(c, refused(lostUser))
		errs = append(errs, fmt.Errorf("session %s lost its sign-in: %w", ss.ID, lostUser))
	}
	for _, l := range lost {
		ss.refuseSubscribe(c, l.channel, l.no)
		errs = append(errs, fmt.Errorf("session %s lost a subscription: %w", ss.ID, l.no))
	}
	if w.job == resuming {
		w.job = nil
		ss.goOn(c)
	}
	return errors.Join(errs...)
}

// revive makes a session of a record and enters it everywhere but on its
// channels.
func (s *Server) revive(c *engine.Conn, r *protocol.Record, app *apps.App) (*session, error) {
	if r.Protocol != Name {
		return nil, fmt.Errorf("cannot take up a session of protocol %q: this is %q", r.Protocol, Name)
	}
	if app != nil && !app.Enabled {
		return nil, fmt.Errorf("cannot take up session %s: app %q is disabled", r.SocketID, app.ID)
	}
	h := s.homes[c.Loop().Index()]
	ss := &session{home: h}
	if err := ss.Import(r, app, s.clock()); err != nil {
		return nil, err
	}
	ss.tenant, ss.Handle = h.tenants.Of(app), c.Handle()
	if err := s.cfg.IDs.Adopt(ss.ID, ss.Handle); err != nil {
		return nil, err
	}
	probation := r.Probation && app.AuthorizedConnections
	if ss.Counts = !probation && ss.tenant.Live.Acquire(app.MaxConnections); !ss.Counts && !probation {
		s.cfg.IDs.Remove(ss.ID)
		return nil, fmt.Errorf("cannot take up session %s: app %q has its maximum of %d connections open", ss.ID, app.ID, app.MaxConnections)
	}
	ss.seat = s.cfg.Gate.Adopt(r.Address)
	h.counters.open.Add(1)
	h.counters.opened.Add(1)
	return ss, nil
}

// resume signs the user in again, without a word to the client.
func (s *session) resume(r *protocol.UserRecord) error {
	if r == nil {
		return nil
	}
	return s.become(&profile{id: r.ID, info: r.Info, watchlist: r.Watchlist})
}

// catchUpWatched tells the client what of its watchlist is not as it was told
// before. Who was online and is not here may come yet.
func (s *session) catchUpWatched(c *engine.Conn, r *protocol.UserRecord) {
	if r == nil || s.user == nil {
		return
	}
	var came, gone []string
	for _, sub := range s.user.watch {
		id := users.Watched(sub)
		was, is := slices.Contains(r.Online, id), s.home.server.cfg.Users.Online(s.tenant.App.ID, id)
		switch {
		case is && !was:
			came = append(came, id)
		case was && !is:
			gone = append(gone, id)
		}
	}
	s.tellChanges(c, came, nil)
	if len(gone) > 0 {
		l, k := c.Loop(), &stillGone{handle: s.Handle, ids: gone}
		time.AfterFunc(s.home.server.cfg.Users.Delay(), func() { l.Post(k) })
	}
}

// stillGone are users who were online where a session came from.
type stillGone struct {
	handle engine.Handle
	ids    []string
}

// Run implements engine.Task: who has not come either is told as offline.
func (k *stillGone) Run(l *engine.Loop) {
	c := l.Conn(k.handle)
	if c == nil {
		return
	}
	s, ok := c.Receiver().(*session)
	if !ok || s.user == nil {
		return
	}
	all := s.home.server.cfg.Users
	s.tellChanges(c, nil, slices.DeleteFunc(k.ids, func(id string) bool { return all.Online(s.tenant.App.ID, id) }))
}

// mayKeep refuses the channel of a user who could not be signed in again.
func (s *session) mayKeep(channel string) error {
	if names.KindOf(channel).User() {
		return s.owns(channel)
	}
	return nil
}

// brought tells that the session came with the subscription, confirmed, from
// an earlier life.
func (s *session) brought(sub *channels.Subscription) bool {
	return s.wait != nil && slices.Contains(s.wait.quiet, sub)
}

// reenter takes the subscriptions up again, without a word to the client but
// the confirmations that it waits for. It returns those that were lost.
func (s *session) reenter(r *protocol.Record) (lost []want) {
	for i := range r.Subscriptions {
		sub := &r.Subscriptions[i]
		if err := s.mayKeep(sub.Channel); err != nil {
			lost = append(lost, want{channel: sub.Channel, no: refused(err)})
			continue
		}
		if err := s.enter(sub.Channel, sub.Presence(), sub.Unconfirmed); err != nil {
			lost = append(lost, want{channel: sub.Channel, no: refused(err)})
			continue
		}
		if !sub.Unconfirmed {
			w := s.waiting()
			w.quiet = append(w.quiet, s.Subs.Get(sub.Channel))
		}
	}
	return lost
}
