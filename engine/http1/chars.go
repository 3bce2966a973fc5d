package http1

import "encoding/binary"

// Bits of a byte in class: the grammar rules in which it may stand.
const (
	tokenChar  = 1 << iota // tchar, RFC 9110 section 5.6.2: methods and field names
	valueChar              // field-vchar, space or tab, RFC 9110 section 5.5
	targetChar             // what a request target may hold, see targetByte
	hostChar               // unreserved and sub-delims, RFC 3986 section 3.2.2, without percent-encoding
)

var class = classify()

func classify() (c [256]uint8) {
	for b := range c {
		c[b] = classOf(byte(b))
	}
	return c
}

func classOf(b byte) (bits uint8) {
	if alphanumeric(b) || in(b, "!#$%&'*+-.^_`|~") {
		bits |= tokenChar
	}
	if b == '\t' || b >= ' ' && b != 0x7f {
		bits |= valueChar
	}
	if targetByte(b) {
		bits |= targetChar
	}
	if alphanumeric(b) || in(b, "-._~!$&'()*+,;=") {
		bits |= hostChar
	}
	return bits
}

// targetByte allows every visible ASCII character but '#', although RFC 3986 wants some of them escaped: browsers send
// {, } and | in queries as they are. A fragment never belongs in a request, and bytes over 0x7f are read as
// Latin-1 by some and as UTF-8 by others.
func targetByte(b byte) bool {
	return b > ' ' && b < 0x7f && b != '#'
}

func alphanumeric(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || digit(b)
}

func digit(b byte) bool {
	return '0' <= b && b <= '9'
}

func in(b byte, set string) bool {
	for i := range len(set) {
		if set[i] == b {
			return true
		}
	}
	return false
}

// span returns how many bytes at the start of b are of class bit.
func span(b []byte, bit uint8) int {
	for i, c := range b {
		if class[c]&bit == 0 {
			return i
		}
	}
	return len(b)
}

// valueSpan is span(b, valueChar), eight bytes at a time while all are plain: most of a head is values.
func valueSpan(b []byte) int {
	n := 0
	for len(b)-n >= 8 && plain(binary.LittleEndian.Uint64(b[n:])) {
		n += 8
	}
	return n + span(b[n:], valueChar)
}

// plain reports whether none of the eight bytes in x is below a space or DEL. A byte that is leaves its top bit
// set: x-k borrows from it when it is smaller than k, and &^x drops those that had the bit before.
func plain(x uint64) bool {
	const ones = 0x0101010101010101
	const tops = 0x80 * ones
	del := x ^ 0x7f*ones
	return ((x-' '*ones)&^x|(del-ones)&^del)&tops == 0
}

// hexDigit returns the value of a hexadecimal digit, or -1.
func hexDigit(b byte) int {
	switch {
	case digit(b):
		return int(b - '0')
	case 'a' <= b && b <= 'f':
		return int(b-'a') + 10
	case 'A' <= b && b <= 'F':
		return int(b-'A') + 10
	}
	return -1
}

// trimSpace cuts optional white space (OWS: spaces and tabs) off both ends.
func trimSpace(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// equalFold reports whether b is s in any ASCII case. s must be in lower case; unlike bytes.EqualFold it knows no
// Unicode, in which the Kelvin sign would pass for a k.
func equalFold(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != s[i] {
			return false
		}
	}
	return true
}

// hasToken reports whether a comma-separated list holds a token, in any case. token must be in lower case.
func hasToken(list []byte, token string) bool {
	for start, i := 0, 0; i <= len(list); i++ {
		if i < len(list) && list[i] != ',' {
			continue
		}
		if equalFold(trimSpace(list[start:i]), token) {
			return true
		}
		start = i + 1
	}
	return false
}
