package channels

// Handle names a session to the engine that made it. Handles are never 0, and
// no two live sessions share one, on whatever loops they are: [Message.Except]
// is compared on all loops.
type Handle = uint64

// None is the handle of nobody.
const None Handle = 0

// Place is where a list of subscribers lives: one loop and one wire format.
type Place struct {
	Loop   uint16 // index into [Config.Mailboxes]
	Format uint8  // index into [Config.Sinks]
}

// before orders places by loop, then by format.
func (p Place) before(q Place) bool {
	return p.Loop < q.Loop || p.Loop == q.Loop && p.Format < q.Format
}

// Mailbox is the way onto one loop. All methods may be called from any
// goroutine, also while a channel's lock is held: they must not block, and
// must not call back into the registry.
type Mailbox interface {
	// Reserve makes room for messages of so many bytes together, wholly or not
	// at all; false means that the mailbox is full. An empty mailbox must admit
	// any number, or a large message could never be published.
	Reserve(bytes int) bool

	// Release gives back room that was reserved. The registry calls it, for a
	// posted delivery at the start of Run; the mailbox itself must not.
	Release(bytes int)

	// Post queues a delivery, which the loop hands to [Registry.Run] later,
	// in the order of the calls and with no lock of the mailbox held. It
	// never refuses: what may be refused has reserved its room.
	Post(d Delivery)
}

// Sink turns messages into the bytes of one wire format and gives them to
// sessions. It is called once per message and list, never per subscriber.
type Sink interface {
	// Encode returns the message in this wire format. It is called at most
	// once per message, by the publisher or a loop, and its result is shared
	// by all loops, so it must not change afterwards; a pointer is stored
	// without an allocation. The message may not have its serial yet, and an
	// encoding must not depend on it.
	Encode(m *Message) any

	// EncodeMembers returns some members of a presence channel in this wire
	// format, for [Members.Encoded]. It is called by any goroutine; its result
	// is shared and must not change afterwards.
	EncodeMembers(members []*Member) any

	// Deliver sends the message to each handle but m.Except. It is called on
	// the loop. The handles are borrowed until it returns. It may call
	// Unsubscribe, for a session that it gives up: the handle then turns into
	// None in its place, and None is to be passed over.
	Deliver(loop int, m *Message, encoded any, to []Handle)

	// Joined confirms a subscription: from here on it gets every message of
	// the channel. It is called on the loop, exactly once per subscription,
	// also when the subscription was ended in the meantime and s.Active() is
	// false, because a client waits for the confirmation of what it asked. The
	// snapshot is nil when there is nothing in it.
	Joined(loop int, s *Subscription, now *Snapshot)
}

// Snapshot is what a joiner has to be told about the channel, as it was at the
// moment of the join.
type Snapshot struct {
	Members Members  // on a presence channel, the joiner among them
	Cached  *Message // what the channel keeps, if the joiner asked for it: Except does not count any more
}
