package cases

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"unicode/utf8"

	"fanfare/engine/websocket"

	"github.com/gobwas/ws"
)

// Check compares what a server sent with what the case wants. received is all that came after the handshake; closed tells
// that the server then ended the TCP connection. The error names the case and the first difference.
func Check(c Case, received []byte, closed bool) error {
	rest := bytes.NewReader(received)
	for i, want := range c.Want {
		if rest.Len() == 0 {
			return c.failed(i, "nothing came, want %v", want)
		}
		f, err := readFrame(rest)
		if err != nil {
			return c.failed(i, "%v, want %v", err, want)
		}
		if !want.matches(f) {
			return c.failed(i, "got %v, want %v", Want{Op: f.op, Payload: f.payload}, want)
		}
	}
	if rest.Len() > 0 {
		return c.failed(len(c.Want), "% x... came after all that the case wants", received[len(received)-rest.Len():][:min(rest.Len(), 16)])
	}
	if end := len(c.Want) > 0 && c.Want[len(c.Want)-1].End; end != closed {
		return c.failed(len(c.Want), "server ended the connection: %t, want %t", closed, end)
	}
	return nil
}

func (c Case) failed(i int, format string, args ...any) error {
	return fmt.Errorf("case %s (%s): answer %d: %s", c.ID, c.Title, i+1, fmt.Sprintf(format, args...))
}

// String describes the frame for an error message.
func (w Want) String() string {
	if w.Op == websocket.Close && w.Codes != nil {
		return fmt.Sprintf("close with code %v", w.Codes)
	}
	return fmt.Sprintf("%v of %d bytes %.40q", w.Op, len(w.Payload), w.Payload)
}

func (w Want) matches(f frame) bool {
	if w.Op != f.op {
		return false
	}
	if w.Op == websocket.Close {
		return slices.Contains(w.Codes, f.code())
	}
	return bytes.Equal(w.Payload, f.payload)
}

// frame is one frame from the server.
type frame struct {
	op      websocket.Opcode
	payload []byte
}

// code is the code of a Close frame, 1005 when it has no body.
func (f frame) code() uint16 {
	if len(f.payload) == 0 {
		return websocket.CodeNoStatus
	}
	return binary.BigEndian.Uint16(f.payload)
}

// readFrame reads with gobwas/ws and not with the package under test, and is strict: a server sends whole frames,
// unmasked, with lengths in their shortest form.
func readFrame(rest *bytes.Reader) (frame, error) {
	before := rest.Len()
	h, err := ws.ReadHeader(rest)
	if err != nil {
		return frame{}, fmt.Errorf("cannot read header: %w", err)
	}
	if err := ws.CheckHeader(h, ws.StateClientSide); err != nil {
		return frame{}, fmt.Errorf("bad header %+v: %w", h, err)
	}
	if size := before - rest.Len(); size != ws.HeaderSize(h) || !h.Fin || h.Length > int64(rest.Len()) {
		return frame{}, fmt.Errorf("header of %d bytes %+v, %d bytes after it: not final, too long or cut off", size, h, rest.Len())
	}
	f := frame{op: websocket.Opcode(h.OpCode), payload: make([]byte, h.Length)}
	if _, err := rest.Read(f.payload); err != nil && h.Length > 0 {
		return frame{}, err
	}
	return f, f.checkPayload()
}

func (f frame) checkPayload() error {
	text := f.payload
	if f.op == websocket.Close && len(f.payload) > 0 {
		if len(f.payload) == 1 {
			return fmt.Errorf("close frame with a body of one byte")
		}
		text = f.payload[2:]
	}
	if (f.op == websocket.Text || f.op == websocket.Close) && !utf8.Valid(text) {
		return fmt.Errorf("%v frame with %.40q, which is not UTF-8", f.op, text)
	}
	return nil
}
