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
		f := NewTextOf(Protocol, nil, list...)
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
			f := NewTextOf(Protocol, nil, part, part, part)
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

// What frames share counts while any of them waits, and once; what is a frame's
// own counts with it.
func TestBudgetOfParts(t *testing.T) {
	b := &budget{}
	f := func(want int64) {
		t.Helper()
		const slack = 500 // of references
		if n := b.used.Load(); n < want || n > want+slack {
			t.Errorf("%d bytes are counted, want about %d", n, want)
		}
	}
	memory := make([]byte, 100_000)
	one, other := &Shared{Bytes: 60_000}, &Shared{Bytes: 40_000}
	both := NewTextOf(Protocol, []*Shared{one, other}, make([]byte, 5000), memory)
	part := NewTextOf(Protocol, []*Shared{one}, make([]byte, 7000), memory[:60_000])
	b.add(both, 1)
	f(105_000)
	b.add(both, 1) // for another connection
	f(105_000)
	b.add(part, 1)
	f(112_000)
	b.remove(both)
	f(112_000)
	b.remove(both)
	f(67_000)
	b.remove(part)
	if n := b.used.Load(); n != 0 {
		t.Errorf("%d bytes are counted when nobody waits", n)
	}
}
