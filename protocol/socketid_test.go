package protocol

import (
	"errors"
	"strings"
	"testing"
)

func TestParseSocketID(t *testing.T) {
	f := func(text string, want SocketID) {
		t.Helper()
		got, err := ParseSocketID(text)
		if got != want || (err == nil) == want.IsZero() {
			t.Errorf("ParseSocketID(%q) = %v, %v", text, got, err)
		}
		if err != nil && !errors.Is(err, ErrSocketID) {
			t.Errorf("ParseSocketID(%q): %v", text, err)
		}
		if err == nil && got.String() != text {
			t.Errorf("%q is written %q", text, got)
		}
		if again, _ := ParseSocketID([]byte(text)); again != got {
			t.Errorf("bytes of %q give %v", text, again)
		}
	}
	f("45055.28877557", SocketID{Slot: 45055, Secret: 28877557})
	f("0.1", SocketID{Secret: 1})
	f("4294967295.9007199254740991", SocketID{Slot: 1<<32 - 1, Secret: 1<<53 - 1})
	for _, bad := range []string{
		"", ".", "1", "1.", ".1", "1.0", "01.1", "1.01", "1.1.1", "-1.1", "1.-1", "+1.1", " 1.1", "1.1\n", "1.x", "１.1",
		"4294967296.1", "1.9007199254740992", "1.99999999999999999", strings.Repeat("1", 1<<20) + ".1",
	} {
		f(bad, SocketID{})
	}
}
