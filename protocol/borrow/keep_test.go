package borrow

import "testing"

// What is kept must not change with the buffer that it came from, also when
// two of the three are empty.
func TestKeepCopies(t *testing.T) {
	f := func(a, b, c string) {
		t.Helper()
		buffer := []byte(a + b + c)
		all := String(buffer)
		x, y, z := Keep(all[:len(a)], all[len(a):len(a)+len(b)], all[len(a)+len(b):])
		clear(buffer)
		if x != a || y != b || z != c {
			t.Errorf("got %q, %q, %q, want %q, %q, %q", x, y, z, a, b, c)
		}
	}
	f("channel", "auth", "data")
	f("channel", "", "")
	f("", "auth", "")
	f("", "", "data")
	f("", "", "")
}
