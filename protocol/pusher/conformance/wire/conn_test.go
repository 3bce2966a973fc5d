package wire

import (
	"bufio"
	"context"
	"crypto/sha1" //nolint:gosec // RFC 6455 fixes SHA-1 for the handshake
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// script is a server that answers one upgrade with these lines and then sends
// these bytes. In a line, ACCEPT stands for the right Sec-WebSocket-Accept.
func script(t *testing.T, lines []string, after string) (addr string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		r, err := http.ReadRequest(bufio.NewReader(conn))
		if err != nil {
			return
		}
		sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
		head := strings.Join(lines, "\r\n") + "\r\n\r\n"
		head = strings.ReplaceAll(head, "ACCEPT", base64.StdEncoding.EncodeToString(sum[:]))
		io.WriteString(conn, head+after)
		io.Copy(io.Discard, conn) // until the client ends it
	}()
	return listener.Addr().String()
}

var switching = []string{
	"HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: ACCEPT",
}

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestDialRefuses(t *testing.T) {
	tests := []struct {
		name  string
		lines []string
	}{
		{"another status", []string{"HTTP/1.1 400 Bad Request", "Content-Length: 0"}},
		{"a wrong accept", append(switching[:3:3], "Sec-WebSocket-Accept: x")},
		{"no accept", switching[:3]},
		{"no upgrade", append([]string{switching[0]}, switching[2:]...)},
		{"no connection", append(switching[:2:2], switching[3])},
		{"an extension", append(switching[:4:4], "Sec-WebSocket-Extensions: permessage-deflate")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			conn, err := Dial(soon(t), script(t, tt.lines, ""), "/app/key")
			if err == nil {
				conn.Close()
				t.Fatal("the upgrade was taken for a good one")
			}
		})
	}
	if _, err := Dial(t.Context(), "127.0.0.1:1", "/"); err == nil {
		t.Error("a context without a deadline was accepted")
	}
}

func TestReadAssembles(t *testing.T) {
	// A text in three fragments, the cut within a character, and a ping between them.
	const frames = "\x01\x02a\xc3" + "\x89\x01p" + "\x00\x01\xbc" + "\x80\x01b" + "\x88\x02\x10\x68"
	conn, err := Dial(soon(t), script(t, switching, frames), "/app/key")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, want := range []Frame{{true, OpPing, []byte("p")}, {true, OpText, []byte("aüb")}, {true, OpClose, []byte("\x10\x68")}} {
		f, err := conn.ReadUntil(time.Now().Add(5 * time.Second))
		if err != nil || f.Op != want.Op || string(f.Payload) != string(want.Payload) {
			t.Fatalf("got %v, %v, want %v", f, err, want)
		}
	}
	if _, err := conn.ReadUntil(time.Now()); !errors.Is(err, ErrQuiet) {
		t.Fatalf("got error %v from a quiet connection, want ErrQuiet", err)
	}
	if err := conn.Send(OpText, []byte("still usable")); err != nil {
		t.Fatal(err)
	}
}

func TestReadRefuses(t *testing.T) {
	for name, frames := range map[string]string{
		"binary":                          "\x82\x00",
		"continuation of nothing":         "\x80\x00",
		"text within a fragmented text":   "\x01\x01a\x81\x01b",
		"text that is not UTF-8":          "\x81\x01\xff",
		"text cut off within a character": "\x01\x01\xc3\x80\x01a",
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := Dial(soon(t), script(t, switching, frames), "/app/key")
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if f, err := conn.Read(); err == nil {
				t.Fatalf("got %v, want an error", f)
			}
		})
	}
}

func TestHTTPConn(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		io.WriteString(w, r.Method+" "+r.URL.EscapedPath()+" "+r.URL.Query().Get("q")+" "+string(body)+" "+r.Header.Get("X-A"))
	}))
	defer srv.Close()
	conn, err := DialHTTP(soon(t), srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	requests := []Request{
		{Method: "GET", Path: "/a%3Db", Query: []Param{{"q", "x y&z=ü;"}}},
		{Method: "POST", Path: "/b", Body: "body", Header: []string{"X-A: 1"}},
		{Method: "POST", Path: "/c"},
	}
	want := []string{"GET /a%3Db x y&z=ü;  ", "POST /b  body 1", "POST /c   "}
	if err := conn.Send(requests...); err != nil {
		t.Fatal(err)
	}
	for i := range want {
		resp, err := conn.Receive()
		if err != nil || resp.Status != http.StatusAccepted || resp.Body != want[i] {
			t.Fatalf("answer %d is %d %q, %v, want 202 %q", i, resp.Status, resp.Body, err, want[i])
		}
	}
	if _, err := conn.Receive(); err == nil {
		t.Error("an answer came to no request")
	}
}
