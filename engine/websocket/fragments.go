package websocket

import (
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
)

// fragments is a message whose last frame has not come yet.
type fragments struct {
	op    Opcode // Text or Binary
	data  []byte // unmasked, all fragments so far
	valid int    // of a Text: data[:valid] is UTF-8, at most 3 bytes after it begin a code point
}

// Buffered is the number of bytes that the Reader holds of a fragmented message, for the caller's memory budget.
func (r *Reader) Buffered() int {
	if r.frag == nil {
		return 0
	}
	return len(r.frag.data)
}

// room is how long the payload of the next data frame may be. Its whole frame must be an int, whatever the limit.
func (r *Reader) room(limit int) uint64 {
	limit = min(limit, math.MaxInt-maxHeader)
	return uint64(max(0, limit-r.Buffered()))
}

// join adds a fragment and gives the message when it was the last one.
func (r *Reader) join(op Opcode, fin bool, payload []byte, m *Message) (ok bool, err error) {
	f := r.frag
	if f == nil {
		f = &fragments{op: op}
		r.frag = f
	}
	f.data = append(f.data, payload...)
	if f.op == Text && !f.check(fin) {
		return false, errText
	}
	if !fin {
		return false, nil
	}
	*m = Message{Op: f.op, Payload: f.data}
	r.frag = nil
	return true, nil
}

// check moves valid on over what has come, and tells whether the text can still become UTF-8, or is, when it ended.
func (f *fragments) check(ended bool) bool {
	rest := f.data[f.valid:]
	if !ended {
		rest = rest[:len(rest)-begun(rest)]
	}
	f.valid += len(rest)
	return utf8.Valid(rest)
}

// begun is the number of bytes at the end of p, 0 to 3, that begin a code point and can still be completed.
// utf8.FullRune is false for exactly these: it counts an encoding that is already wrong as full.
func begun(p []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(p); n++ {
		if tail := p[len(p)-n:]; utf8.RuneStart(tail[0]) {
			if utf8.FullRune(tail) {
				return 0
			}
			return n
		}
	}
	return 0
}

// AppendState appends what the Reader holds, so that another process can go on in the middle of a fragmented message:
// nothing while no message is fragmented, otherwise the opcode of the message and its bytes so far. The bytes do not
// tell their own length; the caller frames them.
func (r *Reader) AppendState(dst []byte) []byte {
	if r.frag == nil {
		return dst
	}
	return append(append(dst, byte(r.frag.op)), r.frag.data...)
}

// RestoreState sets the Reader to what AppendState wrote. It copies state. On an error the Reader is unchanged.
func (r *Reader) RestoreState(state []byte) error {
	if len(state) == 0 {
		r.frag = nil
		return nil
	}
	f := &fragments{op: Opcode(state[0]), data: append([]byte(nil), state[1:]...)}
	if f.op != Text && f.op != Binary {
		return fmt.Errorf("cannot restore websocket reader: state begins with 0x%02x, want 0x01 (text) or 0x02 (binary)", state[0])
	}
	if f.op == Text && !f.check(false) {
		return errors.New("cannot restore websocket reader: the text of the state is not UTF-8")
	}
	r.frag = f
	return nil
}
