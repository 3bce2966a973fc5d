package wire

import (
	"bufio"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// Opcodes of RFC 6455, section 5.2.
const (
	OpContinuation byte = 0x0
	OpText         byte = 0x1
	OpBinary       byte = 0x2
	OpClose        byte = 0x8
	OpPing         byte = 0x9
	OpPong         byte = 0xA
)

const (
	finBit      = 0x80
	reservedSet = 0x70
	opcodeBits  = 0x0F
	maskBit     = 0x80
	lengthBits  = 0x7F

	// maxPayload bounds what a server can make the suite allocate: far above
	// every limit of the protocol, far below what would hurt.
	maxPayload = 4 << 20
	// maxControl is the payload limit of control frames (RFC 6455, 5.5).
	maxControl = 125
)

// Frame is one frame as a server sent it.
type Frame struct {
	Fin     bool
	Op      byte
	Payload []byte
}

// AppendFrame appends a final client frame, masked with a random key as
// RFC 6455, section 5.3 demands of clients.
func AppendFrame(dst []byte, op byte, payload []byte) []byte {
	dst = append(dst, finBit|op)
	switch n := len(payload); {
	case n <= maxControl:
		dst = append(dst, maskBit|byte(n))
	case n <= 0xFFFF:
		dst = binary.BigEndian.AppendUint16(append(dst, maskBit|126), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, maskBit|127), uint64(n))
	}
	var key [4]byte
	_, _ = rand.Read(key[:]) // never fails (crypto/rand)
	dst = append(dst, key[:]...)
	for i, b := range payload {
		dst = append(dst, b^key[i&3])
	}
	return dst
}

// ReadFrame reads one server frame. Masked frames, reserved bits, unknown
// opcodes, fragmented or long control frames and lengths that are not minimal
// are errors: a conforming server sends none of them.
func ReadFrame(r *bufio.Reader) (Frame, error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return Frame{}, err
	}
	f := Frame{Fin: head[0]&finBit != 0, Op: head[0] & opcodeBits}
	if head[0]&reservedSet != 0 {
		return f, fmt.Errorf("frame %#x has a reserved bit set without an extension", head[0])
	}
	if head[1]&maskBit != 0 {
		return f, errors.New("server frame is masked")
	}
	n, err := readLength(r, head[1]&lengthBits)
	if err != nil {
		return f, err
	}
	if err := f.check(n); err != nil {
		return f, err
	}
	f.Payload = make([]byte, n)
	_, err = io.ReadFull(r, f.Payload)
	return f, err
}

func readLength(r io.Reader, short byte) (uint64, error) {
	var ext [8]byte
	switch short {
	case 126:
		_, err := io.ReadFull(r, ext[:2])
		n := uint64(binary.BigEndian.Uint16(ext[:2]))
		if err == nil && n <= maxControl {
			err = fmt.Errorf("length %d is not in its shortest form", n)
		}
		return n, err
	case 127:
		_, err := io.ReadFull(r, ext[:8])
		n := binary.BigEndian.Uint64(ext[:8])
		if err == nil && n <= 0xFFFF {
			err = fmt.Errorf("length %d is not in its shortest form", n)
		}
		return n, err
	}
	return uint64(short), nil
}

func (f Frame) check(n uint64) error {
	switch f.Op {
	case OpContinuation, OpText, OpBinary:
		if n > maxPayload {
			return fmt.Errorf("frame of %d bytes is over the suite's %d", n, maxPayload)
		}
	case OpClose, OpPing, OpPong:
		if !f.Fin || n > maxControl {
			return fmt.Errorf("control frame %#x is fragmented or has %d bytes, over %d", f.Op, n, maxControl)
		}
	default:
		return fmt.Errorf("opcode %#x is reserved", f.Op)
	}
	return nil
}

// Close is the payload of a close frame. Code is 0 when the frame was empty.
type Close struct {
	Code   int
	Reason string
}

// ParseClose decodes a close frame's payload (RFC 6455, section 5.5.1).
func ParseClose(payload []byte) (Close, error) {
	if len(payload) == 0 {
		return Close{}, nil
	}
	if len(payload) == 1 {
		return Close{}, errors.New("close payload of one byte")
	}
	c := Close{Code: int(binary.BigEndian.Uint16(payload)), Reason: string(payload[2:])}
	if !utf8.ValidString(c.Reason) {
		return c, fmt.Errorf("close reason %q is not UTF-8", c.Reason)
	}
	return c, nil
}
