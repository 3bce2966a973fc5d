package crowd

import (
	"time"

	"fanfare/bench/loadgen"
	"fanfare/bench/soak/account"
)

// Brief is the first line that a crowd is given.
type Brief struct {
	Groups    []Group `json:"groups"`
	PerSecond int     `json:"per_second"` // connections that are opened at the beginning
	Seed      uint64  `json:"seed"`
	// Every is the time between two reports.
	Every time.Duration `json:"every_ns"`
	// Activity is after how long a silence a member pings the server, and Pong how
	// long it waits for the answer, as Pusher's clients do: a connection may end
	// without a word when a RST is lost.
	Activity time.Duration `json:"activity_ns"`
	Pong     time.Duration `json:"pong_ns"`
	// Withhold has the crowd keep one delivery from its own books, as if it had
	// been lost: a soak must notice.
	Withhold bool `json:"withhold,omitempty"`
}

// Group is members that do the same.
type Group struct {
	Name   string `json:"name"`
	URL    string `json:"url"` // ws://HOST:PORT/app/KEY
	AppID  string `json:"app_id"`
	Secret string `json:"secret"`
	First  int    `json:"first"` // the number of its first member; no two groups of a soak share one
	Count  int    `json:"count"`

	Kind     Kind `json:"kind"`
	Channels int  `json:"channels"` // that there are of the kind
	Each     int  `json:"each"`     // that a member joins

	// Stay is how long a member stays, up to twice as long, before it leaves by
	// itself and comes back; 0 is for good.
	Stay time.Duration `json:"stay_ns,omitempty"`
	// Whisper is the time between two client events of a member; 0 sends none.
	Whisper time.Duration `json:"whisper_ns,omitempty"`
	// Silent says that nobody publishes to the app: what comes is another's.
	Silent bool `json:"silent,omitempty"`
	// ReceiveBuffer is SO_RCVBUF in bytes; 0 leaves it to the kernel.
	ReceiveBuffer int `json:"receive_buffer,omitempty"`
}

// Joins are the channels that a member joins, by their index within the kind.
func (g *Group) Joins(i int) []int {
	if g.Kind == Notify {
		return []int{g.First + i}
	}
	list := make([]int, g.Each)
	for k := range list {
		list[k] = (g.First + i + k*(g.Channels/g.Each)) % g.Channels
	}
	return list
}

// Order is what a Command asks for.
type Order string

// The orders. Every one is answered with a Report that names it: Settle when all
// members stand and none leaves or whispers any more, Check at once, Leave when
// all have left.
const (
	Settle Order = "settle"
	Check  Order = "check"
	Leave  Order = "leave"
)

// Command is a later line.
type Command struct {
	Do Order `json:"do"`
	// Last are, for Check, the latest certain messages of each source.
	Last map[int]account.Stamp `json:"last,omitempty"`
}

// Report is what a crowd says. Counts are since its start, all else is since the
// report before.
type Report struct {
	Done    Order         `json:"done,omitempty"`
	At      time.Duration `json:"at_ns"` // on the machine's clock
	Members int           `json:"members"`
	// Standing are connected and subscribed to all that they join.
	Standing int                  `json:"standing"`
	Groups   map[string]Counts    `json:"groups"`
	Latency  map[string]Histogram `json:"latency,omitempty"`
	Endings  []Endings            `json:"endings,omitempty"`
	Wrongs   []Wrong              `json:"wrongs,omitempty"` // the first ones only; Counts have all
	// Uncertain are messages that came although their publisher was not answered
	// with success.
	Uncertain []loadgen.Mark `json:"uncertain,omitempty"`
	// Rosters are, for Check, who is in a presence channel as its members were
	// told, by channel, and how many of them say so.
	Rosters map[string][]Roster `json:"rosters,omitempty"`
}

// Counts are of one group.
type Counts struct {
	Delivered uint64 `json:"delivered"`
	Whispers  uint64 `json:"whispers"` // delivered, too
	Lost      uint64 `json:"lost"`
	Twice     uint64 `json:"twice"`
	Disorder  uint64 `json:"disorder"`
	Stray     uint64 `json:"stray"`    // on a channel or of a source that was not subscribed to
	Presence  uint64 `json:"presence"` // member_added and member_removed that were no news
	Dropped   uint64 `json:"dropped"`  // lacks where the slow-consumer policy may drop
	Declared  uint64 `json:"declared"` // lacks around reconnects, or because it was uncertain
	Joined    uint64 `json:"joined"`   // subscriptions confirmed
	Left      uint64 `json:"left"`     // connections that the member ended by itself
	Ended     uint64 `json:"ended"`    // connections that stood, and ended otherwise
}

// Wrongs are all deliveries that must not be as they were.
func (c *Counts) Wrongs() uint64 { return c.Lost + c.Twice + c.Disorder + c.Stray + c.Presence }

// Add adds another group's.
func (c *Counts) Add(o Counts) {
	c.Delivered += o.Delivered
	c.Whispers += o.Whispers
	c.Lost += o.Lost
	c.Twice += o.Twice
	c.Disorder += o.Disorder
	c.Stray += o.Stray
	c.Presence += o.Presence
	c.Dropped += o.Dropped
	c.Declared += o.Declared
	c.Joined += o.Joined
	c.Left += o.Left
	c.Ended += o.Ended
}

// Endings are connections, or attempts at one, of one group that ended in the
// same way.
type Endings struct {
	Group  string        `json:"group"`
	Stood  bool          `json:"stood"` // they were subscribed; else it was an attempt
	Code   int           `json:"code"`  // of the server's close frame; 0 when there was none
	Text   string        `json:"text"`
	Count  int           `json:"count"`
	First  time.Duration `json:"first_ns"` // on the machine's clock
	Last   time.Duration `json:"last_ns"`
	Member int           `json:"member"` // the first one
}

// Wrong is something that must not have happened, in words.
type Wrong struct {
	At     time.Duration `json:"at_ns"`
	Group  string        `json:"group"`
	Member int           `json:"member"`
	Text   string        `json:"text"`
}

// Roster is the same list of users that some members have.
type Roster struct {
	Users  []string `json:"users"`
	Member int      `json:"member"` // one who has it
	Count  int      `json:"count"`
}
