package loadgen

import (
	"strings"
	"testing"
)

const okAnswer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\ncontent-LENGTH:  2 \r\n\r\n{}"

func TestParseAnswer(t *testing.T) {
	f := func(wire string, status, length int, body string) {
		t.Helper()
		a, n, err := parseAnswer([]byte(wire))
		if err != nil || a.status != status || n != length || string(a.body) != body {
			t.Errorf("%q: status %d, length %d, body %q, %v", wire, a.status, n, a.body, err)
		}
	}
	f(okAnswer, 200, len(okAnswer), "{}")
	f(okAnswer+"HTTP/1.1 2", 200, len(okAnswer), "{}")
	upgrade := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
	f(upgrade+"\x81\x05", 101, len(upgrade), "")
	for have := range len(okAnswer) {
		f(okAnswer[:have], 0, 0, "")
	}
}

func TestParseAnswerRefuses(t *testing.T) {
	f := func(wire, want string) {
		t.Helper()
		_, n, err := parseAnswer([]byte(wire))
		if n != 0 || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: length %d, %v; want %q", wire, n, err, want)
		}
	}
	f("SSH-2.0-OpenSSH\r\n\r\n", "status line")
	f("HTTP/1.1 OK\r\n\r\n", "status line")
	f("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "Content-Length")
	f("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "Content-Length")
}

func TestSocketIDOf(t *testing.T) {
	f := func(hello, want string) {
		t.Helper()
		if got := socketIDOf([]byte(hello)); got != want {
			t.Errorf("%s: %q, want %q", hello, got, want)
		}
	}
	f(`{"event":"pusher:connection_established","data":"{\"socket_id\":\"45055.28877557\",\"activity_timeout\":120}"}`, "45055.28877557")
	f(`{"event":"pusher:connection_established","data":{"socket_id":"1.2"}}`, "1.2")
	f(`{"event":"pusher:connection_established","data":"{}"}`, "")
}
