package strictjson

import (
	"strings"

	"fanfare/protocol/borrow"
)

// scanWord returns the length of the number, true, false or null that b begins
// with, 0 if it is none of those.
func scanWord(b []byte) int {
	n := 0
	for n < len(b) && !ends[b[n]] {
		n++
	}
	switch word := borrow.String(b[:n]); {
	case word == "true" || word == "false" || word == "null":
	case !isNumber(word):
		return 0
	}
	return n
}

// ends marks the bytes that end a word.
var ends = func() (t [256]bool) {
	for _, c := range []byte(" \t\r\n,:]}[{\"") {
		t[c] = true
	}
	return t
}()

// isNumber tells whether s is a number by RFC 8259 section 6.
func isNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	whole := digits(s)
	if whole == 0 || whole > 1 && s[0] == '0' {
		return false
	}
	s = s[whole:]
	if s != "" && s[0] == '.' {
		n := digits(s[1:])
		if n == 0 {
			return false
		}
		s = s[1+n:]
	}
	if s == "" {
		return true
	}
	if s[0]|0x20 != 'e' {
		return false
	}
	s = s[1:]
	if s != "" && (s[0] == '+' || s[0] == '-') {
		s = s[1:]
	}
	return s != "" && digits(s) == len(s)
}

// digits returns how many digits s begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && s[n]-'0' <= 9 {
		n++
	}
	return n
}
