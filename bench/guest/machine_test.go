//go:build linux

package guest

import (
	"strings"
	"testing"
)

func TestSinceMarker(t *testing.T) {
	f := func(want string, written ...string) {
		t.Helper()
		var b strings.Builder
		w := &sinceMarker{to: &b}
		for _, s := range written {
			if n, err := w.Write([]byte(s)); err != nil || n != len(s) {
				t.Errorf("write of %q gives %d, %v", s, n, err)
			}
		}
		if b.String() != want {
			t.Errorf("%q passes on %q, want %q", written, b.String(), want)
		}
	}
	f("")
	f("", "kernel noise\r\n")
	f("one\ntwo\n", "noise\r\n"+marker+"\r\none\r\ntwo\r\n")
	f("one\ntwo\n", "noi", "se\r\n"+marker[:5], marker[5:]+"\r", "\none\r\n", "two\r\n")
	f("", "a line about "+marker)
}
