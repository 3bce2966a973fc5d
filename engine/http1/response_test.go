package http1

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const date = "Sun, 06 Nov 1994 08:49:37 GMT"

func TestAppendResponse(t *testing.T) {
	f := func(r Response, want string) {
		t.Helper()
		if diff := cmp.Diff("kept"+want, string(AppendResponse([]byte("kept"), &r, []byte(date)))); diff != "" {
			t.Errorf("AppendResponse(%+v) (-want +got):\n%s", r, diff)
		}
	}
	const dated = "\r\nDate: " + date + "\r\n"

	f(Response{Status: 200, ContentType: "application/json", Body: []byte("{}"), Minor: 1},
		"HTTP/1.1 200 OK"+dated+"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
	f(Response{Status: 200, Body: []byte("{}"), Minor: 1, Head: true},
		"HTTP/1.1 200 OK"+dated+"Content-Length: 2\r\n\r\n")
	f(Response{Status: 200, Minor: 0},
		"HTTP/1.1 200 OK"+dated+"Content-Length: 0\r\nConnection: keep-alive\r\n\r\n")
	f(Response{Status: 413, Minor: 0, Close: true},
		"HTTP/1.1 413 Content Too Large"+dated+"Content-Length: 0\r\nConnection: close\r\n\r\n")
	f(Response{Status: 204, Body: []byte("never sent"), Minor: 1},
		"HTTP/1.1 204 No Content"+dated+"\r\n")
	f(Response{Status: 304, Body: []byte("never sent"), Minor: 1},
		"HTTP/1.1 304 Not Modified"+dated+"\r\n")
	f(Response{Status: 299, Minor: 1},
		"HTTP/1.1 299 "+dated+"Content-Length: 0\r\n\r\n")
	f(Response{Status: 405, Minor: 1, Fields: []Field{{[]byte("Allow"), []byte("GET, POST")}, {[]byte("Vary"), []byte("Origin")}}},
		"HTTP/1.1 405 Method Not Allowed"+dated+"Allow: GET, POST\r\nVary: Origin\r\nContent-Length: 0\r\n\r\n")
}

func TestAppendResponseWithoutDate(t *testing.T) {
	got := string(AppendResponse(nil, &Response{Status: 200, Minor: 1}, nil))
	if want := "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A value that came from a request must not start a header or a body of its own.
func TestAppendResponseCannotBeSplit(t *testing.T) {
	r := Response{Status: 200, Minor: 1, Fields: []Field{{[]byte("X"), []byte("a\r\nSet-Cookie: b\r\n\r\n\x00c\td")}}}
	got := string(AppendResponse(nil, &r, nil))
	if want := "HTTP/1.1 200 OK\r\nX: a  Set-Cookie: b     c\td\r\nContent-Length: 0\r\n\r\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// net/http reads back what we write, and finds the next response right behind it.
func TestAppendResponseRoundTrip(t *testing.T) {
	for _, status := range []int{200, 202, 204, 304, 400, 426, 503} {
		for _, method := range []string{"GET", "HEAD"} {
			for _, body := range []string{"", "hello", "\r\n\r\n"} {
				for _, closes := range []bool{false, true} {
					r := Response{
						Status: status, ContentType: "text/plain", Body: []byte(body), Close: closes, Head: method == "HEAD", Minor: 1,
						Fields: []Field{{[]byte("Access-Control-Allow-Origin"), []byte("*")}},
					}
					roundTrip(t, method, &r)
				}
			}
		}
	}
}

func roundTrip(t *testing.T, method string, r *Response) {
	t.Helper()
	wire := append(AppendResponse(nil, r, []byte(date)), "HTTP/1.1 200 OK\r\n\r\n"...)
	br := bufio.NewReader(bytes.NewReader(wire))
	got, err := http.ReadResponse(br, &http.Request{Method: method})
	if err != nil {
		t.Fatalf("net/http refuses %q: %v", wire, err)
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	want := r.Body
	if r.Head || r.Status == 204 || r.Status == 304 {
		want = nil
	}
	if got.StatusCode != r.Status || got.Close != r.Close || !bytes.Equal(body, want) {
		t.Errorf("%s %+v came back as %d, close %v, %q", method, r, got.StatusCode, got.Close, body)
	}
	for name, value := range map[string]string{"Date": date, "Content-Type": "text/plain", "Access-Control-Allow-Origin": "*"} {
		if got.Header.Get(name) != value {
			t.Errorf("%s = %q, want %q", name, got.Header.Get(name), value)
		}
	}
	if next, err := br.Peek(len("HTTP/1.1 200")); err != nil || string(next) != "HTTP/1.1 200" {
		t.Errorf("%s %+v is followed by %q, %v", method, r, next, err)
	}
	if method == "HEAD" && r.Status == 200 && got.Header.Get("Content-Length") != strconv.Itoa(len(r.Body)) {
		t.Errorf("HEAD: Content-Length %q, want %d", got.Header.Get("Content-Length"), len(r.Body))
	}
}

// Every refusal of this package, and every phrase, is one that net/http knows too; RFC 9110 renamed three.
func TestReason(t *testing.T) {
	renamed := map[int]string{413: "Content Too Large", 414: "URI Too Long", 422: "Unprocessable Content"}
	for status := 100; status < 600; status++ {
		want := http.StatusText(status)
		if name, ok := renamed[status]; ok {
			want = name
		}
		if got := reason(status); got != "" && got != want {
			t.Errorf("reason(%d) = %q, want %q", status, got, want)
		}
	}
	for _, status := range []int{200, 400, 413, 414, 417, 431, 501, 505} {
		if reason(status) == "" {
			t.Errorf("no reason for %d", status)
		}
	}
}

func TestContinue(t *testing.T) {
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader([]byte(Continue))), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 100 {
		t.Errorf("status %d, want 100", resp.StatusCode)
	}
}
