package auth

import (
	"strings"
	"unicode/utf8"

	"fanfare/protocol/pusher/names"
)

// FormatError means that an auth value is missing or not KEY:SIGNATURE.
type FormatError struct {
	Channel string // "" for a sign-in
}

// Error returns the hosted service's text.
func (e *FormatError) Error() string {
	if e.Channel == "" {
		return "Invalid format: auth must have the format key:signature"
	}
	return "Auth value for subscription to " + e.Channel + " is invalid: should be of format 'key:signature'"
}

// KeyError means that the key half of an auth value is not the app's key.
type KeyError struct {
	Key    string
	SignIn bool
}

// Error returns the hosted service's text; for a sign-in, whose text is not
// known, its like.
func (e *KeyError) Error() string {
	if e.SignIn {
		return "Invalid key in user authentication data: '" + e.Key + "'"
	}
	return "Invalid key in subscription auth data: '" + e.Key + "'"
}

// SignatureError means that the signature half of an auth value is wrong.
type SignatureError struct {
	Text string // what should have been signed
	Got  string // the signature that came
}

// Error returns the hosted service's text.
func (e *SignatureError) Error() string {
	return "Invalid signature: Expected HMAC SHA256 hex digest of " + e.Text + ", but got " + e.Got
}

// clip copies s for an error text: all of it when it is of a usual length,
// else the beginning. Otherwise a frame of a megabyte would be answered by one.
// It is a copy even of a string, which may be a view of a read buffer.
func clip[T names.Text](s T) string {
	const most = 2 << 10
	if len(s) <= most {
		return strings.Clone(string(s))
	}
	// Cut before a character, not within one.
	cut := most
	for cut > most-utf8.UTFMax && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return string(s[:cut]) + "..."
}
