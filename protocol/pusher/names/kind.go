package names

// Kind says what a channel's prefix makes it. The zero Kind is Public.
type Kind uint8

// What the prefixes stand for. Kinds are sets of these.
const (
	private Kind = 1 << iota
	presence
	cached
	encrypted
	user
	reserved
)

// The kinds, each with its prefix.
const (
	Public                Kind = 0
	Private                    = private                      // private-
	PrivateCache               = private | cached             // private-cache-
	PrivateEncrypted           = private | encrypted          // private-encrypted-
	PrivateEncryptedCache      = private | encrypted | cached // private-encrypted-cache-
	Presence                   = presence                     // presence-
	PresenceCache              = presence | cached            // presence-cache-
	Cache                      = cached                       // cache-
	User                       = user                         // #server-to-user-
	Reserved                   = reserved                     // # and anything else: not to be had
)

// UserPrefix begins the name of the channel that reaches one signed-in user.
const UserPrefix = "#server-to-user-"

// prefixes, the longer before those that they begin with. The dash belongs to
// the prefix: "privateer" is public.
var prefixes = [...]struct {
	prefix string
	kind   Kind
}{
	{"private-encrypted-cache-", PrivateEncryptedCache},
	{"private-encrypted-", PrivateEncrypted},
	{"private-cache-", PrivateCache},
	{"private-", Private},
	{"presence-cache-", PresenceCache},
	{"presence-", Presence},
	{"cache-", Cache},
	{UserPrefix, User},
	{"#", Reserved},
}

// KindOf returns the kind of a channel. The name need not be legal.
func KindOf[T Text](name T) Kind {
	if len(name) == 0 || (name[0] != 'p' && name[0] != 'c' && name[0] != '#') {
		return Public
	}
	for i := range prefixes {
		if hasPrefix(name, prefixes[i].prefix) {
			return prefixes[i].kind
		}
	}
	return Public
}

// Private reports whether a signature in the private form (socket id and
// channel) opens the channel. Presence channels are not Private.
func (k Kind) Private() bool { return k&private != 0 }

// Presence reports whether the channel has members.
func (k Kind) Presence() bool { return k&presence != 0 }

// Cached reports whether the channel remembers its last event.
func (k Kind) Cached() bool { return k&cached != 0 }

// Encrypted reports whether publishers encrypt the data. The server can't read
// it and need not.
func (k Kind) Encrypted() bool { return k&encrypted != 0 }

// User reports whether the channel is that of one signed-in user, which only
// this user's connections may subscribe to.
func (k Kind) User() bool { return k&user != 0 }

// Reserved reports whether nobody may subscribe or publish to the channel.
func (k Kind) Reserved() bool { return k&reserved != 0 }

// NeedsAuth reports whether subscribing takes a signature.
func (k Kind) NeedsAuth() bool { return k&(private|presence) != 0 }

// AllowsClientEvents reports whether subscribers may send events of their own.
// Encrypted channels are among them: the libraries refuse, the protocol doesn't.
func (k Kind) AllowsClientEvents() bool { return k.NeedsAuth() }

// String returns the kind as a metric's label spells it.
func (k Kind) String() string {
	switch k {
	case Public:
		return "public"
	case User:
		return "user"
	case Reserved:
		return "reserved"
	}
	for i := range prefixes {
		if prefixes[i].kind == k {
			return prefixes[i].prefix[:len(prefixes[i].prefix)-1]
		}
	}
	return "invalid kind"
}

func hasPrefix[T Text](s T, prefix string) bool {
	return len(s) >= len(prefix) && string(s[:len(prefix)]) == prefix
}
