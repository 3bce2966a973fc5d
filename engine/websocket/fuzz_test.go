package websocket_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"testing"
	"unicode/utf8"

	"fanfare/engine/websocket"
	"fanfare/engine/websocket/cases"

	"github.com/gobwas/ws"
	"github.com/google/go-cmp/cmp"
)

const fuzzLimit = 300

// FuzzReader holds the Reader, fed in pieces whose sizes come from the input and moved to another process between them,
// against a plain reading of the whole stream with gobwas/ws's own header parser.
func FuzzReader(f *testing.F) {
	for _, c := range cases.All() {
		if len(c.Send) < 400 {
			f.Add(c.Send, []byte{1})
			f.Add(c.Send, []byte{7, 2, 200, 3})
		}
	}
	f.Fuzz(func(t *testing.T, stream, cuts []byte) {
		want := plainRead(stream)
		got := pieceRead(t, bytes.Clone(stream), cuts)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("stream % x (-plain +Reader):\n%s", stream, diff)
		}
	})
}

// reading is all that comes out of a stream.
type reading struct {
	Messages []websocket.Message
	Consumed int
	Code     uint16 // of the violation that ended it, or 0
}

func (rd *reading) add(m websocket.Message) {
	m.Payload, m.Reason = append([]byte{}, m.Payload...), append([]byte{}, m.Reason...)
	rd.Messages = append(rd.Messages, m)
}

// pieceRead feeds an endpoint's way: pieces of 1 + cut bytes, in turn, without a look before need bytes are there.
func pieceRead(t *testing.T, stream, cuts []byte) (rd reading) {
	var r websocket.Reader
	var at, have, need int
	for i := 0; have < len(stream); i++ {
		size := len(stream)
		if len(cuts) > 0 {
			size = 1 + int(cuts[i%len(cuts)])
		}
		have = min(have+size, len(stream))
		for at < have && have-at >= need {
			var m websocket.Message
			n, next, ok, err := r.Next(stream[at:have:have], fuzzLimit, &m)
			if violation, is := errors.AsType[*websocket.CloseError](err); is {
				rd.Code = violation.Code
				return rd
			}
			if err != nil || n < 0 || n > have-at || n == 0 && next != 0 && next <= have-at || n > 0 && next != 0 || ok && n == 0 {
				t.Fatalf("Next of %d bytes: n %d, need %d, ok %t, %v", have-at, n, next, ok, err)
			}
			if ok {
				rd.add(m)
			}
			at, need = at+n, next
			rd.Consumed = at
			if n == 0 {
				break
			}
		}
		var moved websocket.Reader
		if err := moved.RestoreState(r.AppendState(nil)); err != nil {
			t.Fatal(err)
		}
		r = moved
	}
	return rd
}

// plainRead is the oracle: slow, and as the RFC is written.
func plainRead(stream []byte) (rd reading) {
	rest := bytes.NewReader(stream)
	state := ws.StateServerSide
	var message websocket.Message
	for {
		start := len(stream) - rest.Len()
		h, code := plainHeader(stream[start:], rest, state, len(message.Payload))
		if code != 0 || h == nil {
			rd.Code = code
			return rd
		}
		payload := make([]byte, h.Length)
		if _, err := io.ReadFull(rest, payload); err != nil {
			return rd
		}
		for i := range payload {
			payload[i] ^= h.Mask[i%4]
		}
		if h.OpCode.IsControl() {
			m, code := plainControl(h.OpCode, payload)
			if rd.Code = code; code != 0 {
				return rd
			}
			rd.add(m)
			rd.Consumed = len(stream) - rest.Len()
			continue
		}
		if h.OpCode != ws.OpContinuation {
			message = websocket.Message{Op: websocket.Opcode(h.OpCode)}
		}
		message.Payload = append(message.Payload, payload...)
		if message.Op == websocket.Text && !plainMendable(message.Payload, h.Fin) {
			rd.Code = 1007
			return rd
		}
		rd.Consumed = len(stream) - rest.Len()
		state = state.Set(ws.StateFragmented)
		if h.Fin {
			rd.add(message)
			message = websocket.Message{}
			state = state.Clear(ws.StateFragmented)
		}
	}
}

// plainHeader reads a header with gobwas/ws, which wants all of it, mask included: a violation is also looked for in a
// header that is made whole with zeros where that many bytes already prove it.
func plainHeader(b []byte, rest *bytes.Reader, state ws.State, buffered int) (*ws.Header, uint16) {
	if len(b) == 0 {
		return nil, 0
	}
	known := b
	if len(known) == 1 { // let the second byte be harmless
		known = []byte{b[0], 0x80}
	}
	length, size := int(known[1]&0x7F), 2
	switch length {
	case 126:
		size = 4
	case 127:
		size = 10
	}
	padded := append(bytes.Clone(known[:min(len(known), size)]), make([]byte, 14)...)
	h, err := ws.ReadHeader(bytes.NewReader(padded))
	if len(known) < size {
		h.Length = int64(length) // of the true length nothing is known but that it is above 125
		err = nil
	}
	h.OpCode, h.Fin, h.Rsv, h.Masked = ws.OpCode(known[0]&15), known[0]&0x80 != 0, known[0]>>4&7, known[1]&0x80 != 0
	switch {
	case ws.CheckHeader(h, state) != nil || err != nil:
		return nil, 1002
	case len(known) < size:
		return nil, 0
	case size == 4 && h.Length < 126, size == 10 && h.Length <= math.MaxUint16:
		return nil, 1002
	case h.OpCode.IsData() && h.Length+int64(buffered) > fuzzLimit:
		return nil, 1009
	}
	if h, err = ws.ReadHeader(rest); err != nil {
		return nil, 0
	}
	return &h, 0
}

func plainControl(op ws.OpCode, payload []byte) (m websocket.Message, code uint16) {
	m = websocket.Message{Op: websocket.Opcode(op), Payload: payload}
	if op != ws.OpClose {
		return m, 0
	}
	if len(payload) == 0 {
		m.Code = 1005
		return m, 0
	}
	if len(payload) == 1 {
		return m, 1002
	}
	m.Code, m.Reason = uint16(payload[0])<<8|uint16(payload[1]), payload[2:]
	err := ws.CheckCloseFrameData(ws.StatusCode(m.Code), string(m.Reason))
	switch {
	case m.Code >= 5000, err != nil && !errors.Is(err, ws.ErrProtocolInvalidUTF8) && (m.Code < 1012 || m.Code > 1014):
		return m, 1002
	case !utf8.Valid(m.Reason):
		return m, 1007
	}
	return m, 0
}

// plainMendable tries what could follow.
func plainMendable(p []byte, ended bool) bool {
	if utf8.Valid(p) {
		return true
	}
	if ended {
		return false
	}
	for _, more := range plainContinuations {
		if utf8.Valid(append(bytes.Clone(p), more...)) {
			return true
		}
	}
	return false
}

// plainContinuations are one to three continuation bytes, of which the first lies in each of the ranges that UTF-8 has.
var plainContinuations = []string{
	"\x80", "\x90", "\xA0",
	"\x80\x80", "\x90\x80", "\xA0\x80",
	"\x80\x80\x80", "\x90\x80\x80", "\xA0\x80\x80",
}
