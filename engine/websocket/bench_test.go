package websocket_test

import (
	"strings"
	"testing"

	"fanfare/engine/websocket"
)

const benchLimit = 1 << 20

// BenchmarkReaderText reads a 200-byte text message. The frame is copied anew each time, because it is unmasked in
// place; the copy is part of the figure.
func BenchmarkReaderText(b *testing.B) {
	frame := websocket.AppendMasked(nil, websocket.Text, true, []byte(strings.Repeat("a", 200)), [4]byte{1, 2, 3, 4})
	buf := make([]byte, len(frame))
	var r websocket.Reader
	var m websocket.Message
	b.ReportAllocs()
	b.SetBytes(int64(len(frame)))
	for b.Loop() {
		copy(buf, frame)
		if _, _, ok, err := r.Next(buf, benchLimit, &m); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

// BenchmarkReaderIncomplete is what a look at too few bytes costs.
func BenchmarkReaderIncomplete(b *testing.B) {
	frame := websocket.AppendMasked(nil, websocket.Text, true, make([]byte, 200), [4]byte{1, 2, 3, 4})
	var r websocket.Reader
	var m websocket.Message
	b.ReportAllocs()
	for b.Loop() {
		if _, need, _, _ := r.Next(frame[:100], benchLimit, &m); need != len(frame) {
			b.Fatal(need)
		}
	}
}

// BenchmarkReaderFragments reads a text of 64 KiB in 64 frames.
func BenchmarkReaderFragments(b *testing.B) {
	var frames []byte
	part := []byte(strings.Repeat("ä", 512))
	frames = websocket.AppendMasked(frames, websocket.Text, false, part, [4]byte{})
	for range 62 {
		frames = websocket.AppendMasked(frames, websocket.Continuation, false, part, [4]byte{})
	}
	frames = websocket.AppendMasked(frames, websocket.Continuation, true, part, [4]byte{})
	var r websocket.Reader
	var m websocket.Message
	b.ReportAllocs()
	b.SetBytes(int64(len(frames)))
	for b.Loop() { // a mask of zeros: unmasking leaves the frames as they are
		for buf := frames; len(buf) > 0; {
			n, _, _, err := r.Next(buf, benchLimit, &m)
			if err != nil {
				b.Fatal(err)
			}
			buf = buf[n:]
		}
	}
}

func BenchmarkAppendFrame(b *testing.B) {
	payload := make([]byte, 200)
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = websocket.AppendFrame(dst[:0], websocket.Text, payload)
	}
}

// BenchmarkUpgrade answers the handshake of a browser, 620 bytes long.
func BenchmarkUpgrade(b *testing.B) {
	head := []byte(browserHead)
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if dst, err = websocket.Upgrade(dst[:0], head); err != nil {
			b.Fatal(err)
		}
	}
}
