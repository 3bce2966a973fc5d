package http1

import (
	"bytes"
	"testing"
)

// Every byte at every place of three words must stop valueSpan just where it stops the plain loop.
func TestValueSpan(t *testing.T) {
	for b := range 256 {
		for at := range 24 {
			for _, around := range []byte{' ', '~', 0x80, 0xff, '\t'} {
				value := bytes.Repeat([]byte{around}, 24)
				value[at] = byte(b)
				if got, want := valueSpan(value), span(value, valueChar); got != want {
					t.Fatalf("valueSpan(%q) = %d, want %d", value, got, want)
				}
			}
		}
	}
}

func TestHasToken(t *testing.T) {
	f := func(list string, want bool) {
		t.Helper()
		if got := hasToken([]byte(list), "close"); got != want {
			t.Errorf("hasToken(%q) = %v, want %v", list, got, want)
		}
	}
	f("close", true)
	f("CLOSE", true)
	f("a,\t close ,b", true)
	f(",,close", true)
	f("", false)
	f("closed", false)
	f("close b", false)
	f("a close", false)
}
