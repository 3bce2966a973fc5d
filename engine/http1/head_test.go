package http1

import (
	"bytes"
	"strings"
	"testing"
)

func TestHeadEnd(t *testing.T) {
	f := func(buf string, want int) {
		t.Helper()
		if got := HeadEnd([]byte(buf), 0); got != want {
			t.Errorf("HeadEnd(%q) = %d, want %d", buf, got, want)
		}
	}
	f("", -1)
	f("\r\n", -1)
	f("GET / HTTP/1.1\r\n", -1)
	f("GET / HTTP/1.1\r\n\r", -1)
	f("GET / HTTP/1.1\r\n\r\n", 18)
	f("GET / HTTP/1.1\r\n\r\nbody\r\n\r\n", 18)
	f("\r\nGET / HTTP/1.1\r\n\r\n", 20)
	f("GET / HTTP/1.1\n\nbody", 16)
	f("GET / HTTP/1.1\r\nA: b\n\r\nbody", 23)
	f("GET / HTTP/1.1\r\r\n\rX\n", -1)
}

var heads = []string{
	"GET / HTTP/1.1\r\nHost: h\r\n\r\nrest",
	"GET / HTTP/1.1\nHost: h\n\nrest",
	"\r\nGET / HTTP/1.0\r\n\r\n\r\n\r\n",
	"A\n\r\r\n\n\r\n\n",
	"\r\n\r\n",
	browserUpgrade,
	publish,
}

// A head that arrives in pieces ends where the same head in one piece does.
func TestHeadEndResumes(t *testing.T) {
	for _, head := range heads {
		buf := []byte(head)
		want := HeadEnd(buf, 0)
		for step := 1; step <= 7; step++ {
			if got := resume(buf, step); got != want {
				t.Errorf("%q in steps of %d: got %d, want %d", head, step, got, want)
			}
		}
	}
}

// resume is what a loop does with a head that arrives step bytes at a time.
func resume(buf []byte, step int) int {
	searched := 0
	for {
		have := min(searched+step, len(buf))
		end := HeadEnd(buf[:have], searched)
		if end >= 0 || have == len(buf) {
			return end
		}
		searched = have
	}
}

// What was searched before is not read again, but for three bytes, so the work for a head is linear however it
// arrives: a blank line further back is not found.
func TestHeadEndReadsFromFrom(t *testing.T) {
	f := func(from, want int) {
		t.Helper()
		if got := HeadEnd([]byte("\r\n\r\n"+strings.Repeat("x", 100)), from); got != want {
			t.Errorf("HeadEnd(from %d) = %d, want %d", from, got, want)
		}
	}
	f(-1, 4)
	f(0, 4)
	f(3, 4)
	f(4, 4)
	for from := 5; from < 110; from++ {
		f(from, -1)
	}
}

func TestPartial(t *testing.T) {
	f := func(buf string, status int, says string) {
		t.Helper()
		err := Partial([]byte(buf), Limits{Head: 32})
		if status == 0 && err != nil {
			t.Errorf("Partial(%q) = %v, want none", buf, err)
		}
		if status != 0 {
			wantError(t, err, status, says)
		}
	}
	f("", 0, "")
	f("\r", 0, "")
	f("\r\n", 0, "")
	f("G", 0, "")
	f("GET / HTTP/1.1\r\nA: "+strings.Repeat("x", 13), 0, "")
	f("GET / HTTP/1.1\r\nA: "+strings.Repeat("x", 14), 431, "fewer or shorter headers")
	f("GET /"+strings.Repeat("x", 27), 0, "")
	f("GET /"+strings.Repeat("x", 28), 414, "shorter target")
	f("\r\nGET /"+strings.Repeat("x", 26), 414, "shorter target")
	f("\x16\x03\x01", 400, "plain HTTP")
	f("\x00", 400, "must start with a method")
	f("\n", 400, "must start with a method")
	f(" GET", 400, "must start with a method")
	f("\xff", 400, "must start with a method")
}

// No part of a request that Parse accepts may be turned away before the rest arrives.
func TestPartialAcceptsPrefixes(t *testing.T) {
	for _, head := range []string{browserUpgrade, publish, "\r\n" + publish} {
		end := HeadEnd([]byte(head), 0)
		lim := Limits{Head: end}
		if err := Parse([]byte(head)[:end], lim, new(Request)); err != nil {
			t.Fatalf("Parse(%q): %v", head[:end], err)
		}
		for i := range end {
			if err := Partial([]byte(head)[:i], lim); err != nil {
				t.Fatalf("Partial(%q): %v", head[:i], err)
			}
		}
		if err := Partial(bytes.Repeat([]byte("x"), end+1), lim); err == nil {
			t.Error("one byte over the limit is accepted")
		}
	}
}
