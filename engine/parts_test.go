package engine

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"fanfare/engine/websocket"
)

// A frame in parts has the bytes that it would have in one piece.
func TestPartsAreOneFrame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var list [][]byte
		for range rapid.IntRange(1, 20).Draw(t, "parts") {
			n := rapid.SampledFrom([]int{0, 1, 100, 20_000}).Draw(t, "bytes")
			list = append(list, bytes.Repeat([]byte{byte('a' + len(list))}, n))
		}
		f := NewTextOf(Protocol, 10, list...)
		want := websocket.AppendFrame(nil, websocket.Text, bytes.Join(list, nil))
		if small := len(want) <= sendBytes; small != (f.parts == nil) {
			t.Fatalf("%d bytes are in parts: %v", len(want), f.parts != nil)
		}
		if f.Len() != len(want) || !bytes.Equal(f.flat(), want) {
			t.Fatalf("it has %d bytes, want %d", f.Len(), len(want))
		}
		off := rapid.IntRange(0, len(want)).Draw(t, "from")
		room := rapid.IntRange(0, 70_000).Draw(t, "room")
		got := f.appendFrom(make([]byte, 0, room), off)
		if !bytes.Equal(got, want[off:off+min(room, len(want)-off)]) {
			t.Fatalf("from %d with room for %d: %d bytes", off, room, len(got))
		}
	})
}

// A queue sends frames in parts among others, whatever a socket takes at a time.
func TestQueueSendsParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q queue
		var want, got []byte
		for range rapid.IntRange(1, 8).Draw(t, "frames") {
			n := rapid.SampledFrom([]int{10, 1000, 50_000}).Draw(t, "part")
			part := bytes.Repeat([]byte{byte(q.n + 1)}, n)
			f := NewTextOf(Protocol, 0, part, part, part)
			q.push(f)
			want = append(want, f.flat()...)
		}
		waiting := len(want)
		for q.n > 0 {
			if q.bytes != waiting {
				t.Fatalf("%d bytes wait, and it says %d", waiting, q.bytes)
			}
			b := q.fill(make([]byte, 0, sendBytes))
			n := rapid.IntRange(1, len(b)).Draw(t, "taken")
			got = append(got, b[:n]...)
			waiting -= n
			q.sent(n, func(*Frame) {})
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("sent %d bytes that are not the %d that waited", len(got), len(want))
		}
	})
}

// Those who wait for a frame in parts keep what is its own, and no more.
func TestWeightOfParts(t *testing.T) {
	shared := make([]byte, 100_000)
	if n := NewTextOf(Protocol, 500, make([]byte, 500), shared, shared).weight(); n < 500 || n > 700 {
		t.Errorf("it weighs %d bytes, want about 500", n)
	}
	if n := NewText(Protocol, shared).weight(); n < len(shared) {
		t.Errorf("a frame in one piece weighs %d bytes", n)
	}
}
