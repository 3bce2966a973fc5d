package http1

import (
	"bytes"
	"strings"
)

// VisitQuery calls visit for every pair of a raw query, in order, decoded: "%41" and "+" become "A" and a space. Pairs
// are separated by '&' alone: ';' is an ordinary character, for channel names hold it. Empty pairs are skipped, a key
// without '=' has the value "".
//
// It stops at the first error: that of visit as it is, or an *Error with status 400 that names a bad escape.
func VisitQuery(raw []byte, visit func(key, value string) error) error {
	for len(raw) > 0 {
		var pair []byte
		pair, raw, _ = bytes.Cut(raw, ampersand)
		if len(pair) == 0 {
			continue
		}
		key, value, err := decodePair(pair)
		if err != nil {
			return err
		}
		if err := visit(key, value); err != nil {
			return err
		}
	}
	return nil
}

var ampersand = []byte{'&'}

func decodePair(pair []byte) (key, value string, err error) {
	if i := badEscape(pair); i >= 0 {
		return "", "", escapeError("query", pair, i)
	}
	k, v, _ := bytes.Cut(pair, equals)
	return unescape(k, true), unescape(v, true), nil
}

var equals = []byte{'='}

// UnescapePath decodes the percent-encoding of a path or of a part of one; '+' stays. Split a path at its slashes
// first: "%2F" becomes a slash that is part of a name. The error is an *Error with status 400 that names a bad escape;
// the Path of a parsed request has none.
func UnescapePath(raw []byte) (string, error) {
	if i := badEscape(raw); i >= 0 {
		return "", escapeError("path", raw, i)
	}
	return unescape(raw, false), nil
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

func escapeError(where string, b []byte, at int) error {
	return refuse(400, `%s holds %q, which is no escape: write a percent sign as "%%25"`, where, b[at:min(at+3, len(b))])
}

// unescape decodes b, in which every '%' is known to be followed by two digits.
func unescape(b []byte, plusIsSpace bool) string {
	if bytes.IndexByte(b, '%') < 0 && (!plusIsSpace || bytes.IndexByte(b, '+') < 0) {
		return string(b)
	}
	var out strings.Builder
	out.Grow(len(b))
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch {
		case c == '%':
			c = byte(hexDigit(b[i+1])<<4 | hexDigit(b[i+2]))
			i += 2
		case c == '+' && plusIsSpace:
			c = ' '
		}
		out.WriteByte(c)
	}
	return out.String()
}
