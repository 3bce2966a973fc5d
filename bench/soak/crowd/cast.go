package crowd

import "fmt"

// Kind is what a channel is for, which decides on its name, and so on its kind
// and its slow-consumer policy.
type Kind string

// The kinds.
const (
	Market Kind = "market" // public, shared by many
	Notify Kind = "notify" // private, one for each member
	Room   Kind = "room"   // presence
	Camera Kind = "camera" // public, drop-oldest: big frames
	Bulk   Kind = "bulk"   // public, disconnect: big frames
	Quotes Kind = "quotes" // public, conflate: only the newest counts
)

// Channels that there are of the kinds whose number does not depend on how many
// members there are.
const (
	MarketChannels = 40
	CameraChannels = 4
	BulkChannels   = 4
	QuotesChannels = 10
)

// perKind is more than there are channels of any kind.
const perKind = 100_000

var kinds = []Kind{Market, Notify, Room, Camera, Bulk, Quotes}

// Channel is the name of a kind's channel.
func (k Kind) Channel(i int) string {
	switch k {
	case Notify:
		return fmt.Sprintf("private-notify-%05d", i)
	case Room:
		return fmt.Sprintf("presence-room-%05d", i)
	}
	return fmt.Sprintf("%s-%05d", k, i)
}

// Source is the number of the stream of messages on a kind's channel. Quotes are
// published on all their channels at once, and numbered together.
func (k Kind) Source(i int) int {
	for n, kind := range kinds {
		switch {
		case kind != k:
		case k == Quotes:
			return n * perKind
		default:
			return n*perKind + i
		}
	}
	panic("crowd: unknown kind " + string(k))
}

// Lossy reports whether messages on its channels may be dropped for clients that
// read too slowly.
func (k Kind) Lossy() bool { return k == Camera || k == Quotes }

// NameOf is what a source is called in messages for people.
func NameOf(source int) string {
	if source >= whispers {
		return fmt.Sprintf("the whispers of member %d", source-whispers)
	}
	kind := kinds[min(source/perKind, len(kinds)-1)]
	if kind == Quotes {
		return "quotes"
	}
	return kind.Channel(source % perKind)
}

// whispers is the source of member 0's client events; the others' follow.
const whispers = 1_000_000

// userID is the user that a member is on presence channels.
func userID(member int) string { return fmt.Sprintf("user-%06d", member) }

func channelData(member int) string {
	return fmt.Sprintf(`{"user_id":"%s","user_info":{"name":"member %d of the soak"}}`, userID(member), member)
}

// EventSaid is the event of whispers, and EventTick of what is published.
const (
	EventSaid = "client-said"
	EventTick = "tick"
)
