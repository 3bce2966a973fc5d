package channels

import (
	"sync"
	"time"
)

// Kind tells what a message is about.
type Kind uint8

// The kinds of messages.
const (
	Event         Kind = iota // published by the application's servers
	ClientEvent               // published by a subscriber
	MemberAdded               // a user's first connection came; made by the registry
	MemberRemoved             // a user's last connection went; made by the registry
	Count                     // how many are subscribed; made by the registry
)

// String returns the kind's name for logs and tests.
func (k Kind) String() string {
	switch k {
	case Event:
		return "event"
	case ClientEvent:
		return "client event"
	case MemberAdded:
		return "member added"
	case MemberRemoved:
		return "member removed"
	case Count:
		return "count"
	}
	return "unknown kind"
}

// Member is a user on a presence channel, however many connections it has.
type Member struct {
	UserID string
	Info   string // raw JSON text as signed by the application, "" when absent
}

// Message is something that happened on a channel. It belongs to no wire
// format; each keeps its encoding of the message in the message. All strings
// are kept until the last loop is done with it, so none may be borrowed. After
// Publish nobody changes it, and it can't be published again unless refused.
type Message struct {
	App     string
	Channel string
	Kind    Kind
	Event   string  // "" for what the registry makes
	Data    string  // the payload as the subscriber shall see it, not escaped for any wire format
	UserID  string  // the publisher, for client events on presence channels
	Member  *Member // who came or went, for member events
	Except  Handle  // the session that does not get it, usually the publisher's own

	// Subscriptions is how many there are, for counts.
	Subscriptions int

	// Retain is how long the channel keeps the message for those who join later
	// and ask for it, if no other that is to be kept comes before. 0 keeps it
	// not at all.
	Retain time.Duration

	// Serial is the message's number on its channel, from 1 and without gaps
	// for as long as the channel exists. The registry sets it; it stays 0 when
	// nobody was subscribed and the message is not to be kept.
	Serial uint64

	weight    int64       // of a message that is to be kept, bytes
	encodings []encoding  // one per wire format
	inline    [1]encoding // spares the allocation where there is one format
}

// encoding is a message in one wire format, made when first needed.
type encoding struct {
	once  sync.Once
	value any
}

// overhead is what a queued message takes beside its texts: the struct, the
// framing of its encoding and its place in a mailbox.
const overhead = 256

// Cost returns the bytes that the message counts for in a mailbox.
func (m *Message) Cost() int {
	n := overhead + len(m.Channel) + len(m.Event) + len(m.Data) + len(m.UserID)
	if m.Member != nil {
		n += len(m.Member.UserID) + len(m.Member.Info)
	}
	return n
}

// prepare makes room for the encodings. A message that was refused keeps the
// encodings that it has.
func (m *Message) prepare(formats int) {
	if m.encodings != nil {
		return
	}
	m.encodings = m.inline[:]
	if formats > len(m.inline) {
		m.encodings = make([]encoding, formats)
	}
}

// Encoded returns the message in the sink's wire format, for one that a channel
// keeps.
func (m *Message) Encoded(format uint8, sink Sink) any { return m.encoded(format, sink) }

// encoded returns the message in the sink's format.
func (m *Message) encoded(format uint8, sink Sink) any {
	e := &m.encodings[format]
	e.once.Do(func() { e.value = sink.Encode(m) })
	return e.value
}
