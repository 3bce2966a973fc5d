package websocket

import (
	"encoding/binary"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// Bits and markers of the first two bytes of a frame (RFC 6455 section 5.2):
//
//	 0               1               2 ...
//	+-+-+-+-+-------+-+-------------+-------------------------------+
//	|F|R|R|R| opcode|M| 7-bit length| 16- or 64-bit length, mask key|
//	+-+-+-+-+-------+-+-------------+-------------------------------+
const (
	finBit    = 0x80
	rsvBits   = 0x70
	opBits    = 0x0F
	maskBit   = 0x80
	lengthLow = 0x7F

	length16 = 126 // the length is in the next 2 bytes
	length64 = 127 // the length is in the next 8 bytes
)

// maxReason is the largest close reason in bytes: a control payload less the code.
const maxReason = maxControl - 2

// HeaderLen is the size in bytes of an unmasked header for a payload of length bytes: 2, 4 or 10.
func HeaderLen(length int) int {
	switch {
	case length <= maxControl:
		return 2
	case length <= math.MaxUint16:
		return 4
	}
	return 10
}

// AppendHeader appends the header of a frame from the server, whose payload of length bytes the caller appends or sends
// after it. It does not check that a control frame is final and carries at most 125 bytes.
func AppendHeader(dst []byte, op Opcode, fin bool, length int) []byte {
	return appendHeader(dst, op, fin, 0, length)
}

// AppendFrame appends a whole, final frame from the server.
func AppendFrame(dst []byte, op Opcode, payload []byte) []byte {
	return append(appendHeader(dst, op, true, 0, len(payload)), payload...)
}

// AppendClose appends a Close frame from the server. A code of 0 or 1005 gives an empty body, which also leaves the
// reason out. The reason is cut at 123 bytes, on a rune boundary; bytes of it that are not UTF-8 become U+FFFD, because
// a browser reports such a frame as a failed connection and not with our code.
func AppendClose(dst []byte, code uint16, reason string) []byte {
	if code == 0 || code == CodeNoStatus {
		return appendHeader(dst, Close, true, 0, 0)
	}
	reason = cutReason(reason)
	dst = appendHeader(dst, Close, true, 0, 2+len(reason))
	dst = binary.BigEndian.AppendUint16(dst, code)
	return append(dst, reason...)
}

// AppendMasked appends a frame from a client. The payload itself is not changed. The RFC wants a new random mask for
// every frame; tests and the load generator may choose their own.
func AppendMasked(dst []byte, op Opcode, fin bool, payload []byte, mask [4]byte) []byte {
	dst = appendHeader(dst, op, fin, maskBit, len(payload))
	dst = append(dst, mask[:]...)
	start := len(dst)
	dst = append(dst, payload...)
	ws.Cipher(dst[start:], mask, 0)
	return dst
}

// appendHeader writes the header up to the mask key; masked is 0 or maskBit.
func appendHeader(dst []byte, op Opcode, fin bool, masked byte, length int) []byte {
	first := byte(op)
	if fin {
		first |= finBit
	}
	switch HeaderLen(length) {
	case 2:
		return append(dst, first, masked|byte(length))
	case 4:
		dst = append(dst, first, masked|length16)
		return binary.BigEndian.AppendUint16(dst, uint16(length))
	}
	dst = append(dst, first, masked|length64)
	return binary.BigEndian.AppendUint64(dst, uint64(length))
}

// cutReason makes any text fit for a Close frame.
func cutReason(reason string) string {
	if !utf8.ValidString(reason) {
		reason = strings.ToValidUTF8(reason, "\uFFFD")
	}
	if len(reason) <= maxReason {
		return reason
	}
	end := maxReason
	for !utf8.RuneStart(reason[end]) {
		end--
	}
	return reason[:end]
}
