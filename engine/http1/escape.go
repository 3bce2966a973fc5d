package http1

import (
	"bytes"
	"strings"
)

// UnescapePath decodes the percent-encoding of a path or of a part of one; '+' stays. Split a path at its slashes
// first: "%2F" becomes a slash that is part of a name. The error is an *Error with status 400 that names a bad escape;
// the Path of a parsed request has none.
func UnescapePath(raw []byte) (string, error) {
	if i := badEscape(raw); i >= 0 {
		return "", escapeError(raw, i)
	}
	return unescape(raw), nil
}

// badEscape returns the place of the first '%' that two hexadecimal digits do not follow, or -1.
func badEscape(b []byte) int {
	at := 0
	for {
		i := bytes.IndexByte(b[at:], '%')
		if i < 0 {
			return -1
		}
		at += i
		if at+2 >= len(b) || hexDigit(b[at+1]) < 0 || hexDigit(b[at+2]) < 0 {
			return at
		}
		at += 3
	}
}

func escapeError(path []byte, at int) error {
	return refuse(400, `path holds %q, which is no escape: write a percent sign as "%%25"`, path[at:min(at+3, len(path))])
}

// unescape decodes b, in which every '%' is known to be followed by two digits.
func unescape(b []byte) string {
	if bytes.IndexByte(b, '%') < 0 {
		return string(b)
	}
	var out strings.Builder
	out.Grow(len(b))
	for i := 0; i < len(b); i++ {
		c := b[i]
		if c == '%' {
			c = byte(hexDigit(b[i+1])<<4 | hexDigit(b[i+2]))
			i += 2
		}
		out.WriteByte(c)
	}
	return out.String()
}
