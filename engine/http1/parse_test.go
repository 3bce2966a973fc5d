package http1

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// parse reads one head that ends in a blank line, through HeadEnd as a loop does.
func parse(t *testing.T, head string) (*Request, error) {
	t.Helper()
	if n := HeadEnd([]byte(head), 0); n != len(head) {
		t.Fatalf("HeadEnd(%q) = %d, want %d", head, n, len(head))
	}
	r := new(Request)
	return r, Parse([]byte(head), DefaultLimits(), r)
}

func accepted(t *testing.T, head string) *Request {
	t.Helper()
	r, err := parse(t, head)
	if err != nil {
		t.Fatalf("Parse(%q): %v", head, err)
	}
	crossCheck(t, r, nil)
	return r
}

func TestParse(t *testing.T) {
	f := func(head string, want Request) {
		t.Helper()
		r := accepted(t, head)
		want.Head = []byte(strings.TrimPrefix(head, "\r\n"))
		if diff := cmp.Diff(&want, r); diff != "" {
			t.Errorf("Parse(%q) (-want +got):\n%s", head, diff)
		}
	}
	host := Field{[]byte("Host"), []byte("h")}

	f("GET / HTTP/1.1\r\nHost: h\r\n\r\n", Request{
		Method: []byte("GET"), Target: []byte("/"), Path: []byte("/"), Host: []byte("h"),
		Minor: 1, Fields: []Field{host}, KeepAlive: true,
	})
	f("\r\nGET / HTTP/1.0\r\n\r\n", Request{
		Method: []byte("GET"), Target: []byte("/"), Path: []byte("/"), Fields: nil,
	})
	f("POST /apps/3/events?a=b&c=d?e HTTP/1.1\r\nHost: h\r\ncontent-LENGTH:  12\t\r\nexpect: 100-Continue\r\n\r\n", Request{
		Method: []byte("POST"), Target: []byte("/apps/3/events?a=b&c=d?e"),
		Path: []byte("/apps/3/events"), Query: []byte("a=b&c=d?e"), Host: []byte("h"),
		Minor: 1, KeepAlive: true, ContentLength: 12, ExpectContinue: true,
		Fields: []Field{host, {[]byte("content-LENGTH"), []byte("12")}, {[]byte("expect"), []byte("100-Continue")}},
	})
	f("GET /app/key HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n", Request{
		Method: []byte("GET"), Target: []byte("/app/key"), Path: []byte("/app/key"), Host: []byte("h"),
		Minor: 1, KeepAlive: true, Upgrade: true,
		Fields: []Field{host, {[]byte("Connection"), []byte("keep-alive, Upgrade")}, {[]byte("Upgrade"), []byte("WebSocket")}},
	})
}

func TestTarget(t *testing.T) {
	f := func(method, target, host, path, query string) {
		t.Helper()
		r := accepted(t, method+" "+target+" HTTP/1.1\r\nHost: field\r\n\r\n")
		got := []string{string(r.Target), string(r.Host), string(r.Path), string(r.Query)}
		if diff := cmp.Diff([]string{target, host, path, query}, got); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", method, target, diff)
		}
	}
	f("GET", "/", "field", "/", "")
	f("GET", "/?", "field", "/", "")
	f("GET", "//evil/path", "field", "//evil/path", "")
	f("GET", "/a/../b", "field", "/a/../b", "")
	f("GET", "/a%2Fb%20c", "field", "/a%2Fb%20c", "")
	f("GET", "/q?bad=%zz&x={|}", "field", "/q", "bad=%zz&x={|}")
	f("GET", "http://other:6001/a?b", "other:6001", "/a", "b")
	f("GET", "HTTPS://Other", "Other", "/", "")
	f("GET", "http://other?b", "other", "/", "b")
	f("GET", "http://[::1]:80/x", "[::1]:80", "/x", "")
	f("OPTIONS", "*", "field", "*", "")
	f("OPTIONS", "/apps", "field", "/apps", "")
}

func TestHost(t *testing.T) {
	f := func(value string) {
		t.Helper()
		r := accepted(t, "GET / HTTP/1.1\r\nHost: "+value+"\r\n\r\n")
		if string(r.Host) != value {
			t.Errorf("Host = %q, want %q", r.Host, value)
		}
	}
	f("")
	f("localhost")
	f("localhost:6001")
	f("127.0.0.1:6001")
	f("[::1]:6001")
	f("[::ffff:127.0.0.1]")
	f("with_underscore.internal")
	f("xn--bcher-kva.example.")
	f("host:")
}

func TestKeepAlive(t *testing.T) {
	f := func(version, connection string, want bool) {
		t.Helper()
		r := accepted(t, "GET / "+version+"\r\nHost: h\r\n"+connection+"\r\n")
		if r.KeepAlive != want {
			t.Errorf("%s with %q: KeepAlive = %v, want %v", version, connection, r.KeepAlive, want)
		}
	}
	f("HTTP/1.1", "", true)
	f("HTTP/1.1", "Connection: close\r\n", false)
	f("HTTP/1.1", "Connection: Keep-Alive , CLOSE\r\n", false)
	f("HTTP/1.1", "Connection: keep-alive\r\nConnection: close\r\n", false)
	f("HTTP/1.1", "Connection: close\r\nConnection: keep-alive\r\n", false)
	f("HTTP/1.0", "Connection: keep-alive\r\nConnection: x\r\n", true)
	f("HTTP/1.1", "Connection: closed\r\n", true)
	f("HTTP/1.0", "", false)
	f("HTTP/1.0", "Connection: ,, Keep-Alive\r\n", true)
	f("HTTP/1.0", "Connection: keep-alive, close\r\n", false)
}

func TestUpgrade(t *testing.T) {
	f := func(want bool, line string, fields ...string) {
		t.Helper()
		r := accepted(t, line+"\r\nHost: h\r\n"+strings.Join(fields, "\r\n")+"\r\n\r\n")
		if r.Upgrade != want {
			t.Errorf("%s %q: Upgrade = %v, want %v", line, fields, r.Upgrade, want)
		}
	}
	f(true, "GET / HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket")
	f(true, "GET / HTTP/1.1", "Connection: keep-alive", "Connection: upgrade", "Upgrade: h2c, WEBSOCKET")
	f(true, "GET / HTTP/1.1", "Connection: upgrade", "Connection: keep-alive", "Upgrade: websocket", "Upgrade: h2c")
	f(true, "GET / HTTP/1.1", "Upgrade: websocket", "Connection:upgrade", "Content-Length: 0")
	f(false, "GET / HTTP/1.1", "Connection: keep-alive", "Upgrade: websocket")
	f(false, "GET / HTTP/1.1", "Connection: Upgrade", "Upgrade: h2c")
	f(false, "GET / HTTP/1.1", "Connection: Upgrade", "Upgrade: websockets")
	f(false, "POST / HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket")
	f(false, "GET / HTTP/1.0", "Connection: Upgrade", "Upgrade: websocket")
}

func TestExpectContinue(t *testing.T) {
	f := func(want bool, version, fields string) {
		t.Helper()
		r := accepted(t, "POST / "+version+"\r\nHost: h\r\nExpect: 100-continue\r\n"+fields+"\r\n")
		if r.ExpectContinue != want {
			t.Errorf("%s with %q: ExpectContinue = %v, want %v", version, fields, r.ExpectContinue, want)
		}
	}
	f(true, "HTTP/1.1", "Content-Length: 5\r\n")
	f(true, "HTTP/1.1", "Transfer-Encoding: chunked\r\n")
	f(false, "HTTP/1.1", "")
	f(false, "HTTP/1.1", "Content-Length: 0\r\n")
	f(false, "HTTP/1.0", "Content-Length: 5\r\n")
}

func TestContentLength(t *testing.T) {
	f := func(value string, want int64) {
		t.Helper()
		r := accepted(t, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: "+value+"\r\n\r\n")
		if r.ContentLength != want {
			t.Errorf("Content-Length %q: got %d, want %d", value, r.ContentLength, want)
		}
	}
	f("0", 0)
	f("007", 7)
	f("9223372036854775807", 9223372036854775807)
}

func TestHeader(t *testing.T) {
	r := accepted(t, "GET / HTTP/1.1\r\nHost: h\r\nX-One: 1\r\nx-one: 2\r\nEmpty:\r\nOrigin:https://a.example\r\n\r\n")
	f := func(name string, want []byte) {
		t.Helper()
		if diff := cmp.Diff(want, r.Header(name)); diff != "" {
			t.Errorf("Header(%q) (-want +got):\n%s", name, diff)
		}
	}
	f("X-ONE", []byte("1"))
	f("origin", []byte("https://a.example"))
	f("empty", []byte{})
	f("absent", nil)
	f("x-on", nil)
	f("x_one", nil)
}

func TestParseReusesRequest(t *testing.T) {
	r := accepted(t, "POST /a?b HTTP/1.1\r\nHost: h\r\nA: 1\r\nTransfer-Encoding: chunked\r\n\r\n")
	r.Body = []byte("left over")
	head := []byte("GET / HTTP/1.0\r\nB: 2\r\n\r\n")
	if err := Parse(head, DefaultLimits(), r); err != nil {
		t.Fatal(err)
	}
	want := &Request{
		Method: []byte("GET"), Target: []byte("/"), Path: []byte("/"),
		Fields: []Field{{[]byte("B"), []byte("2")}}, Head: head,
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("second request (-want +got):\n%s", diff)
	}
}

func TestParseRefuses(t *testing.T) {
	const line = "GET / HTTP/1.1\r\n"
	const start = line + "Host: h\r\n"
	tests := []struct {
		name, head string
		status     int
		says       string // part of the message: what would be right
	}{
		{"empty line only", "\r\n\r\n", 400, "METHOD TARGET HTTP/1.1"},
		{"no version", "GET /\r\n\r\n", 400, "METHOD TARGET HTTP/1.1"},
		{"method only", "GET\r\n\r\n", 400, "METHOD TARGET HTTP/1.1"},
		{"no method", " / HTTP/1.1\r\n\r\n", 400, "must start with a method"},
		{"two spaces", "GET  / HTTP/1.1\r\n\r\n", 400, "end the request line with"},
		{"tab for space", "GET\t/\tHTTP/1.1\r\n\r\n", 400, "single spaces"},
		{"space behind version", "GET / HTTP/1.1 \r\n\r\n", 400, "end the request line with"},
		{"space in target", "GET /a b HTTP/1.1\r\n\r\n", 400, "end the request line with"},
		{"method not a token", "GE(T / HTTP/1.1\r\nHost: h\r\n\r\n", 400, "not a token"},
		{"method not ASCII", "G\xc3\x89T / HTTP/1.1\r\nHost: h\r\n\r\n", 400, "not a token"},
		{"TLS hello", "\x16\x03\x01\x02\x00\x01\n\n", 400, "put a TLS proxy in front"},
		{"lower-case version", "GET / http/1.1\r\nHost: h\r\n\r\n", 400, "HTTP/1.1"},
		{"malformed version", "GET / HTTP/11\r\nHost: h\r\n\r\n", 400, "HTTP/1.1"},
		{"version 0.9", "GET / HTTP/0.9\r\nHost: h\r\n\r\n", 505, "use HTTP/1.1"},
		{"version 1.2", "GET / HTTP/1.2\r\nHost: h\r\n\r\n", 505, "use HTTP/1.1"},
		{"version 2.0", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505, "use HTTP/1.1"},
		{"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\n", 505, "--http1.1"},

		{"NUL in target", "GET /\x00 HTTP/1.1\r\nHost: h\r\n\r\n", 400, "%00"},
		{"raw UTF-8 in target", "GET /\xc3\xa9 HTTP/1.1\r\nHost: h\r\n\r\n", 400, "%C3"},
		{"bare CR in request line", "GET /\r HTTP/1.1\r\nHost: h\r\n\r\n", 400, "%0D"},
		{"fragment", "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", 400, "%23"},
		{"bad escape in path", "GET /a%zz HTTP/1.1\r\nHost: h\r\n\r\n", 400, "%25"},
		{"cut escape in path", "GET /a%4 HTTP/1.1\r\nHost: h\r\n\r\n", 400, "%25"},
		{"relative target", "GET a HTTP/1.1\r\nHost: h\r\n\r\n", 400, `start with "/"`},
		{"other scheme", "GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400, `"http://"`},
		{"asterisk for GET", "GET * HTTP/1.1\r\nHost: h\r\n\r\n", 400, "OPTIONS only"},
		{"CONNECT authority", "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n", 501, "not a proxy"},
		{"CONNECT path", "CONNECT /x HTTP/1.1\r\nHost: h\r\n\r\n", 501, "not a proxy"},
		{"user name in target", "GET http://u:p@h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400, "without a user name"},
		{"no host in target", "GET http:///x HTTP/1.1\r\nHost: h\r\n\r\n", 400, "http://host:port/path"},
		{"port only in target", "GET http://:80/x HTTP/1.1\r\nHost: h\r\n\r\n", 400, "http://host:port/path"},
		{"bad address in target", "GET http://[::1::]/x HTTP/1.1\r\nHost: h\r\n\r\n", 400, "http://host:port/path"},

		{"no Host", line + "\r\n", 400, "Host: example.com"},
		{"no Host with absolute target", "GET http://h/ HTTP/1.1\r\n\r\n", 400, "Host: example.com"},
		{"two Hosts", start + "Host: h\r\n\r\n", 400, "exactly one"},
		{"two Hosts in 1.0", "GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n", 400, "exactly one"},
		{"list in Host", line + "Host: a, b\r\n\r\n", 400, "host:port"},
		{"path in Host", line + "Host: a/b\r\n\r\n", 400, "host:port"},
		{"user in Host", line + "Host: u@h\r\n\r\n", 400, "host:port"},
		{"bad port in Host", line + "Host: h:80x\r\n\r\n", 400, "host:port"},
		{"bare IPv6 in Host", line + "Host: ::1\r\n\r\n", 400, "host:port"},
		{"open bracket in Host", line + "Host: [::1\r\n\r\n", 400, "host:port"},
		{"empty brackets in Host", line + "Host: []\r\n\r\n", 400, "host:port"},

		{"folded header", start + "A: b\r\n c\r\n\r\n", 400, "on one line"},
		{"folded with tab", start + "A: b\r\n\tc\r\n\r\n", 400, "on one line"},
		{"space before first header", line + " Host: h\r\n\r\n", 400, "on one line"},
		{"space before colon", start + "Content-Length : 5\r\n\r\n", 400, "directly behind the name"},
		{"tab before colon", start + "Transfer-Encoding\t: chunked\r\n\r\n", 400, "directly behind the name"},
		{"no colon", start + "Header\r\n\r\n", 400, "Name: value"},
		{"no name", start + ": x\r\n\r\n", 400, "Name: value"},
		{"space in name", start + "A B: x\r\n\r\n", 400, "directly behind the name"},
		{"bracket in name", start + "A[0]: x\r\n\r\n", 400, "names are letters"},
		{"NUL in name", start + "A\x00: x\r\n\r\n", 400, "names are letters"},
		{"umlaut in name", start + "\xc3\xa4: x\r\n\r\n", 400, "names are letters"},
		{"NUL in value", start + "A: x\x00y\r\n\r\n", 400, "control character"},
		{"DEL in value", start + "A: x\x7fy\r\n\r\n", 400, "control character"},
		{"bare CR in value", start + "A: x\rB: y\r\n\r\n", 400, "control character"},
		{"CR before CRLF", start + "A: x\r\r\n\r\n", 400, "control character"},
		{"bare LF everywhere", "GET / HTTP/1.1\nHost: h\n\n", 400, "CRLF"},
		{"bare LF behind request line", "GET / HTTP/1.1\nHost: h\r\n\r\n", 400, "CRLF"},
		{"bare LF in header", start + "A: x\nB: y\r\n\r\n", 400, "CRLF"},
		{"bare LF for blank line", start + "\n", 400, "CRLF"},

		{"two equal Content-Lengths", start + "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", 400, "exactly one"},
		{"two other Content-Lengths", start + "Content-Length: 5\r\ncontent-length: 6\r\n\r\n", 400, "exactly one"},
		{"list in Content-Length", start + "Content-Length: 5, 5\r\n\r\n", 400, "decimal number"},
		{"plus", start + "Content-Length: +5\r\n\r\n", 400, "decimal number"},
		{"minus", start + "Content-Length: -1\r\n\r\n", 400, "decimal number"},
		{"hex", start + "Content-Length: 0x5\r\n\r\n", 400, "decimal number"},
		{"underscore", start + "Content-Length: 1_0\r\n\r\n", 400, "decimal number"},
		{"fraction", start + "Content-Length: 5.0\r\n\r\n", 400, "decimal number"},
		{"space inside", start + "Content-Length: 5 5\r\n\r\n", 400, "decimal number"},
		{"empty Content-Length", start + "Content-Length:\r\n\r\n", 400, "decimal number"},
		{"2^63", start + "Content-Length: 9223372036854775808\r\n\r\n", 400, "2^63"},
		{"2^64+5", start + "Content-Length: 18446744073709551621\r\n\r\n", 400, "2^63"},
		{"100 digits", start + "Content-Length: " + strings.Repeat("9", 100) + "\r\n\r\n", 400, "2^63"},
		{"length, then chunked", start + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "send one of them"},
		{"chunked, then length", start + "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n", 400, "send one of them"},
		{"identity", start + "Transfer-Encoding: identity\r\n\r\n", 501, "Transfer-Encoding: chunked"},
		{"gzip, chunked", start + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501, "Transfer-Encoding: chunked"},
		{"chunked, identity", start + "Transfer-Encoding: chunked, identity\r\n\r\n", 501, "Transfer-Encoding: chunked"},
		{"xchunked", start + "Transfer-Encoding: xchunked\r\n\r\n", 501, "Transfer-Encoding: chunked"},
		{"quoted chunked", start + "Transfer-Encoding: \"chunked\"\r\n\r\n", 501, "Transfer-Encoding: chunked"},
		{"vertical tab chunked", start + "Transfer-Encoding: \x0bchunked\r\n\r\n", 400, "control character"},
		{"Kelvin sign chunked", start + "Transfer-Encoding: chun\u212aed\r\n\r\n", 501, "Transfer-Encoding: chunked"},
		{"chunked;a=b", start + "Transfer-Encoding: chunked;a=b\r\n\r\n", 501, "Transfer-Encoding: chunked"},
		{"empty Transfer-Encoding", start + "Transfer-Encoding:\r\n\r\n", 501, "Transfer-Encoding: chunked"},
		{"chunked twice", start + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 501, "single"},
		{"chunked in 1.0", "POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "use HTTP/1.1"},
		{"length as trailer", start + "Transfer-Encoding: chunked\r\nTrailer: X, Content-Length\r\n\r\n", 400, "in the head"},

		{"other Expect", start + "Expect: 200-ok\r\n\r\n", 417, "100-continue"},
		{"Expect list", start + "Expect: 100-continue, x\r\n\r\n", 417, "100-continue"},
		{"second Expect", start + "Expect: 100-continue\r\nExpect: x\r\n\r\n", 417, "100-continue"},
		{"upgrade with length", start + "Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n\r\n", 400, "without Content-Length"},
		{"upgrade with chunks", start + "Connection: upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "without Content-Length"},

		{"long target", "GET /" + strings.Repeat("a", 16<<10) + " HTTP/1.1\r\nHost: h\r\n\r\n", 414, "16384 bytes"},
		{"long target behind an empty line", "\r\nGET /" + strings.Repeat("a", 16<<10) + " HTTP/1.1\r\nHost: h\r\n\r\n", 414, "16384 bytes"},
		{"long header", start + "A: " + strings.Repeat("a", 16<<10) + "\r\n\r\n", 431, "16384 bytes"},
		{"101 headers", start + strings.Repeat("A: b\r\n", 100) + "\r\n", 431, "100 header lines"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := HeadEnd([]byte(tt.head), 0)
			if n < 0 {
				t.Fatalf("HeadEnd found no end in %q", tt.head)
			}
			err := Parse([]byte(tt.head)[:n], DefaultLimits(), new(Request))
			wantError(t, err, tt.status, tt.says)
		})
	}
}

func wantError(t *testing.T, err error, status int, says string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("error = %v, want an *Error with status %d", err, status)
	}
	if e.Status != status || !strings.Contains(e.Message, says) {
		t.Errorf("got %v, want status %d and a message with %q", e, status, says)
	}
	if len(e.Message) > 400 {
		t.Errorf("message of %d bytes repeats too much of the request", len(e.Message))
	}
}

// What HeadEnd never hands over must not slip through either.
func TestParseRefusesOtherThanOneHead(t *testing.T) {
	f := func(head, says string) {
		t.Helper()
		wantError(t, Parse([]byte(head), DefaultLimits(), new(Request)), 400, says)
	}
	f("", "blank line")
	f("GET / HTTP/1.1\r\nHost: h\r\n", "blank line")
	f("GET / HTTP/1.1\r\nHost: h\r\n\r", "blank line")
	f("GET / HTTP/1.1\r\nHost: h\r\n\r\nbody", "after its blank line")
}

func TestLimits(t *testing.T) {
	head := []byte("GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\n")
	f := func(lim Limits, status int) {
		t.Helper()
		err := Parse(head, lim, new(Request))
		if status == 0 && err != nil {
			t.Errorf("%+v: %v, want none", lim, err)
		}
		if status != 0 {
			wantError(t, err, status, "")
		}
	}
	f(Limits{}, 0)
	f(Limits{Head: len(head), Fields: 2}, 0)
	f(Limits{Head: len(head) - 1}, 431)
	f(Limits{Head: len("GET / HTTP/1.1\r\n")}, 431)
	f(Limits{Head: len("GET / HTTP/1.1\r\n") - 1}, 414)
	f(Limits{Fields: 1}, 431)
}

func TestErrorResponse(t *testing.T) {
	e := &Error{Status: 414, Message: "too long"}
	want := Response{Status: 414, ContentType: "text/plain; charset=utf-8", Body: []byte("too long\n"), Close: true}
	if diff := cmp.Diff(want, e.Response()); diff != "" {
		t.Errorf("Response (-want +got):\n%s", diff)
	}
	if got := fmt.Sprint(e); got != "http 414: too long" {
		t.Errorf("Error() = %q", got)
	}
}
