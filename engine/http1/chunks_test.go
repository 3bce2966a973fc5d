package http1

import (
	"math"
	"strings"
	"testing"
)

func TestChunks(t *testing.T) {
	f := func(src, want, left string) {
		t.Helper()
		for step := 1; step <= len(src); step++ {
			out, n, done, err := decodeIn(step, []byte(src), 64)
			if err != nil || !done {
				t.Fatalf("%q in steps of %d: done %v, error %v", src, step, done, err)
			}
			if string(out) != want || src[n:] != left {
				t.Errorf("%q in steps of %d: got %q and left %q, want %q and %q", src, step, out, src[n:], want, left)
			}
		}
	}
	f("0\r\n\r\n", "", "")
	f("0\r\n\r\nGET /", "", "GET /")
	f("3\r\nabc\r\n0\r\n\r\n", "abc", "")
	f("3\r\nabc\r\n2\r\nde\r\n000\r\n\r\n\r\n", "abcde", "\r\n")
	f("a\r\n0123456789\r\n0\r\n\r\n", "0123456789", "")
	f("A\r\n012\r\n56789\r\n0\r\n\r\n", "012\r\n56789", "")
	f("0000000000000001\r\nx\r\n0\r\n\r\n", "x", "")
	f("1;a\r\nx\r\n0;b=\"c;d\"\r\n\r\n", "x", "")
	f("1\r\nx\r\n0\r\nA: b\r\nC:\r\n\r\nnext", "x", "next")
	f("0;"+strings.Repeat("a", 2047)+"\r\nA:"+strings.Repeat("b", 2046)+"\r\n\r\n", "", "")
	f("40\r\n"+strings.Repeat("x", 64)+"\r\n0\r\n\r\n", strings.Repeat("x", 64), "")
}

// decodeIn decodes src that arrives step bytes at a time, and writes down where it
// stands between them.
func decodeIn(step int, src []byte, limit int) (out []byte, n int, done bool, err error) {
	var c Chunks
	for have := 0; have < len(src) && !done && err == nil; {
		have = min(have+step, len(src))
		var k int
		out, k, done, err = c.Decode(out, src[n:have], limit)
		n += k
		var next Chunks
		if err := next.RestoreState(c.State()); err != nil {
			return out, n, done, err
		}
		c = next
	}
	return out, n, done, err
}

func TestChunksRefuses(t *testing.T) {
	tests := []struct {
		name, src string
		status    int
		says      string
	}{
		{"no size", "\r\nx", 400, "hexadecimal"},
		{"not hexadecimal", "g\r\n", 400, "hexadecimal"},
		{"0x", "0x1\r\nx\r\n", 400, "hexadecimal"},
		{"sign", "+1\r\nx\r\n", 400, "hexadecimal"},
		{"minus", "-1\r\nx\r\n", 400, "hexadecimal"},
		{"space before size", " 1\r\nx\r\n", 400, "hexadecimal"},
		{"space behind size", "1 \r\nx\r\n", 400, "hexadecimal"},
		{"space before extension", "1 ;a\r\nx\r\n", 400, "hexadecimal"},
		{"extension without size", ";a\r\n", 400, "hexadecimal"},
		{"bare LF behind size", "1\nx\r\n", 400, "hexadecimal"},
		{"bare CR behind size", "1\rx", 400, "CRLF"},
		{"bare LF behind last size", "0\n\r\n", 400, "hexadecimal"},
		{"bare CR behind last size", "0\r\r", 400, "CRLF"},
		{"17 digits", "00000000000000001\r\nx\r\n", 400, "more than 16 digits"},
		{"2^64+1", "10000000000000001\r\nx\r\n", 400, "more than 16 digits"},
		{"2^64-1", "ffffffffffffffff\r\n", 413, "64 bytes"},
		{"2^63", "8000000000000000\r\n", 413, "64 bytes"},
		{"over the limit", "41\r\n", 413, "64 bytes"},
		{"over the limit together", "3f\r\n" + strings.Repeat("x", 63) + "\r\n2\r\n", 413, "64 bytes"},
		{"over the limit in three", "20\r\n" + strings.Repeat("x", 32) + "\r\n1f\r\n" + strings.Repeat("x", 31) + "\r\n2\r\n", 413, "64 bytes"},
		{"wraps with what came before", "1\r\nx\r\nffffffffffffffff\r\n", 413, "64 bytes"},
		{"data too long", "1\r\nxy\r\n", 400, "followed by CRLF"},
		{"no CRLF behind chunk", "1\r\nx0\r\n\r\n", 400, "followed by CRLF"},
		{"bare LF behind chunk", "1\r\nx\n0\r\n\r\n", 400, "followed by CRLF"},
		{"bare CR behind chunk", "1\r\nx\r0\r\n\r\n", 400, "followed by CRLF"},
		{"NUL in extension", "1;\x00\r\nx\r\n", 400, "control character"},
		{"bare LF in extension", "1;a\nx\r\n", 400, "control character"},
		{"bare CR in extension", "1;a\rb\r\nx\r\n", 400, "CRLF"},
		{"long extension", "1;" + strings.Repeat("a", 2049), 400, "2048 bytes"},
		{"many extensions", strings.Repeat("1;"+strings.Repeat("a", 64)+"\r\nx\r\n", 33), 400, "2048 bytes"},
		{"long trailer", "0\r\nA: " + strings.Repeat("a", 2048), 400, "2048 bytes"},
		{"many trailers", "0\r\n" + strings.Repeat("A: b\r\n", 600), 400, "2048 bytes"},
		{"trailer without colon", "0\r\nabc\r\n\r\n", 400, "Name: value"},
		{"trailer without name", "0\r\n: x\r\n\r\n", 400, "Name: value"},
		{"folded trailer", "0\r\nA: b\r\n c\r\n\r\n", 400, "Name: value"},
		{"space before colon", "0\r\nA : b\r\n\r\n", 400, "Name: value"},
		{"bare LF in trailer", "0\r\nA: b\nC: d\r\n\r\n", 400, "control character"},
		{"bare CR in trailer", "0\r\nA: b\rC: d\r\n\r\n", 400, "CRLF"},
		{"bare LF at the end", "0\r\n\n", 400, "Name: value"},
		{"bare CR at the end", "0\r\n\rX", 400, "CRLF"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, step := range []int{1, 2, 3, 1 << 20} {
				_, _, done, err := decodeIn(step, []byte(tt.src), 64)
				if done {
					t.Errorf("in steps of %d: done", step)
				}
				wantError(t, err, tt.status, tt.says)
			}
		})
	}
}

func TestChunksIncomplete(t *testing.T) {
	const whole = "3;a=b\r\nabc\r\n0\r\nA: b\r\n\r\n"
	for i := range whole {
		var c Chunks
		_, n, done, err := c.Decode(nil, []byte(whole[:i]), 64)
		if err != nil || done || n != i {
			t.Errorf("%q: n %d, done %v, error %v; want all used, no end, no error", whole[:i], n, done, err)
		}
	}
}

// A size alone must not make us allocate: only data that has arrived does.
func TestChunksAllocatesForWhatArrived(t *testing.T) {
	var c Chunks
	out, _, _, err := c.Decode(nil, []byte("7fffffffffffffff\r\nabc"), math.MaxInt)
	if err != nil {
		t.Fatal(err)
	}
	if string(out) != "abc" || cap(out) > 64 {
		t.Errorf("got %q in %d bytes of room", out, cap(out))
	}
}

func TestChunksDoneStaysDone(t *testing.T) {
	var c Chunks
	if _, _, done, err := c.Decode(nil, []byte("0\r\n\r\n"), 0); !done || err != nil {
		t.Fatalf("done %v, error %v", done, err)
	}
	out, n, done, err := c.Decode(nil, []byte("3\r\nabc\r\n"), 64)
	if len(out) != 0 || n != 0 || !done || err != nil {
		t.Errorf("after the end: %q, %d, %v, %v", out, n, done, err)
	}
}

func TestChunksAppends(t *testing.T) {
	var c Chunks
	out, _, done, err := c.Decode([]byte("before "), []byte("3\r\nabc\r\n0\r\n\r\n"), 3)
	if string(out) != "before abc" || !done || err != nil {
		t.Errorf("got %q, %v, %v", out, done, err)
	}
}
