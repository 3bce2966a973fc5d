package apps

// Refusal is why somebody was turned away. It is a counter's index and a
// metric's label, not a wire code: protocols have words of their own.
type Refusal uint8

// The reasons, each counted by [Live.Refuse]: first those that turn a connection
// away, then those for commands and publishes.
const (
	RefusedDisabled     Refusal = iota // the app is switched off
	RefusedProtocol                    // protocol or client version missing, malformed or unsupported
	RefusedOrigin                      // page not in AllowedOrigins
	RefusedQuota                       // MaxConnections reached
	RefusedCapacity                    // the node, not the app, is full
	RefusedTLS                         // not by TLS, which the app demands
	RefusedUnauthorized                // neither signed in nor on a private channel in time

	RefusedMalformed    // not understood
	RefusedName         // channel, event or user name not legal
	RefusedSignature    // wrong or missing signature, on a channel, a sign-in or a request
	RefusedDuplicate    // already subscribed
	RefusedMembership   // not subscribed
	RefusedNotPermitted // client events off, or not on this kind of channel
	RefusedSize         // too large
	RefusedCount        // too many: members, channels, events in a batch
	RefusedRate         // too fast
	RefusedOverload     // no room in a queue; nothing was delivered

	refusals // how many there are
)

var refusalNames = [refusals]string{
	RefusedDisabled:     "disabled",
	RefusedProtocol:     "protocol",
	RefusedOrigin:       "origin",
	RefusedQuota:        "quota",
	RefusedCapacity:     "capacity",
	RefusedTLS:          "tls",
	RefusedUnauthorized: "unauthorized",
	RefusedMalformed:    "malformed",
	RefusedName:         "name",
	RefusedSignature:    "signature",
	RefusedDuplicate:    "duplicate",
	RefusedMembership:   "membership",
	RefusedNotPermitted: "not_permitted",
	RefusedSize:         "size",
	RefusedCount:        "count",
	RefusedRate:         "rate",
	RefusedOverload:     "overload",
}

// String returns the reason as a metric's label spells it.
func (r Refusal) String() string {
	if r >= refusals {
		return "invalid refusal"
	}
	return refusalNames[r]
}
