package strictjson

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

var errUTF8 = errors.New("is not UTF-8")

// scan judges what fastjson's parser lets pass (the forms of numbers, escapes
// and strings, and the encoding) and bounds what it may cost. It returns about
// how many values there are.
func scan(b []byte) (values int, err error) {
	if !utf8.Valid(b) {
		return 0, errUTF8
	}
	depth := 0
	for i := 0; i < len(b); {
		n := 1
		switch c := b[i]; c {
		case '"':
			if n, err = scanString(b[i:]); err != nil {
				return values, err
			}
		case '{', '[':
			values++
			if depth++; depth > MaxDepth {
				return values, fmt.Errorf("is nested too deeply: at most %d levels are read", MaxDepth)
			}
		case '}', ']':
			depth--
		case ',':
			values++
		case ':', ' ', '\t', '\r', '\n':
		default:
			if n = scanWord(b[i:]); n == 0 {
				return values, syntaxError(b)
			}
		}
		i += n
	}
	if values > MaxValues {
		return values, fmt.Errorf("has too many values: at most %d are read; send data as a string", MaxValues)
	}
	return values, nil
}

// scanString returns the length of the string that b begins with, quotes
// included.
func scanString(b []byte) (int, error) {
	for i := 1; i < len(b); {
		switch {
		case plain[b[i]]:
			i++
		case b[i] == '"':
			return i + 1, nil
		case b[i] != '\\':
			return 0, fmt.Errorf("%w: a string holds the control character 0x%02x: write \\u%04x", ErrSyntax, b[i], b[i])
		default:
			n, err := scanEscape(b[i:])
			if err != nil {
				return 0, err
			}
			i += n
		}
	}
	return 0, fmt.Errorf("%w: a string has no end", ErrSyntax)
}

// plain marks the bytes that a JSON string holds as they are (RFC 8259 section
// 7).
var plain = func() (t [256]bool) {
	for c := 0x20; c < len(t); c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// scanEscape returns the length of the escape that b begins with. A surrogate
// has to be one of a pair: half a pair is no character, and could not be
// delivered.
func scanEscape(b []byte) (int, error) {
	if len(b) > 1 && strings.IndexByte(`"\/bfnrt`, b[1]) >= 0 {
		return 2, nil
	}
	const size = len(`\u0000`)
	u, ok := hex4(b)
	switch {
	case !ok:
		return 0, fmt.Errorf("%w: a string holds %q, which is no escape", ErrSyntax, b[:min(len(b), size)])
	case u < 0xd800 || u > 0xdfff:
		return size, nil
	}
	if low, ok := hex4(b[size:]); ok && u < 0xdc00 && low >= 0xdc00 && low <= 0xdfff {
		return 2 * size, nil
	}
	return 0, fmt.Errorf("has a string that holds %s, half of a surrogate pair: send whole characters", b[:size])
}

// hex4 reads an escape like \u00fc.
func hex4(b []byte) (u uint16, ok bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	for _, c := range b[2:6] {
		u <<= 4
		switch {
		case c >= '0' && c <= '9':
			u |= uint16(c - '0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			u |= uint16(c|0x20-'a') + 10
		default:
			return 0, false
		}
	}
	return u, true
}
