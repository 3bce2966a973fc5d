// Package names knows Pusher's names: which channel, event, user and socket
// names are legal, and what kind of channel a name's prefix makes it.
//
// The character rules are part of the security: signed texts are joined with
// colons, so a channel name that held one could pass for another text (the
// channel ":user::..." for a sign-in). Check a name before verifying or making
// a signature over it.
//
// All functions are pure, may be called by any goroutine, keep nothing of
// their arguments and allocate only for an error.
package names

// Text is what names come in: strings, or the bytes of a read buffer.
type Text interface {
	~string | ~[]byte
}
