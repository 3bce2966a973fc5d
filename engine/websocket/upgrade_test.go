package websocket_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"github.com/google/go-cmp/cmp"

	"fanfare/engine/websocket"
)

// browserHead is what Chromium sends from a page with pusher-js, cookies included: 620 bytes.
const browserHead = "GET /app/app-key?protocol=7&client=js&version=8.6.0&flash=false HTTP/1.1\r\n" +
	"Host: localhost:6001\r\n" +
	"Connection: Upgrade\r\n" +
	"Pragma: no-cache\r\n" +
	"Cache-Control: no-cache\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36\r\n" +
	"Upgrade: websocket\r\n" +
	"Origin: http://localhost:8000\r\n" +
	"Sec-WebSocket-Version: 13\r\n" +
	"Accept-Encoding: gzip, deflate, br, zstd\r\n" +
	"Accept-Language: en-GB\r\n" +
	"Cookie: XSRF-TOKEN=eyJpdiI6Ik5vdCBhIHJlYWwgdG9rZW4iLCJ2YWx1ZSI6IiJ9; s=0123456789a\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
	"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n" +
	"\r\n"

// TestUpgradeAnswer checks the answer byte for byte: the accept value is the one of RFC 6455 section 1.3, and no
// Sec-WebSocket-Extensions or -Protocol is in it.
func TestUpgradeAnswer(t *testing.T) {
	head := strings.Replace(browserHead, "\r\n\r\n", "\r\nSec-WebSocket-Protocol: chat, superchat\r\n\r\n", 1)
	const want = "HTTP/1.1 101 Switching Protocols\r\n" +
		"Upgrade: websocket\r\n" +
		"Connection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" +
		"\r\n"
	got, err := websocket.Upgrade([]byte("kept:"), []byte(head))
	if err != nil || string(got) != "kept:"+want {
		t.Errorf("Upgrade = %q, %v; want %q after the given bytes", got, err, want)
	}
	if len(browserHead) != 620 {
		t.Errorf("the benchmark speaks of 620 bytes, the head has %d", len(browserHead))
	}
}

func TestUpgradeLeavesHeadAlone(t *testing.T) {
	head := []byte(strings.ToLower(browserHead[:3]) + browserHead[3:])
	before := bytes.Clone(head)
	websocket.Upgrade(nil, head)
	if !bytes.Equal(head, before) {
		t.Error("Upgrade changed the head that it was given")
	}
}

// TestUpgradeLongHead has lines longer than the Upgrader's read buffer of 4 KiB.
func TestUpgradeLongHead(t *testing.T) {
	head := strings.Replace(browserHead, "s=", strings.Repeat("c=d; ", 5000)+"s=", 1)
	got, err := websocket.Upgrade(nil, []byte(head))
	if err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 101 ") {
		t.Errorf("a head of %d bytes: %q, %v", len(head), got, err)
	}
}

// TestUpgradeRefused wants for every refusal an error, and one whole HTTP answer with a body that names the fault.
func TestUpgradeRefused(t *testing.T) {
	replaced := func(old, with string) string { return strings.Replace(browserHead, old, with, 1) }
	tests := []struct {
		name, head string
		status     int
		body       string
		fault      websocket.Fault
	}{
		{"method", replaced("GET", "POST"), 405, "method", websocket.FaultMethod},
		{"version 1.0", replaced("HTTP/1.1", "HTTP/1.0"), 505, "version", websocket.FaultProtocol},
		{"no host", replaced("Host:", "X-Host:"), 400, "Host", websocket.FaultHost},
		{"no upgrade", replaced("Upgrade: websocket\r\n", ""), 400, "Upgrade", websocket.FaultUpgrade},
		{"other upgrade", replaced("Upgrade: websocket", "Upgrade: h2c"), 400, "Upgrade", websocket.FaultUpgrade},
		{"no connection", replaced("Connection: Upgrade\r\n", ""), 400, "Connection", websocket.FaultConnection},
		{"keep-alive", replaced("Connection: Upgrade", "Connection: keep-alive"), 400, "Connection", websocket.FaultConnection},
		{"no key", replaced("Sec-WebSocket-Key:", "X-Key:"), 400, "Sec-WebSocket-Key", websocket.FaultKey},
		{"short key", replaced("dGhlIHNhbXBsZSBub25jZQ==", "dGhl"), 400, "Sec-WebSocket-Key", websocket.FaultKey},
		{"no websocket version", replaced("Sec-WebSocket-Version:", "X-Version:"), 400, "Sec-WebSocket-Version", websocket.FaultVersion},
		{"websocket version 8", replaced("Version: 13", "Version: 8"), 426, "Sec-WebSocket-Version", websocket.FaultVersion},
		{"header without colon", replaced("Pragma: no-cache", "Pragma"), 400, "malformed", websocket.FaultMalformed},
		{"request line of one word", "GET\r\n\r\n", 400, "malformed", websocket.FaultMalformed},
		{"no end", strings.TrimSuffix(browserHead, "\r\n"), 400, "malformed", websocket.FaultMalformed},
		{"nothing", "", 400, "malformed", websocket.FaultMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := websocket.Upgrade(nil, []byte(tt.head))
			if err == nil {
				t.Fatalf("accepted: %q", got)
			}
			if fault := websocket.FaultOf(err); fault != tt.fault {
				t.Errorf("the fault is %v, want %v", fault, tt.fault)
			}
			checkRefusal(t, got)
			status, body := parseAnswer(t, got)
			if status != tt.status || !strings.Contains(body, tt.body) {
				t.Errorf("status %d, body %q; want %d and a body with %q", status, body, tt.status, tt.body)
			}
		})
	}
}

// TestUpgradeVersionRefused checks the refusal of a version byte for byte, and that it stands after what was there.
func TestUpgradeVersionRefused(t *testing.T) {
	got, err := websocket.Upgrade([]byte("kept:"), []byte(strings.Replace(browserHead, "Version: 13", "Version: 8", 1)))
	if !errors.Is(err, ws.ErrHandshakeUpgradeRequired) {
		t.Errorf("error %v, want gobwas/ws's", err)
	}
	const want = "kept:HTTP/1.1 426 Upgrade Required\r\n" +
		"Content-Type: text/plain; charset=utf-8\r\n" +
		"Content-Length: 79\r\n" +
		"Upgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\n" +
		"Connection: Upgrade, close\r\n" +
		"\r\n" +
		"this version of WebSocket is not spoken here: send \"Sec-WebSocket-Version: 13\"\n"
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}

// checkRefusal wants what every refusal has: that the connection is closed, and a body that is plain text.
func checkRefusal(t *testing.T, answer []byte) {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(answer)), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if !resp.Close || resp.Header.Get("Content-Type") != "text/plain; charset=utf-8" || resp.ContentLength < 30 {
		t.Errorf("refusal %q: want Connection: close and a plain text that tells something", answer)
	}
}

// parseAnswer reads answer as one HTTP response and wants nothing after it.
func parseAnswer(t *testing.T, answer []byte) (status int, body string) {
	t.Helper()
	rd := bufio.NewReader(bytes.NewReader(answer))
	resp, err := http.ReadResponse(rd, nil)
	if err != nil {
		t.Fatalf("%q is no HTTP response: %v", answer, err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil || resp.ContentLength != int64(len(content)) || rd.Buffered() != 0 {
		t.Fatalf("%q: body %q, %v, %d bytes after it", answer, content, err, rd.Buffered())
	}
	return resp.StatusCode, string(content)
}
