package http1

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/textproto"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// crossCheck reads the head of r, with rest behind it, by net/http too. What we accepted it must accept, and make the
// same request of it, with the same body, and the same bytes left for the next request.
func crossCheck(t *testing.T, r *Request, rest []byte) {
	t.Helper()
	wire := bufio.NewReader(io.MultiReader(bytes.NewReader(r.Head), bytes.NewReader(rest)))
	req, err := http.ReadRequest(wire)
	if err != nil {
		t.Fatalf("net/http refuses %q: %v", r.Head, err)
	}
	path, err := UnescapePath(r.Path)
	if err != nil {
		t.Fatalf("path %q of an accepted request: %v", r.Path, err)
	}
	if req.URL.Path == "" { // "http://host"
		req.URL.Path = "/"
	}
	type seen struct {
		Method, Target, Host, Path, Query string
		Minor                             int
		KeepAlive                         bool
	}
	ours := seen{string(r.Method), string(r.Target), string(r.Host), path, string(r.Query), r.Minor, r.KeepAlive}
	theirs := seen{req.Method, req.RequestURI, req.Host, req.URL.Path, req.URL.RawQuery, req.ProtoMinor, !req.Close}
	if diff := cmp.Diff(theirs, ours); diff != "" {
		t.Errorf("%q (-net/http +ours):\n%s", r.Head, diff)
	}
	crossCheckFields(t, r, req)
	crossCheckBody(t, r, req, rest, wire)
}

func crossCheckFields(t *testing.T, r *Request, req *http.Request) {
	t.Helper()
	ours := http.Header{}
	for _, f := range r.Fields {
		ours.Add(textproto.CanonicalMIMEHeaderKey(string(f.Name)), string(f.Value))
	}
	theirs := req.Header.Clone()
	for _, h := range []http.Header{ours, theirs} { // which net/http moves into fields, or makes up
		for _, name := range []string{"Host", "Transfer-Encoding", "Trailer", "Cache-Control"} {
			h.Del(name)
		}
	}
	if diff := cmp.Diff(theirs, ours, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("fields of %q (-net/http +ours):\n%s", r.Head, diff)
	}
}

func crossCheckBody(t *testing.T, r *Request, req *http.Request, rest []byte, wire *bufio.Reader) {
	t.Helper()
	body, n, ok := ourBody(r, rest)
	if !ok {
		return
	}
	theirs, err := io.ReadAll(req.Body)
	if err != nil {
		t.Fatalf("net/http refuses the body %q: %v", rest, err)
	}
	if !bytes.Equal(body, theirs) {
		t.Errorf("body of %q: net/http reads %q, we %q", rest, theirs, body)
	}
	left, err := io.ReadAll(wire)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(left, rest[n:]) {
		t.Errorf("behind %q: net/http leaves %q, we %q", rest, left, rest[n:])
	}
}

// ourBody returns the body at the start of rest and its length there, or false if it is not all there or malformed.
func ourBody(r *Request, rest []byte) (body []byte, n int, ok bool) {
	if r.Chunked {
		var c Chunks
		body, n, ok, _ = c.Decode(nil, rest, 1<<20)
		return body, n, ok
	}
	if r.ContentLength > int64(len(rest)) {
		return nil, 0, false
	}
	n = int(r.ContentLength)
	return rest[:n], n, true
}

func TestPipelined(t *testing.T) {
	wire := []byte("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc" +
		"\r\nPOST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n3;x=y\r\ndef\r\n0\r\nT: v\r\n\r\n" +
		"GET /c HTTP/1.1\r\nHost: h\r\n\r\n")
	var r Request
	for _, want := range []string{"/a abc", "/b def", "/c "} {
		head := HeadEnd(wire, 0)
		if head < 0 {
			t.Fatalf("no head in %q", wire)
		}
		if err := Parse(wire[:head], DefaultLimits(), &r); err != nil {
			t.Fatal(err)
		}
		crossCheck(t, &r, wire[head:])
		body, n, ok := ourBody(&r, wire[head:])
		if !ok {
			t.Fatalf("no body in %q", wire[head:])
		}
		if got := string(r.Path) + " " + string(body); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		wire = wire[head+n:]
	}
	if len(wire) > 0 {
		t.Errorf("%q left", wire)
	}
}
