package websocket_test

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"unsafe"

	"fanfare/engine/websocket"

	"github.com/gobwas/ws"
	"github.com/google/go-cmp/cmp"
)

var mask = [4]byte{0x12, 0xAB, 0x00, 0xFF}

// wantCode checks that err is a *CloseError with this code.
func wantCode(t *testing.T, err error, code uint16) {
	t.Helper()
	violation, is := errors.AsType[*websocket.CloseError](err)
	if !is || violation.Code != code {
		t.Errorf("error %v, want one with the code %d", err, code)
	}
}

func TestReaderIsSmall(t *testing.T) {
	if size := unsafe.Sizeof(websocket.Reader{}); size != 8 {
		t.Errorf("a Reader takes %d bytes; every idle connection has one, it must take 8", size)
	}
}

// TestBoundaryLengths reads a message of every length around a border of the encoding, byte by byte, and checks what
// Next says of the bytes that are still missing.
func TestBoundaryLengths(t *testing.T) {
	for _, length := range []int{0, 1, 125, 126, 127, 65535, 65536, 65537} {
		payload := bytes.Repeat([]byte{'x'}, length)
		frame := websocket.AppendMasked(nil, websocket.Binary, true, payload, mask)
		header := websocket.HeaderLen(length)
		if len(frame) != header+4+length {
			t.Fatalf("length %d: the frame has %d bytes, want %d + mask + payload", length, len(frame), header)
		}
		var r websocket.Reader
		var m websocket.Message
		before := bytes.Clone(frame)
		for have := range len(frame) {
			if have > header+4 && have < len(frame)-2 {
				continue // all the same
			}
			n, need, ok, err := r.Next(frame[:have:have], length, &m)
			wantNeed := len(frame)
			if have < header {
				wantNeed = 0
			}
			if n != 0 || ok || err != nil || need != wantNeed {
				t.Fatalf("length %d, %d bytes there: n %d, need %d, ok %t, %v; want need %d", length, have, n, need, ok, err, wantNeed)
			}
		}
		if !bytes.Equal(frame, before) {
			t.Fatalf("length %d: Next changed an incomplete frame", length)
		}
		n, _, ok, err := r.Next(append(frame, 0x81), length, &m)
		if n != len(frame) || !ok || err != nil || m.Op != websocket.Binary || !bytes.Equal(m.Payload, payload) {
			t.Errorf("length %d: n %d, ok %t, %v, %v of %d bytes", length, n, ok, err, m.Op, len(m.Payload))
		}
	}
}

func TestNextOfNothing(t *testing.T) {
	var r websocket.Reader
	var m websocket.Message
	if n, need, ok, err := r.Next(nil, 10, &m); n != 0 || need != 0 || ok || err != nil {
		t.Errorf("Next(nil) = %d, %d, %t, %v", n, need, ok, err)
	}
}

// TestLimit has messages at the limit and one byte above it. The refusal comes with the length, before any payload.
func TestLimit(t *testing.T) {
	const limit = 1000
	f := func(buffered, length int, refused bool) {
		t.Helper()
		var r websocket.Reader
		var m websocket.Message
		op := websocket.Text
		if buffered > 0 {
			first := websocket.AppendMasked(nil, op, false, bytes.Repeat([]byte{'a'}, buffered), mask)
			if _, _, _, err := r.Next(first, limit, &m); err != nil || r.Buffered() != buffered {
				t.Fatalf("first fragment: %v, %d bytes buffered", err, r.Buffered())
			}
			op = websocket.Continuation
		}
		frame := websocket.AppendMasked(nil, op, true, bytes.Repeat([]byte{'b'}, length), mask)
		_, need, _, err := r.Next(frame[:websocket.HeaderLen(length)], limit, &m)
		if !refused {
			if err != nil || need != len(frame) {
				t.Errorf("%d + %d bytes: need %d, %v", buffered, length, need, err)
			}
			return
		}
		wantCode(t, err, websocket.CodeTooBig)
		if err != nil && !strings.Contains(err.Error(), "1000") {
			t.Errorf("%q does not name the limit", err)
		}
	}
	f(0, 1000, false)
	f(0, 1001, true)
	f(1, 999, false)
	f(1, 1000, true)
	f(1000, 0, false)
	f(1000, 1, true)
	f(500, 501, true)
}

// TestLimitsAtTheEdge has limits that could make sizes overflow or become negative.
func TestLimitsAtTheEdge(t *testing.T) {
	huge := []byte{0x82, 0x80 | 127, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}
	small := websocket.AppendMasked(nil, websocket.Binary, true, []byte("x"), mask)
	var r websocket.Reader
	var m websocket.Message
	_, _, _, err := r.Next(huge, math.MaxInt, &m)
	wantCode(t, err, websocket.CodeTooBig)
	_, _, _, err = r.Next(bytes.Clone(small), 0, &m)
	wantCode(t, err, websocket.CodeTooBig)
	_, _, _, err = r.Next(bytes.Clone(small), -1, &m)
	wantCode(t, err, websocket.CodeTooBig)
	if n, _, ok, err := r.Next(bytes.Clone(small), math.MaxInt, &m); n != len(small) || !ok || err != nil {
		t.Errorf("n %d, ok %t, %v", n, ok, err)
	}
}

// TestControlFramesAreNotLimited: a ping is read however small the limit for messages is.
func TestControlFramesAreNotLimited(t *testing.T) {
	var r websocket.Reader
	var m websocket.Message
	ping := websocket.AppendMasked(nil, websocket.Ping, true, bytes.Repeat([]byte{'p'}, 125), mask)
	if _, _, ok, err := r.Next(ping, 1, &m); !ok || err != nil || len(m.Payload) != 125 {
		t.Errorf("ok %t, %v, %d bytes", ok, err, len(m.Payload))
	}
}

// TestRefusedAtOnce gives each violation byte by byte: the error must come with the byte that proves it.
func TestRefusedAtOnce(t *testing.T) {
	frag := string(websocket.AppendMasked(nil, websocket.Text, false, []byte("a\xE2"), [4]byte{}))
	tests := []struct {
		name  string
		bytes string
		at    int // number of bytes after which the violation is known
		code  uint16
	}{
		{"reserved bit", "\xC1\x80", 1, 1002},
		{"reserved data opcode", "\x83\x80", 1, 1002},
		{"reserved control opcode", "\x8B\x80", 1, 1002},
		{"fragmented ping", "\x09\x80", 1, 1002},
		{"continuation of nothing", "\x80\x80", 1, 1002},
		{"text inside a fragmented text", frag + "\x81\x80", len(frag) + 1, 1002},
		{"binary inside a fragmented text", frag + "\x02\x80", len(frag) + 1, 1002},
		{"no mask", "\x81\x05", 2, 1002},
		{"long ping", "\x89\xFE\x00\x7E", 2, 1002},
		{"long close", "\x88\xFF\x00\x00", 2, 1002},
		{"125 in 16 bits", "\x81\xFE\x00\x7D\x00", 4, 1002},
		{"65535 in 64 bits", "\x81\xFF\x00\x00\x00\x00\x00\x00\xFF\xFF\x00", 10, 1002},
		{"2^63", "\x81\xFF\x80\x00\x00\x00\x00\x00\x00\x00\x00", 10, 1002},
		{"too big, 16 bits", "\x81\xFE\xFF\xFF\x00", 4, 1009},
		{"too big, 64 bits", "\x81\xFF\x00\x00\x00\x01\x00\x00\x00\x00\x00", 10, 1009},
		{"text not UTF-8", "\x81\x82\x00\x00\x00\x00a\xFFmore", 8, 1007},
		{"text ends in a code point", "\x81\x82\x00\x00\x00\x00a\xE2more", 8, 1007},
		{"fragment not UTF-8", "\x01\x82\x00\x00\x00\x00a\xFFmore", 8, 1007},
		{"code point not gone on with", frag + "\x00\x81\x00\x00\x00\x00amore", len(frag) + 7, 1007},
		{"code point not ended", frag + "\x80\x81\x00\x00\x00\x00\x98more", len(frag) + 7, 1007},
		{"close with one byte", "\x88\x81\x00\x00\x00\x00\x03more", 7, 1002},
		{"close with 1005", "\x88\x82\x00\x00\x00\x00\x03\xEDmore", 8, 1002},
		{"close with 5000", "\x88\x82\x00\x00\x00\x00\x13\x88more", 8, 1002},
		{"close reason not UTF-8", "\x88\x83\x00\x00\x00\x00\x03\xE8\xFFmore", 9, 1007},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := endpoint{limit: 1000}
			for i := range len(tt.bytes) {
				e.feed([]byte{tt.bytes[i]})
				if (e.violated != nil) != (i+1 >= tt.at) {
					t.Fatalf("after %d bytes: %v; want the violation after %d", i+1, e.violated, tt.at)
				}
			}
			wantCode(t, e.violated, tt.code)
		})
	}
}

// TestCloseMessage checks what a good Close frame tells.
func TestCloseMessage(t *testing.T) {
	f := func(body string, code uint16, reason string) {
		t.Helper()
		var r websocket.Reader
		var m websocket.Message
		frame := websocket.AppendMasked(nil, websocket.Close, true, []byte(body), mask)
		n, _, ok, err := r.Next(frame, 0, &m)
		if n != len(frame) || !ok || err != nil {
			t.Fatalf("body %q: n %d, ok %t, %v", body, n, ok, err)
		}
		want := websocket.Message{Op: websocket.Close, Payload: []byte(body), Code: code, Reason: []byte(reason)}
		if m.Reason == nil {
			m.Reason = []byte{}
		}
		if diff := cmp.Diff(want, m); diff != "" {
			t.Errorf("body %q (-want +got):\n%s", body, diff)
		}
	}
	f("", 1005, "")
	f("\x03\xE8", 1000, "")
	f("\x10\x68bye ☃", 4200, "bye ☃")
}

// TestCloseCodes decides for each of the 65,536 codes by the RFC's table, and by gobwas/ws where that says the same.
func TestCloseCodes(t *testing.T) {
	for code := range 1 << 16 {
		var r websocket.Reader
		var m websocket.Message
		body := []byte{byte(code >> 8), byte(code)}
		_, _, _, err := r.Next(websocket.AppendMasked(nil, websocket.Close, true, body, mask), 0, &m)
		want := ws.CheckCloseFrameData(ws.StatusCode(code), "") == nil
		switch {
		case code >= 1012 && code <= 1014: // registered with IANA after the RFC
			want = true
		case code >= 5000: // gobwas takes what the RFC does not define
			want = false
		}
		if (err == nil) != want {
			t.Errorf("code %d: %v, want accepted %t", code, err, want)
		}
	}
}

// TestPayloadIsInPlace: a message of one frame lies in the caller's buffer, and appending to it does not write over the
// next frame.
func TestPayloadIsInPlace(t *testing.T) {
	buf := websocket.AppendMasked(nil, websocket.Text, true, []byte("in place"), mask)
	end := len(buf)
	buf = websocket.AppendMasked(buf, websocket.Text, true, []byte("next"), mask)
	next := bytes.Clone(buf[end:])
	var r websocket.Reader
	var m websocket.Message
	if n, _, ok, err := r.Next(buf, 100, &m); n != end || !ok || err != nil {
		t.Fatal(n, ok, err)
	}
	if &m.Payload[0] != &buf[end-len("in place")] {
		t.Error("the payload was copied")
	}
	_ = append(m.Payload, "overwritten"...)
	if !bytes.Equal(buf[end:], next) {
		t.Error("an append to the payload wrote over the next frame")
	}
}

// TestFragmentsKeepNothing: the fragments are copied, so the caller may reuse its buffer, and the message stays as it is
// while the Reader goes on with the next one.
func TestFragmentsKeepNothing(t *testing.T) {
	var r websocket.Reader
	var m, other websocket.Message
	next := func(m *websocket.Message, op websocket.Opcode, fin bool, payload string) bool {
		buf := websocket.AppendMasked(nil, op, fin, []byte(payload), mask)
		_, _, ok, err := r.Next(buf, 100, m)
		if err != nil {
			t.Fatal(err)
		}
		if !fin {
			clear(buf)
		}
		return ok
	}
	if next(&m, websocket.Text, false, "first ") || !next(&m, websocket.Continuation, true, "message") {
		t.Fatal("a message after its first fragment, or none after its last")
	}
	next(&other, websocket.Text, false, "another ")
	if string(m.Payload) != "first message" || r.Buffered() != len("another ") {
		t.Errorf("message %q, %d bytes buffered", m.Payload, r.Buffered())
	}
	next(&other, websocket.Continuation, true, "one")
	if r != (websocket.Reader{}) {
		t.Error("the Reader keeps something after the last fragment")
	}
}

// TestNextFromServer is the client's end: unmasked frames only.
func TestNextFromServer(t *testing.T) {
	var r websocket.Reader
	var m websocket.Message
	frame := websocket.AppendFrame(nil, websocket.Text, []byte("hello"))
	if n, _, ok, err := r.NextFromServer(frame, 100, &m); n != len(frame) || !ok || err != nil || string(m.Payload) != "hello" {
		t.Errorf("n %d, ok %t, %v, %q", n, ok, err, m.Payload)
	}
	if n, need, ok, err := r.NextFromServer(frame[:3], 100, &m); n != 0 || need != len(frame) || ok || err != nil {
		t.Errorf("of 3 bytes: n %d, need %d, ok %t, %v", n, need, ok, err)
	}
	_, _, _, err := r.NextFromServer(websocket.AppendMasked(nil, websocket.Text, true, []byte("x"), mask), 100, &m)
	wantCode(t, err, websocket.CodeProtocol)
}

// TestRoundTrips sends 10,000 random messages, cut into random fragments with pings between them, through both ends.
func TestRoundTrips(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		want := websocket.Message{Op: websocket.Text, Payload: randomText(random)}
		if random.IntN(3) == 0 {
			want.Op = websocket.Binary
		}
		stream, pings := randomFrames(random, want)
		var r websocket.Reader
		var m websocket.Message
		for len(stream) > 0 {
			n, _, ok, err := r.Next(stream, len(want.Payload), &m)
			if err != nil || n == 0 {
				t.Fatalf("n %d, %v, with % x", n, err, stream)
			}
			stream = stream[n:]
			if ok && m.Op == websocket.Ping {
				pings--
			}
		}
		if m.Op != want.Op || !bytes.Equal(m.Payload, want.Payload) || pings != 0 {
			t.Fatalf("got %v %q, want %v %q; %d pings lost", m.Op, m.Payload, want.Op, want.Payload, pings)
		}
	}
}

// randomText has runes of all lengths, often none, rarely thousands.
func randomText(random *rand.Rand) []byte {
	var b []byte
	for range random.IntN(1 << random.IntN(10)) {
		b = append(b, string([]rune("aäß☃日\U0001F600\U0010FFFF\x00")[random.IntN(8)])...)
	}
	return b
}

// randomFrames cuts a message anywhere, also inside code points.
func randomFrames(random *rand.Rand, m websocket.Message) (stream []byte, pings int) {
	op, rest := m.Op, m.Payload
	for more := random.IntN(5); more > 0; more-- {
		n := random.IntN(len(rest) + 1)
		stream = websocket.AppendMasked(stream, op, false, rest[:n], randomMask(random))
		op, rest = websocket.Continuation, rest[n:]
		if random.IntN(2) == 0 {
			stream = websocket.AppendMasked(stream, websocket.Ping, true, []byte("ping"), randomMask(random))
			pings++
		}
	}
	return websocket.AppendMasked(stream, op, true, rest, randomMask(random)), pings
}

func randomMask(random *rand.Rand) [4]byte {
	n := random.Uint32()
	return [4]byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)}
}
