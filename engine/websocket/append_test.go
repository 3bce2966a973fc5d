package websocket_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"fanfare/engine/websocket"

	"github.com/gobwas/ws"
)

// TestExamples has the frames of RFC 6455 section 5.7, byte for byte.
func TestExamples(t *testing.T) {
	f := func(got []byte, want string) {
		t.Helper()
		if string(got) != want {
			t.Errorf("got % x, want % x", got, want)
		}
	}
	f(websocket.AppendFrame(nil, websocket.Text, []byte("Hello")), "\x81\x05Hello")
	f(websocket.AppendMasked(nil, websocket.Text, true, []byte("Hello"), [4]byte{0x37, 0xFA, 0x21, 0x3D}),
		"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58")
	f(append(websocket.AppendHeader(nil, websocket.Text, false, 3), "Hel"...), "\x01\x03Hel")
	f(append(websocket.AppendHeader(nil, websocket.Continuation, true, 2), "lo"...), "\x80\x02lo")
	f(websocket.AppendHeader(nil, websocket.Binary, true, 256), "\x82\x7e\x01\x00")
	f(websocket.AppendHeader(nil, websocket.Binary, true, 65536), "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00")
	f(websocket.AppendFrame([]byte("kept"), websocket.Ping, nil), "kept\x89\x00")
}

// TestAgainstGobwas writes frames of random kinds and lengths here and with gobwas/ws: the same bytes, in both
// directions.
func TestAgainstGobwas(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, length := range append(randomLengths(random, 500), 0, 1, 125, 126, 127, 65535, 65536) {
		payload := make([]byte, length)
		for i := range payload {
			payload[i] = byte(random.Uint32())
		}
		op := []websocket.Opcode{websocket.Continuation, websocket.Text, websocket.Binary}[random.IntN(3)]
		fin, key := random.IntN(2) == 0, randomMask(random)
		theirs := ws.NewFrame(ws.OpCode(op), fin, payload)
		ours := append(websocket.AppendHeader(nil, op, fin, length), payload...)
		if !bytes.Equal(ours, ws.MustCompileFrame(theirs)) {
			t.Fatalf("%v of %d bytes, fin %t: header % x", op, length, fin, ours[:min(14, len(ours))])
		}
		if websocket.HeaderLen(length) != ws.HeaderSize(theirs.Header) {
			t.Fatalf("HeaderLen(%d) = %d", length, websocket.HeaderLen(length))
		}
		ours = websocket.AppendMasked(nil, op, fin, payload, key)
		if !bytes.Equal(ours, ws.MustCompileFrame(ws.MaskFrameWith(theirs, key))) {
			t.Fatalf("%v of %d bytes, fin %t, masked: header % x", op, length, fin, ours[:min(14, len(ours))])
		}
	}
}

func randomLengths(random *rand.Rand, n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = random.IntN(1 << random.IntN(14))
	}
	return list
}

// TestCipher holds the unmasking, which is assembly in gobwas/ws, against the formula of RFC 6455 section 5.3 at all
// alignments.
func TestCipher(t *testing.T) {
	key := [4]byte{1, 2, 4, 128}
	for length := range 300 {
		for shift := range 9 {
			buf := make([]byte, shift, shift+length+14)
			payload := bytes.Repeat([]byte{0x55}, length)
			buf = websocket.AppendMasked(buf, websocket.Binary, true, payload, key)
			masked := buf[len(buf)-length:]
			for i, b := range masked {
				if b != 0x55^key[i%4] {
					t.Fatalf("length %d, shift %d, byte %d: 0x%02x", length, shift, i, b)
				}
			}
			var r websocket.Reader
			var m websocket.Message
			if _, _, ok, err := r.Next(buf[shift:], length, &m); !ok || err != nil || !bytes.Equal(m.Payload, payload) {
				t.Fatalf("length %d, shift %d: ok %t, %v", length, shift, ok, err)
			}
		}
	}
}

func TestAppendClose(t *testing.T) {
	f := func(code uint16, reason, want string) {
		t.Helper()
		got := websocket.AppendClose([]byte("kept"), code, reason)
		if string(got) != "kept"+want {
			t.Errorf("AppendClose(%d, %q) = %q, want %q", code, reason, got[4:], want)
		}
	}
	long := strings.Repeat("x", 123)
	f(0, "left out", "\x88\x00")
	f(1005, "left out", "\x88\x00")
	f(1000, "", "\x88\x02\x03\xE8")
	f(4200, "go", "\x88\x04\x10\x68go")
	f(1000, long, "\x88\x7D\x03\xE8"+long)
	f(1000, long+"y", "\x88\x7D\x03\xE8"+long)
	f(1000, long[:122]+"ä", "\x88\x7C\x03\xE8"+long[:122])
	f(1000, long[:121]+"ä", "\x88\x7D\x03\xE8"+long[:121]+"ä")
	f(1000, long[:120]+"\U0001F600", "\x88\x7A\x03\xE8"+long[:120])
	f(1000, "not \xFF UTF-8", "\x88\x0F\x03\xE8not \uFFFD UTF-8")
	f(1000, strings.Repeat("\xFF.", 100), "\x88\x7D\x03\xE8"+strings.Repeat("\uFFFD.", 30)+"\uFFFD")
}

// TestAppendCloseIsValid: whatever the reason, the frame is one that a Reader accepts.
func TestAppendCloseIsValid(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 2000 {
		reason := string(randomText(random)) + strings.Repeat("\x80", random.IntN(3))
		var r websocket.Reader
		var m websocket.Message
		_, _, ok, err := r.NextFromServer(websocket.AppendClose(nil, 1008, reason), 0, &m)
		if !ok || err != nil || m.Code != 1008 || len(m.Reason) > 123 || !utf8.Valid(m.Reason) {
			t.Fatalf("reason %q: %v, code %d, %q", reason, err, m.Code, m.Reason)
		}
	}
}

// TestAllocations: the paths of every message cost no allocation once the buffers have their size.
func TestAllocations(t *testing.T) {
	frame := websocket.AppendMasked(nil, websocket.Text, true, bytes.Repeat([]byte("ä"), 100), [4]byte{})
	bad := []byte{0xC1, 0x80}
	dst := make([]byte, 0, 1024)
	var r websocket.Reader
	var m websocket.Message
	for name, f := range map[string]func(){
		"Next":            func() { r.Next(frame, 1000, &m) },
		"Next incomplete": func() { r.Next(frame[:10], 1000, &m) },
		"Next violation":  func() { r.Next(bad, 1000, &m) },
		"AppendFrame":     func() { websocket.AppendFrame(dst, websocket.Text, frame) },
		"AppendHeader":    func() { websocket.AppendHeader(dst, websocket.Text, true, 70000) },
		"AppendMasked":    func() { websocket.AppendMasked(dst, websocket.Text, true, frame, mask) },
		"AppendClose":     func() { websocket.AppendClose(dst, 4200, "please reconnect") },
		"AppendState":     func() { r.AppendState(dst) },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
