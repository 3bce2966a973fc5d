package websocket_test

import (
	"errors"
	"fmt"

	"fanfare/engine/websocket"
)

// endpoint is the smallest server that the cases ask for, as a loop would drive a Reader: bytes arrive in pieces, whole
// frames are consumed, the rest waits for more.
type endpoint struct {
	limit    int
	handOver bool // give the Reader's state to a new Reader after each piece

	reader   websocket.Reader
	in       []byte
	need     int // do not look before in has that many bytes
	out      []byte
	violated error
	closed   bool
}

func (e *endpoint) feed(piece []byte) {
	if e.closed {
		return
	}
	e.in = append(e.in, piece...)
	for !e.closed && len(e.in) >= e.need && e.step() {
	}
	if e.handOver && !e.closed {
		e.moveReader()
	}
}

// step takes one frame and tells whether to go on.
func (e *endpoint) step() bool {
	var m websocket.Message
	n, need, ok, err := e.reader.Next(e.in, e.limit, &m)
	if err != nil {
		e.fail(err)
		return false
	}
	if n == 0 {
		if need != 0 && need <= len(e.in) {
			panic(fmt.Sprintf("need %d, but %d bytes are there", need, len(e.in)))
		}
		e.need = need
		return false
	}
	if ok {
		e.answer(&m)
	}
	e.in, e.need = e.in[n:], 0
	return true
}

func (e *endpoint) fail(err error) {
	violation, is := errors.AsType[*websocket.CloseError](err)
	if !is {
		panic(fmt.Sprintf("Next gives %T, not a *CloseError", err))
	}
	e.violated = err
	e.close(violation.Code, violation.Reason)
}

func (e *endpoint) answer(m *websocket.Message) {
	switch m.Op {
	case websocket.Text:
		e.out = websocket.AppendFrame(e.out, websocket.Text, m.Payload)
	case websocket.Binary:
		e.close(websocket.CodeUnsupported, "text only")
	case websocket.Ping:
		e.out = websocket.AppendFrame(e.out, websocket.Pong, m.Payload)
	case websocket.Close:
		e.close(m.Code, "")
	case websocket.Pong:
	default:
		panic("a message with the opcode " + m.Op.String())
	}
}

func (e *endpoint) close(code uint16, reason string) {
	e.out = websocket.AppendClose(e.out, code, reason)
	e.closed = true
}

func (e *endpoint) moveReader() {
	var next websocket.Reader
	if err := next.RestoreState(e.reader.AppendState(nil)); err != nil {
		panic(err)
	}
	e.reader = next
}
