package engine

import "time"

// Rule tells what may become of a frame on a connection that can't keep up,
// and how much of its kind may wait there. Frames of equal rules are counted
// together, for each connection. A connection that keeps up gets every frame.
type Rule struct {
	// Name tells rules apart that say the same, for instance the pattern of the
	// channels that it is for.
	Name   string
	Policy Policy

	// Frames and Bytes are the most that may wait for one connection; 0 is no
	// limit of the rule's own. Config.QueueFrames and QueueBytes bound what
	// waits under all rules together. The newest frame is always admitted.
	Frames, Bytes int

	// Age is the longest that a frame may wait, to within two seconds. 0 means
	// Config.QueueAge for Disconnect, and no limit for the others: what waits
	// there is bounded, and who never wakes up does not answer pings either.
	Age time.Duration
}

// Policy is what happens when a limit is reached.
type Policy uint8

const (
	// Disconnect closes the connection with Config.SlowClose.
	Disconnect Policy = iota
	// DropOldest drops the oldest frames until the rest is within the limits.
	DropOldest
	// Conflate keeps only the newest frame of each topic from the moment at
	// which the socket takes no more, and does as DropOldest besides.
	Conflate
)

// The two rules that need no configuration.
var (
	// Protocol is the rule of confirmations, errors, pongs and who is there:
	// they are never dropped and have no age.
	Protocol *Rule
	// Event is the rule of a channel's messages where nothing is configured.
	Event = &Rule{}
)

// drops tells that single frames may be dropped.
func (r *Rule) drops() bool { return r != nil && r.Policy != Disconnect }

// counts tells that the rule's frames have to be counted apart from others.
func (r *Rule) counts() bool {
	return r != nil && (r.Policy != Disconnect || r.Frames|r.Bytes != 0 || r.Age != 0)
}

// is compares rules: every loop may have a copy of its own.
func (r *Rule) is(other *Rule) bool {
	return r == other || r != nil && other != nil && *r == *other
}

// age is the seconds that a frame may wait; 0 is no limit.
func (r *Rule) age(standard int) int {
	switch {
	case r == nil:
		return 0
	case r.Age > 0:
		return seconds(r.Age)
	case r.Policy == Disconnect:
		return standard
	}
	return 0
}

// over tells whether so much is more than the rule's own limits allow.
func (r *Rule) over(frames, bytes int) (Limit, bool) {
	switch {
	case r.Frames > 0 && frames > r.Frames:
		return LimitFrames, true
	case r.Bytes > 0 && bytes > r.Bytes:
		return LimitBytes, true
	}
	return 0, false
}

// Limit names what a connection ran over when it was closed for being slow.
type Limit uint8

// The limits.
const (
	LimitBytes  Limit = iota // Config.QueueBytes or Rule.Bytes
	LimitFrames              // Config.QueueFrames or Rule.Frames
	LimitAge                 // Config.QueueAge or Rule.Age
	LimitBudget              // Config.QueueBudget
	limits
)

// String gives the limit's name as metrics print it.
func (l Limit) String() string { return [limits]string{"bytes", "frames", "age", "budget"}[l] }

// reason is what a client is told, after Config.SlowClose.Reason.
func (l Limit) reason() string {
	return [limits]string{
		"more bytes wait for you than may; read faster, or reconnect",
		"more messages wait for you than may; read faster, or reconnect",
		"a message has waited for you longer than it may; reconnect",
		"the server needs the memory of what waits for you; reconnect",
	}[l]
}

// Drop names why a frame was not sent: on a slow connection, or one that ended.
type Drop uint8

// The reasons.
const (
	DropOldestFrame Drop = iota // it was the oldest, and a limit was reached
	DropConflated               // a newer one of its topic came
	DropExpired                 // it had waited longer than Rule.Age
	DropClosed                  // its connection was closed for being slow
	DropLost                    // its connection ended otherwise before it was sent
	drops
)

// String gives the reason's name as metrics print it.
func (d Drop) String() string {
	return [drops]string{"oldest", "conflated", "expired", "closed", "lost"}[d]
}
