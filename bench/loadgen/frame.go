package loadgen

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The opcodes of RFC 6455 section 5.2 that a server sends to a client that
// negotiated nothing.
const (
	opText  = 0x1
	opClose = 0x8
	opPing  = 0x9
	opPong  = 0xA
)

// maskKey masks what the generator sends. RFC 6455 section 5.3 wants a key
// that is hard to guess, for the sake of proxies; the server must unmask
// either way, and that is the work that counts here.
var maskKey = [4]byte{0x37, 0xfa, 0x21, 0x3d}

var errMasked = errors.New("the server masked a frame (RFC 6455 section 5.1 forbids it)")

// frame is one WebSocket frame as a server sends it: unmasked and whole.
type frame struct {
	opcode  byte
	payload []byte // a view of the bytes that were parsed
}

// parseFrame reads the frame at the start of b and returns its length on the
// wire; 0 when it is not all there. size is then what is known of the length
// that is needed, at least len(b)+1. Fragmented messages and extensions are
// errors: no Pusher server sends them to a client that asked for neither.
func parseFrame(b []byte) (f frame, n, size int, err error) {
	if len(b) < 2 {
		return frame{}, 0, len(b) + 1, nil
	}
	if b[0]&0xf0 != 0x80 {
		return frame{}, 0, 0, fmt.Errorf("frame begins with 0x%02x: want FIN without reserved bits", b[0])
	}
	head, length := 2, uint64(b[1])
	switch {
	case length&0x80 != 0:
		return frame{}, 0, 0, errMasked
	case length == 126 && len(b) >= 4:
		head, length = 4, uint64(binary.BigEndian.Uint16(b[2:]))
	case length == 127 && len(b) >= 10:
		head, length = 10, binary.BigEndian.Uint64(b[2:])
	case length >= 126:
		return frame{}, 0, len(b) + 1, nil
	}
	if length > 1<<31 {
		return frame{}, 0, 0, fmt.Errorf("frame declares %d bytes: more than any Pusher server sends", length)
	}
	n = head + int(length)
	if len(b) < n {
		return frame{}, 0, n, nil
	}
	return frame{opcode: b[0] & 0x0f, payload: b[head:n]}, n, n, nil
}

// appendFrame appends a masked frame, as a client sends it.
func appendFrame(dst []byte, opcode byte, payload []byte) []byte {
	dst = append(dst, 0x80|opcode)
	switch n := len(payload); {
	case n < 126:
		dst = append(dst, 0x80|byte(n))
	case n < 1<<16:
		dst = binary.BigEndian.AppendUint16(append(dst, 0x80|126), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, 0x80|127), uint64(n))
	}
	dst = append(dst, maskKey[:]...)
	for i, c := range payload {
		dst = append(dst, c^maskKey[i&3])
	}
	return dst
}
