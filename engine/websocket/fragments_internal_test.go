package websocket

import "testing"

// TestTextIsCheckedOnce: a byte that was found to be UTF-8 is not looked at again with the next fragment. Otherwise a
// message of n fragments of one byte would cost n*n/2 bytes of checking, which a client could turn against the server.
func TestTextIsCheckedOnce(t *testing.T) {
	var r Reader
	var m Message
	const text = "aäß☃日\U0001F600z"
	op := Text
	for i := range len(text) {
		frame := AppendMasked(nil, op, false, []byte(text[i:i+1]), [4]byte{})
		if _, _, _, err := r.Next(frame, 100, &m); err != nil {
			t.Fatal(err)
		}
		if open := len(r.frag.data) - r.frag.valid; open > 3 || i == len(text)-1 && open != 0 {
			t.Errorf("after %q: %d bytes are still to be checked", text[:i+1], open)
		}
		op = Continuation
	}
}
