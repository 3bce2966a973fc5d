package cases

import (
	"encoding/binary"
	"math"

	"fanfare/engine/websocket"
)

// The first byte of a frame is one opcode and any of these bits.
const (
	fin  = 0x80
	rsv1 = 0x40
	rsv2 = 0x20
	rsv3 = 0x10

	opCont   = 0x0
	opText   = 0x1
	opBinary = 0x2
	opClose  = 0x8
	opPing   = 0x9
	opPong   = 0xA
)

// maskKey is the key of the example in RFC 6455 section 5.7.
var maskKey = [4]byte{0x37, 0xFA, 0x21, 0x3D}

// script is a Case in the making. Its methods return a copy, so that a case reads as one chain.
type script Case

func begin(id, title string) script { return script{ID: id, Title: title} }

// frame sends a masked frame with any first byte.
func (s script) frame(first byte, payload string) script {
	s.Send = appendMasked(s.Send, first, payload)
	return s
}

// raw sends bytes as they are.
func (s script) raw(b ...byte) script {
	s.Send = append(s.Send, b...)
	return s
}

// echoes wants payload back as a text message.
func (s script) echoes(payload string) script {
	s.Want = append(s.Want, Want{Op: websocket.Text, Payload: []byte(payload)})
	return s
}

// pongs wants a pong with payload.
func (s script) pongs(payload string) script {
	s.Want = append(s.Want, Want{Op: websocket.Pong, Payload: []byte(payload)})
	return s
}

// text sends a whole text message and wants it back.
func (s script) text(payload string) script { return s.frame(fin|opText, payload).echoes(payload) }

// ping sends a ping and wants its pong.
func (s script) ping(payload string) script { return s.frame(fin|opPing, payload).pongs(payload) }

// closed wants the connection closed with one of codes.
func (s script) closed(codes ...uint16) Case {
	s.Want = append(s.Want, Want{Op: websocket.Close, Codes: codes, End: true})
	return Case(s)
}

// ends closes from the client's side, which shows that the server went on reading up to here.
func (s script) ends() Case {
	return s.frame(fin|opClose, closeBody(1000, "")).closed(1000)
}

func closeBody(code uint16, reason string) string {
	return string(binary.BigEndian.AppendUint16(nil, code)) + reason
}

// appendMasked is written without the package's own Append functions, so that a fault in those cannot hide itself.
func appendMasked(dst []byte, first byte, payload string) []byte {
	dst = append(dst, first)
	switch n := len(payload); {
	case n <= 125:
		dst = append(dst, 0x80|byte(n))
	case n <= math.MaxUint16:
		dst = binary.BigEndian.AppendUint16(append(dst, 0x80|126), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, 0x80|127), uint64(n))
	}
	dst = append(dst, maskKey[:]...)
	for i := range len(payload) {
		dst = append(dst, payload[i]^maskKey[i%len(maskKey)])
	}
	return dst
}
