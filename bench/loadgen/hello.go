package loadgen

import "bytes"

// socketIDOf finds the socket id (digits, a dot, digits) in a hello, whose data
// is JSON in a string with most servers and an object with some. "" when there
// is none.
func socketIDOf(hello []byte) string {
	_, rest, found := bytes.Cut(hello, []byte("socket_id"))
	if !found {
		return ""
	}
	rest = bytes.TrimLeft(rest, `\": `)
	end := bytes.IndexFunc(rest, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	if end < 0 {
		return ""
	}
	return string(rest[:end])
}
