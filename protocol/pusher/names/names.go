package names

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxSocketID is the length of the longest socket id: two 64-bit numbers and a
// dot. Our own are shorter; those in a publish may come from any server.
const MaxSocketID = 20 + 1 + 20

// clientPrefix begins the name of every event that a client may send.
const clientPrefix = "client-"

const allowed = "A-Z a-z 0-9 _ - = @ , . ;"

// legal holds the characters of channel names and user ids.
var legal = func() (t [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-=@,.;") {
		t[c] = true
	}
	return t
}()

// Error says why a name is refused. Its text is fit to be sent to whoever used
// the name, and bounded however long the name is.
type Error struct {
	What string // "channel name", "event name", "user id", "socket id"
	Name string // at most 100 bytes of it
	Why  string // what is wrong and what is right
}

// Error implements error.
func (e *Error) Error() string {
	return "invalid " + e.What + " " + strconv.Quote(e.Name) + ": " + e.Why
}

// fault copies the name, which may be a view of a read buffer.
func fault[T Text](what string, name T, why string) error {
	const shown = 100
	if len(name) > shown {
		return &Error{what, string(name[:shown]) + "...", why}
	}
	return &Error{what, strings.Clone(string(name)), why}
}

// CheckChannel checks a channel's name: 1 to limit characters of the legal ones.
// Of names that begin with '#' only [UserPrefix] and a user id are legal; who
// may use which of those is for the caller to say.
func CheckChannel[T Text](name T, limit int) error {
	const what = "channel name"
	rest := name
	if len(name) > 0 && name[0] == '#' {
		if !hasPrefix(name, UserPrefix) {
			return fault(what, name, "of the names that begin with '#' there is only "+UserPrefix+"ID")
		}
		rest = name[len(UserPrefix):]
	}
	switch {
	case len(name) == 0:
		return fault(what, name, "it is empty; use 1 to "+strconv.Itoa(limit)+" of "+allowed)
	case len(name) > limit:
		return fault(what, name, tooLong(limit))
	case len(rest) == 0:
		return fault(what, name, "a user id must follow")
	}
	return checkCharacters(what, name, rest)
}

// CheckUserID checks the id of a user who signs in. Together with [UserPrefix]
// it must make a channel name of no more than limit characters.
func CheckUserID[T Text](id T, limit int) error {
	const what = "user id"
	limit -= len(UserPrefix)
	switch {
	case len(id) == 0:
		return fault(what, id, "it is empty; use 1 to "+strconv.Itoa(limit)+" of "+allowed)
	case len(id) > limit:
		return fault(what, id, tooLong(limit))
	}
	return checkCharacters(what, id, id)
}

// UserOf returns the user whose channel this is, and whether it is a user's.
func UserOf[T Text](channel T) (id T, ok bool) {
	if !hasPrefix(channel, UserPrefix) {
		return id, false
	}
	return channel[len(UserPrefix):], true
}

func checkCharacters[T Text](what string, name, rest T) error {
	for i := range len(rest) {
		if !legal[rest[i]] {
			r, _ := runeAt(rest, i)
			return fault(what, name, strconv.QuoteRune(r)+" is not allowed; use "+allowed)
		}
	}
	return nil
}

// CheckEvent checks the name of an event that somebody wants to publish: 1 to
// limit characters of UTF-8, any of them (Laravel sends backslashes), but not
// the server's own prefixes.
func CheckEvent[T Text](name T, limit int) error {
	const what = "event name"
	if len(name) == 0 {
		return fault(what, name, "it is empty; use 1 to "+strconv.Itoa(limit)+" characters")
	}
	if hasPrefix(name, "pusher:") || hasPrefix(name, "pusher_internal:") {
		return fault(what, name, "names that begin with pusher: or pusher_internal: are the server's own")
	}
	switch n, ok := countCharacters(name, limit); {
	case !ok:
		return fault(what, name, "it is not UTF-8")
	case n > limit:
		return fault(what, name, tooLong(limit))
	}
	return nil
}

// countCharacters counts the characters of s, and reports whether they are
// UTF-8. It looks no further than one character past limit.
func countCharacters[T Text](s T, limit int) (n int, ok bool) {
	for i := 0; i < len(s) && n <= limit; n++ {
		if s[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := runeAt(s, i)
		if r == utf8.RuneError && size == 1 {
			return n, false
		}
		i += size
	}
	return n, true
}

// runeAt decodes the character at i. It converts no more than one character's
// bytes, which stay on the stack.
func runeAt[T Text](s T, i int) (r rune, size int) {
	return utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
}

// IsClientEvent reports whether a client may send an event of this name.
func IsClientEvent[T Text](name T) bool { return hasPrefix(name, clientPrefix) }

// ValidSocketID reports whether id is two runs of up to 20 decimal digits with
// one dot between them.
func ValidSocketID[T Text](id T) bool {
	const digits = 20
	dot := digitsAt(id, 0)
	if dot < 1 || dot > digits || dot == len(id) || id[dot] != '.' {
		return false
	}
	end := digitsAt(id, dot+1)
	return end == len(id) && end > dot+1 && end <= dot+1+digits
}

// CheckSocketID is ValidSocketID with an error that says what is right.
func CheckSocketID[T Text](id T) error {
	if ValidSocketID(id) {
		return nil
	}
	return fault("socket id", id, "use two runs of digits with a dot between them, like 1234.1234")
}

// digitsAt returns where the run of digits that begins at i ends. It looks at
// no more than MaxSocketID bytes.
func digitsAt[T Text](s T, i int) int {
	for i < min(len(s), MaxSocketID+1) && s[i]-'0' <= 9 {
		i++
	}
	return i
}

func tooLong(limit int) string {
	return "it has more than " + strconv.Itoa(limit) + " characters"
}
