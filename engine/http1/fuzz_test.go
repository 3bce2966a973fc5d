package http1

import (
	"bytes"
	"errors"
	"testing"
)

// FuzzParse holds Parse to what net/http makes of the same bytes, and HeadEnd and Partial to Parse.
func FuzzParse(f *testing.F) {
	for _, head := range heads {
		f.Add([]byte(head))
	}
	for _, seed := range []string{
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET",
		"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: T\r\n\r\n1\r\nx\r\n0\r\nT: v\r\n\r\nGET",
		"GET http://[::1]:80/a%20b?c HTTP/1.1\r\nHost: h\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: h\r\nConnection: close, keep-alive\r\n\r\n",
		"GET / HTTP/1.0\r\nConnection: keep-alive\r\nPragma: no-cache\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +5\r\nExpect: 100-continue\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		lim := Limits{Head: 2048, Fields: 20}
		end := HeadEnd(wire, 0)
		if got := resume(wire, 1+len(wire)%5); len(wire) > 0 && got != end {
			t.Fatalf("head in pieces ends at %d, in one at %d", got, end)
		}
		if end < 0 {
			checkRefusal(t, Partial(wire, lim))
			return
		}
		var r Request
		if err := Parse(wire[:end], lim, &r); err != nil {
			checkRefusal(t, err)
			return
		}
		for i := range end {
			if err := Partial(wire[:i], lim); err != nil {
				t.Fatalf("Partial(%q): %v, but Parse accepts it all", wire[:i], err)
			}
		}
		crossCheck(t, &r, wire[end:])
	})
}

// checkRefusal wants a refusal to be a whole answer.
func checkRefusal(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	var e *Error
	if !errors.As(err, &e) || reason(e.Status) == "" || len(e.Message) < 10 || len(e.Message) > 400 {
		t.Errorf("refusal is %#v", err)
	}
}

// FuzzChunks holds Decode to itself, however the body is cut, and to net/http.
func FuzzChunks(f *testing.F) {
	for _, seed := range []string{
		"0\r\n\r\n", "3\r\nabc\r\n0\r\n\r\nGET", "A;a=b\r\n0123456789\r\n00\r\nT: v\r\n\r\n", "1\r\nx\r\n2\r\nyz\r\n0\r\nA:\r\n\r\n",
		"ffffffffffffffff\r\n", "1 \r\nx\r\n", "1\r\nxy", "0\r\nbad\r\n\r\n",
	} {
		f.Add([]byte(seed), uint8(1))
	}
	head := []byte("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
	f.Fuzz(func(t *testing.T, src []byte, step uint8) {
		const limit = 512
		out, n, done, err := decodeIn(len(src)+1, src, limit)
		out2, n2, done2, err2 := decodeIn(int(step)+1, src, limit)
		if !bytes.Equal(out, out2) || n != n2 || done != done2 || (err == nil) != (err2 == nil) {
			t.Fatalf("whole: %q %d %v %v; in pieces: %q %d %v %v", out, n, done, err, out2, n2, done2, err2)
		}
		if len(out) > limit || n > len(src) || !done && err == nil && n != len(src) {
			t.Fatalf("%d bytes decoded, %d of %d used, done %v", len(out), n, len(src), done)
		}
		checkRefusal(t, err)
		if !done {
			return
		}
		var r Request
		if err := Parse(head, Limits{}, &r); err != nil {
			t.Fatal(err)
		}
		crossCheck(t, &r, src)
	})
}
