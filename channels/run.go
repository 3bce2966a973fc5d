package channels

// Delivery is what a loop has to do for a channel: hand a message to its
// subscribers there, or let a subscriber in. It is a plain value that a
// [Mailbox] carries; only [Registry.Run] looks into it.
type Delivery struct {
	list         *list
	message      *Message      // nil for a marker
	subscription *Subscription // who joins, in a marker
	snapshot     *Snapshot     // for the joiner; nil when it is empty
	reserved     int           // bytes to be released
}

// Run does what was posted. The loop calls it for each delivery of its mailbox,
// in the order in which they were posted. The room is given back first, so
// that it is not lost should the sink panic.
func (r *Registry) Run(d Delivery) {
	l := d.list
	r.check(l.place.Loop)
	if d.reserved > 0 {
		r.mailboxes[l.place.Loop].Release(d.reserved)
	}
	switch sink := r.sinks[l.place.Format]; {
	case d.subscription != nil:
		d.subscription.arrive()
		sink.Joined(int(l.place.Loop), d.subscription, d.snapshot)
	case len(l.handles) > 0:
		l.deliver(d.message, sink)
	}
}

// arrive puts the subscription on its list, unless it was ended before.
func (s *Subscription) arrive() {
	if s.state == left {
		return
	}
	s.state = active
	s.list.add(s)
}
