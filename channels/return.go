package channels

import "slices"

// Return is a subscription from an earlier life of the session.
type Return struct {
	App     string // kept
	Channel string // copied when it is kept
	Place   Place
	Handle  Handle

	// Presence is who the session is on a presence channel, nil on all others. It
	// is kept and must not be changed.
	Presence *Member

	// Counts is as in [Join].
	Counts bool

	// Serial is what [Subscription.Serial] was.
	Serial uint64

	// Unconfirmed tells that the session waits for its confirmation.
	Unconfirmed bool
}

// Return puts a session back on a channel that it was on in another process. It
// was admitted and told there, so no limit refuses it, and nobody hears of it:
// neither the witness, nor the members, nor the sink. It gets what is delivered
// from here on; an unconfirmed subscription does once [Registry.Confirm] was
// called. first tells that the channel had no subscriber. Call it on the loop of
// b.Place, and not from within the sink.
func (r *Registry) Return(b *Return) (s *Subscription, first bool) {
	r.check(b.Place.Loop)
	s = &Subscription{handle: b.Handle, serial: b.Serial}
	for alive := false; !alive; {
		c := r.obtain(b.App, b.Channel)
		if alive, first = r.readmit(c, b, s); !alive {
			r.remove(c)
		}
	}
	r.loops[b.Place.Loop].subscriptions.Add(1)
	if !b.Unconfirmed {
		s.arrive()
	}
	return s, first
}

// readmit does all of a return that has to be one step on the channel. It reports
// false when the channel has vanished.
func (r *Registry) readmit(c *channel, b *Return, s *Subscription) (alive, first bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead {
		return false, false
	}
	if first = len(c.places) == 0; first {
		r.loops[b.Place.Loop].channels.Add(1)
	}
	if b.Presence != nil {
		s.member = r.reseatLocked(c, b)
	}
	c.serial = max(c.serial, b.Serial)
	s.list = c.occupyLocked(b.Place)
	if b.Counts || c.extra != nil {
		c.extraLocked().tally.wanted = b.Counts
	}
	return true, first
}

// reseatLocked gives a member its seat back.
func (r *Registry) reseatLocked(c *channel, b *Return) *Member {
	p := &c.extraLocked().presence
	p.formats = len(r.sinks)
	i := p.find(b.Presence.UserID)
	if i < 0 {
		p.enter(b.Presence)
		r.loops[b.Place.Loop].members.Add(1)
		return b.Presence
	}
	if p.seats[i].connections == 0 {
		r.loops[b.Place.Loop].members.Add(1)
	}
	return p.join(i)
}

// Confirm has the sink confirm a subscription that returned unconfirmed, as
// [Sink.Joined] says, and with what the channel is now. cached asks for the
// message that the channel keeps. Call it once, on the subscription's loop.
func (r *Registry) Confirm(s *Subscription, cached bool) {
	r.check(s.list.place.Loop)
	c := s.list.channel
	c.mu.Lock()
	defer c.mu.Unlock()
	now := r.snapshotLocked(c, s.member != nil, cached)
	r.mailboxes[s.list.place.Loop].Post(Delivery{list: s.list, subscription: s, snapshot: now})
}

// Settle ends a hand-over, when all subscribers have returned: channels and
// members go that nobody came back to, and a number of subscriptions that is not
// what was told will be told in its time. It walks through all channels: any
// goroutine but a loop may call it, and the loops may run.
func (r *Registry) Settle() {
	for i := range r.shards {
		for _, c := range r.shards[i].All() {
			for ; c != nil; c = c.next.Load() {
				if r.settle(c) {
					r.remove(c)
				}
			}
		}
	}
	r.makeRoom()
}

// settle reports whether the channel is dead.
func (r *Registry) settle(c *channel) (dead bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.extra != nil {
		c.extra.presence.dismiss()
		if t := &c.extra.tally; t.wanted && len(c.places) > 0 {
			r.recountLocked(c, t)
		}
	}
	c.dead = c.dead || c.idleLocked()
	return c.dead
}

// recountLocked has the number told later if it isn't the one that was told.
func (r *Registry) recountLocked(c *channel, t *tally) {
	if n := c.subscribersLocked(); n != t.last {
		r.tallyLater(c, t.due(n, r.now()))
	}
}

// dismiss takes the seats of members who have no connection.
func (p *presence) dismiss() {
	for i, s := range slices.Backward(p.seats) {
		if s.connections == 0 {
			p.vacate(i)
		}
	}
}
