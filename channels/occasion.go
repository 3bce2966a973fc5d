package channels

// Occasion is something that happened on a channel and that others than its
// subscribers may want to know, such as a webhook.
type Occasion struct {
	Kind    OccasionKind
	App     string
	Channel string
	UserID  string // who came or went, for members
	Count   int    // subscriptions, for Counted
}

// OccasionKind tells what happened.
type OccasionKind uint8

// The kinds of occasions.
const (
	Occupied    OccasionKind = iota // the first subscriber came
	Vacated                         // the last one went
	MemberCame                      // a user's first connection came to a presence channel
	MemberWent                      // a user's last connection went
	Counted                         // the number of subscriptions was told to the subscribers
	CacheMissed                     // somebody joined who wanted what the channel keeps, and it keeps nothing
	CacheFilled                     // the channel keeps a message again
)

// String returns the kind's name for logs and tests.
func (k OccasionKind) String() string {
	switch k {
	case Occupied:
		return "occupied"
	case Vacated:
		return "vacated"
	case MemberCame:
		return "member came"
	case MemberWent:
		return "member went"
	case Counted:
		return "counted"
	case CacheMissed:
		return "cache missed"
	case CacheFilled:
		return "cache filled"
	}
	return "unknown occasion"
}

// Witness is told every occasion. The calls for one channel are made in the
// order in which things happened, by the goroutine that did it, with the
// channel's lock held: a witness must return within moments, and must not call
// back into the registry. It may keep what it is given.
type Witness func(Occasion)
