package borrow

import "testing"

func TestBorrow(t *testing.T) {
	f := func(s string) {
		t.Helper()
		if got := String([]byte(s)); got != s {
			t.Errorf("String(%q) = %q", s, got)
		}
		if got := Bytes(s); string(got) != s || cap(got) != len(s) {
			t.Errorf("Bytes(%q) = %q with room for %d", s, got, cap(got))
		}
	}
	f("")
	f("x")
	f("ünïcode 😀")
	if String(nil) != "" {
		t.Errorf("String(nil) = %q", String(nil))
	}
	b := []byte("abc")
	s := String(b)
	if b[0] = 'x'; s != "xbc" {
		t.Errorf("%q is a copy", s)
	}
}
