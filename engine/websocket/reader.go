package websocket

import (
	"encoding/binary"
	"math"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

const (
	maskLen   = 4               // the mask key that ends the header of a client's frame
	maxHeader = 2 + 8 + maskLen // two bytes, the longest length, the mask key
)

// Reader takes the frames of one connection out of its bytes and puts fragmented messages together. The zero value is
// ready. It takes 8 bytes while no message is fragmented; between a first fragment and the last it holds what came, at
// most limit bytes (and the slack of append). It has no lock: one goroutine at a time.
type Reader struct {
	frag *fragments // nil while no message is fragmented
}

// Message is one whole data message or one control frame.
//
// Payload and Reason lie in the buffer given to Next, unmasked in place, unless the message was fragmented: they are the
// caller's until it reuses or discards those bytes, or calls Next again.
type Message struct {
	Op      Opcode // Text, Binary, Close, Ping or Pong; never Continuation
	Payload []byte // of a Close: the whole body, as received
	Code    uint16 // of a Close: its code, 1005 for an empty body; otherwise 0
	Reason  []byte // of a Close: UTF-8, may be empty; otherwise nil
}

// Started tells that a first fragment came and the last did not.
func (r *Reader) Started() bool { return r.frag != nil }

// Next takes one frame of a client from the start of buf.
//
// It returns the number n of bytes that the frame took; ok tells that m now holds a message or a control frame, while a
// fragment that does not end its message gives n > 0 and ok false. n is 0 without an error when buf does not hold the
// whole frame yet: need is then the total length of the frame, so that the caller need not call again before that many
// bytes are there, or 0 while the length itself is still unknown (at most 10 bytes). buf is changed only when the frame
// is whole.
//
// limit bounds the payload of a data message in bytes, all its fragments together; control frames do not count. An error
// is always a *CloseError; the Reader then lets go of what it holds and is of no more use. It comes as soon as the bytes that prove it are
// there: a reserved bit with the first byte, a message above limit with the length field, text that can no longer
// become UTF-8 with the end of the fragment, even where a code point is split over fragments.
func (r *Reader) Next(buf []byte, limit int, m *Message) (n, need int, ok bool, err error) {
	return r.next(buf, limit, m, maskBit)
}

// NextFromServer is Next for the client's end of a connection: frames must not be masked. For tests, command-line tools
// and the load generator.
func (r *Reader) NextFromServer(buf []byte, limit int, m *Message) (n, need int, ok bool, err error) {
	return r.next(buf, limit, m, 0)
}

func (r *Reader) next(buf []byte, limit int, m *Message, masked byte) (n, need int, ok bool, err error) {
	if len(buf) == 0 {
		return 0, 0, false, nil
	}
	op, fin := Opcode(buf[0]&opBits), buf[0]&finBit != 0
	if err := r.checkFirst(buf[0]&rsvBits, op, fin); err != nil {
		return 0, 0, false, r.refuse(err)
	}
	start, length, err := readLength(buf, op, masked)
	switch {
	case err != nil:
		return 0, 0, false, r.refuse(err)
	case start == 0:
		return 0, 0, false, nil
	case !op.control() && length > r.room(limit):
		return 0, 0, false, r.refuse(errTooBig(limit))
	}
	if masked != 0 {
		start += maskLen
	}
	end := start + int(length)
	if len(buf) < end {
		return 0, end, false, nil
	}
	payload := buf[start:end:end]
	if masked != 0 {
		ws.Cipher(payload, [maskLen]byte(buf[start-maskLen:]), 0)
	}
	ok, err = r.take(op, fin, payload, m)
	if err != nil {
		return 0, 0, false, r.refuse(err)
	}
	return end, 0, ok, nil
}

// refuse frees the fragments with the violation that makes them worthless: the connection may linger for its closing.
func (r *Reader) refuse(err error) error {
	r.frag = nil
	return err
}

// checkFirst checks what the first byte alone tells.
func (r *Reader) checkFirst(rsv byte, op Opcode, fin bool) error {
	switch {
	case rsv != 0:
		return errReservedBits
	case op.reserved():
		return errReservedOpcode
	case op.control():
		if !fin {
			return errControlSplit
		}
	case op == Continuation && r.frag == nil:
		return errNoStart
	case op != Continuation && r.frag != nil:
		return errUnfinished
	}
	return nil
}

// readLength gives the length of the payload and the size of the header up to and with it; size 0 means that buf is too
// short to tell.
func readLength(buf []byte, op Opcode, masked byte) (size int, length uint64, err error) {
	if len(buf) < 2 {
		return 0, 0, nil
	}
	if buf[1]&maskBit != masked {
		if masked != 0 {
			return 0, 0, errUnmasked
		}
		return 0, 0, errMasked
	}
	length = uint64(buf[1] & lengthLow)
	switch {
	case length < length16:
		return 2, length, nil
	case op.control():
		return 0, 0, errControlLong
	case length == length16:
		return readLength16(buf)
	}
	return readLength64(buf)
}

func readLength16(buf []byte) (size int, length uint64, err error) {
	if len(buf) < 4 {
		return 0, 0, nil
	}
	length = uint64(binary.BigEndian.Uint16(buf[2:]))
	if length < length16 {
		return 0, 0, errLongForm
	}
	return 4, length, nil
}

func readLength64(buf []byte) (size int, length uint64, err error) {
	if len(buf) < 10 {
		return 0, 0, nil
	}
	length = binary.BigEndian.Uint64(buf[2:])
	switch {
	case length > math.MaxInt64:
		return 0, 0, errNegative
	case length <= math.MaxUint16:
		return 0, 0, errLongForm
	}
	return 10, length, nil
}

// take hands on a whole, unmasked frame: at once, or to the fragments.
func (r *Reader) take(op Opcode, fin bool, payload []byte, m *Message) (ok bool, err error) {
	switch {
	case op == Close:
		return true, readClose(payload, m)
	case op.control():
	case !fin || op == Continuation:
		return r.join(op, fin, payload, m)
	case op == Text && !utf8.Valid(payload):
		return false, errText
	}
	*m = Message{Op: op, Payload: payload}
	return true, nil
}
