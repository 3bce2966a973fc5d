package channels

import (
	"errors"
	"fmt"
)

// ErrFull refuses a subscription because the channel has as many as it may have.
var ErrFull = errors.New("channel is full")

// ErrCrowded refuses a subscription because the registry has as many as it may
// have.
var ErrCrowded = errors.New("the server has as many subscriptions as it can hold; try again later")

// ErrMembersFull is what a [MembersFullError] is.
var ErrMembersFull = errors.New("presence channel is full")

// MembersFullError refuses a new member, because the presence channel has as
// many as it may have.
type MembersFullError struct {
	Channel string
	Max     int
}

// Error names the channel and its limit.
func (e *MembersFullError) Error() string {
	return fmt.Sprintf("presence channel %q is full: it has %d members, which is the app's limit", e.Channel, e.Max)
}

// Unwrap makes errors.Is(err, ErrMembersFull) true.
func (e *MembersFullError) Unwrap() error { return ErrMembersFull }

// Join asks for a subscription.
type Join struct {
	App     string // kept
	Channel string // copied when it is kept, so it may be borrowed
	Place   Place
	Handle  Handle

	// Presence is who joins a presence channel, nil on all other channels. It
	// is kept and must not be changed.
	Presence *Member

	// Cached asks for the message that the channel keeps.
	Cached bool

	// Counts has the channel tell its subscribers how many they are, from now
	// on. The last to join decides.
	Counts bool

	// MaxSubscriptions limits the subscriptions of the channel; 0 is no limit.
	MaxSubscriptions int

	// MaxMembers limits the members of a presence channel; 0 is no limit.
	// Further connections of a member are not counted.
	MaxMembers int
}

// Subscription is a session's place on a channel. Its methods may be called
// from any goroutine, but for Active.
type Subscription struct {
	// Static after construction.
	list   *list
	member *Member
	handle Handle
	serial uint64

	// Owned by the loop.
	index int32 // in the list, while active
	state state
}

// state is how far a subscription has come.
type state uint8

const (
	joining state = iota // the marker is on its way
	active               // on the list
	left
)

// App returns the id of the channel's app.
func (s *Subscription) App() string { return s.list.channel.app }

// Channel returns the channel's name.
func (s *Subscription) Channel() string { return s.list.channel.name }

// Place returns where the subscriber lives.
func (s *Subscription) Place() Place { return s.list.place }

// Handle returns the session's handle.
func (s *Subscription) Handle() Handle { return s.handle }

// Member returns who the subscriber is on a presence channel, as others see
// it, and nil on other channels. It must not be changed.
func (s *Subscription) Member() *Member { return s.member }

// Serial returns the channel's serial at the moment of the join: the first
// message for the subscriber has the next one.
func (s *Subscription) Serial() uint64 { return s.serial }

// Active reports whether the subscription is confirmed and not ended. Loop
// only.
func (s *Subscription) Active() bool { return s.state == active }

// Subscribe puts a session on a channel. Call it on the loop of j.Place, and
// not twice for the same session and channel: nothing here would notice. The
// subscription counts at once; [Sink.Joined] confirms it when the loop has
// dealt with the messages before it. It fails with [ErrFull], [ErrCrowded] or a
// [MembersFullError], and then nothing has happened.
func (r *Registry) Subscribe(j Join) (*Subscription, error) {
	r.check(j.Place.Loop)
	if r.share > 0 && r.loops[j.Place.Loop].subscriptions.Load() >= r.share {
		return nil, ErrCrowded
	}
	s := &Subscription{handle: j.Handle}
	for {
		c := r.obtain(j.App, j.Channel)
		alive, err := r.join(c, &j, s)
		switch {
		case !alive:
			r.remove(c)
		case err != nil:
			return nil, err
		default:
			r.loops[j.Place.Loop].subscriptions.Add(1)
			return s, nil
		}
	}
}

// join does all of a subscription that has to be one step on the channel. It
// reports false when the channel has vanished.
func (r *Registry) join(c *channel, j *Join, s *Subscription) (alive bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead {
		return false, nil
	}
	if err = c.admitLocked(j); err != nil {
		return true, err
	}
	if len(c.places) == 0 {
		r.loops[j.Place.Loop].channels.Add(1)
		r.tell(Occasion{Kind: Occupied, App: c.app, Channel: c.name})
	}
	if j.Presence != nil {
		s.member = r.enterLocked(c, j)
	}
	s.serial = c.serial
	s.list = c.occupyLocked(j.Place)
	now := r.snapshotLocked(c, j.Presence != nil, j.Cached)
	if j.Cached && now.Cached == nil {
		r.tell(Occasion{Kind: CacheMissed, App: c.app, Channel: c.name})
	}
	r.mailboxes[j.Place.Loop].Post(Delivery{list: s.list, subscription: s, snapshot: now})
	if j.Counts || c.extra != nil {
		c.extraLocked().tally.wanted = j.Counts
		r.countLocked(c)
	}
	return true, nil
}

// admitLocked refuses a subscriber or a member for whom there is no room.
func (c *channel) admitLocked(j *Join) error {
	if j.MaxSubscriptions > 0 && c.subscribersLocked() >= j.MaxSubscriptions {
		return ErrFull
	}
	if j.Presence == nil || j.MaxMembers <= 0 || c.membersLocked().Len() < j.MaxMembers {
		return nil
	}
	if c.extra.presence.find(j.Presence.UserID) >= 0 {
		return nil
	}
	return &MembersFullError{Channel: c.name, Max: j.MaxMembers}
}

// enterLocked makes the joiner a member, and tells those who are there already
// if it is new. The joiner is not yet among them.
func (r *Registry) enterLocked(c *channel, j *Join) *Member {
	p := &c.extraLocked().presence
	p.formats = len(r.sinks)
	if i := p.find(j.Presence.UserID); i >= 0 {
		return p.join(i)
	}
	p.enter(j.Presence)
	r.loops[j.Place.Loop].members.Add(1)
	r.tellLocked(c, MemberAdded, j.Presence)
	r.tell(Occasion{Kind: MemberCame, App: c.app, Channel: c.name, UserID: j.Presence.UserID})
	return j.Presence
}

// snapshotLocked is what a joiner has to be told.
func (r *Registry) snapshotLocked(c *channel, presence, cached bool) *Snapshot {
	if !presence && !cached {
		return nil
	}
	now := &Snapshot{}
	if presence {
		now.Members = c.membersLocked()
	}
	if cached {
		now.Cached = c.cachedLocked(r.now()).Message
	}
	return now
}

// Unsubscribe ends a subscription at once: when it returns, no message of the
// channel reaches the handle any more. Call it on the loop of the subscription,
// also from within the sink. Ending a subscription twice does nothing.
func (r *Registry) Unsubscribe(s *Subscription) {
	r.check(s.list.place.Loop)
	switch s.state {
	case left:
		return
	case active:
		s.list.remove(s)
	case joining: // The marker will confirm it, but not add it.
	}
	s.state = left
	r.loops[s.list.place.Loop].subscriptions.Add(-1)
	if c := s.list.channel; r.leave(c, s) {
		r.remove(c)
	}
}

// leave does all of an unsubscription that has to be one step on the channel.
// It reports whether that was the channel's end.
func (r *Registry) leave(c *channel, s *Subscription) (dead bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	loop := &r.loops[s.list.place.Loop]
	c.vacateLocked(s.list.place)
	if s.member != nil && c.extra.presence.leave(s.member.UserID) {
		loop.members.Add(-1)
		r.tellLocked(c, MemberRemoved, s.member)
		r.tell(Occasion{Kind: MemberWent, App: c.app, Channel: c.name, UserID: s.member.UserID})
	}
	r.countLocked(c)
	if len(c.places) == 0 {
		loop.channels.Add(-1)
		r.tell(Occasion{Kind: Vacated, App: c.app, Channel: c.name})
	}
	c.dead = c.idleLocked()
	return c.dead
}

// tellLocked publishes a member event, for which no room is needed: who is
// there has to be true however full the mailboxes are. It is encoded on the
// loops, not under the lock.
func (r *Registry) tellLocked(c *channel, kind Kind, who *Member) {
	m := &Message{App: c.app, Channel: c.name, Kind: kind, Member: who}
	m.prepare(len(r.sinks))
	r.postLocked(c, m, 0)
}
