package websocket_test

import (
	"strings"
	"testing"

	"fanfare/engine/websocket"
)

// TestStateInTheMiddle cuts a text between every two of its bytes, hands the state over there, and goes on elsewhere.
func TestStateInTheMiddle(t *testing.T) {
	const text = "aäß☃日\U0001F600z"
	for cut := range len(text) + 1 {
		var before, after websocket.Reader
		var m websocket.Message
		first := websocket.AppendMasked(nil, websocket.Text, false, []byte(text[:cut]), mask)
		if _, _, _, err := before.Next(first, 100, &m); err != nil {
			t.Fatal(err)
		}
		state := before.AppendState([]byte("kept"))
		if string(state) != "kept\x01"+text[:cut] {
			t.Fatalf("state %q", state)
		}
		if err := after.RestoreState(state[4:]); err != nil {
			t.Fatal(err)
		}
		clear(state) // RestoreState copies
		last := websocket.AppendMasked(nil, websocket.Continuation, true, []byte(text[cut:]), mask)
		if _, _, ok, err := after.Next(last, 100, &m); !ok || err != nil || string(m.Payload) != text {
			t.Errorf("cut at %d: ok %t, %v, %q", cut, ok, err, m.Payload)
		}
	}
}

// TestStateKeepsTheLimit: what was restored counts.
func TestStateKeepsTheLimit(t *testing.T) {
	var r websocket.Reader
	var m websocket.Message
	if err := r.RestoreState([]byte("\x02123456789")); err != nil || r.Buffered() != 9 {
		t.Fatalf("%v, %d bytes buffered", err, r.Buffered())
	}
	_, _, _, err := r.Next(websocket.AppendMasked(nil, websocket.Continuation, true, []byte("01"), mask), 10, &m)
	wantCode(t, err, websocket.CodeTooBig)
	if r.Buffered() != 0 {
		t.Errorf("%d bytes are held for a connection that is to be closed", r.Buffered())
	}
}

func TestStateOfNothing(t *testing.T) {
	var r websocket.Reader
	if state := r.AppendState(nil); len(state) != 0 {
		t.Errorf("a Reader in no message writes %q", state)
	}
	if err := r.RestoreState([]byte("\x01begun")); err != nil {
		t.Fatal(err)
	}
	if err := r.RestoreState(nil); err != nil || r != (websocket.Reader{}) {
		t.Errorf("restoring nothing does not give a fresh Reader: %v", err)
	}
}

func TestRestoreStateRefuses(t *testing.T) {
	f := func(state, inError string) {
		t.Helper()
		var r websocket.Reader
		if err := r.RestoreState([]byte("\x01begun")); err != nil {
			t.Fatal(err)
		}
		err := r.RestoreState([]byte(state))
		if err == nil || !strings.Contains(err.Error(), inError) {
			t.Errorf("RestoreState(%q) = %v, want an error with %q", state, err, inError)
		}
		if r.Buffered() != len("begun") {
			t.Errorf("RestoreState(%q) failed and changed the Reader", state)
		}
	}
	f("\x00", "0x00")
	f("\x08abc", "0x08")
	f("\x01a\xFFb", "UTF-8")
	f("\x01a\xED\xA0", "UTF-8")
}

// TestAllocationsOfManyFragmentsGrowSlowly: empty fragments cost nothing, and the buffer holds little more than the message.
func TestAllocationsOfManyFragmentsGrowSlowly(t *testing.T) {
	var r websocket.Reader
	var m websocket.Message
	r.Next(websocket.AppendMasked(nil, websocket.Text, false, nil, mask), 10, &m)
	empty := websocket.AppendMasked(nil, websocket.Continuation, false, nil, mask)
	if n := testing.AllocsPerRun(10_000, func() { r.Next(empty, 10, &m) }); n != 0 || r.Buffered() != 0 {
		t.Errorf("an empty fragment costs %v allocations; %d bytes buffered", n, r.Buffered())
	}
	one := websocket.AppendMasked(nil, websocket.Continuation, false, []byte("x"), [4]byte{})
	for range 100_000 {
		if _, _, _, err := r.Next(one, 100_000, &m); err != nil {
			t.Fatal(err)
		}
	}
	last := websocket.AppendMasked(nil, websocket.Continuation, true, nil, mask)
	if _, _, ok, _ := r.Next(last, 100_000, &m); !ok || len(m.Payload) != 100_000 || cap(m.Payload) > 150_000 {
		t.Errorf("ok %t, %d bytes in a buffer of %d", ok, len(m.Payload), cap(m.Payload))
	}
}
