package websocket

import (
	"encoding/binary"
	"fmt"
	"unicode/utf8"
)

// Close codes that this package gives or expects (RFC 6455 section 7.4.1).
const (
	CodeNormal      uint16 = 1000
	CodeGoingAway   uint16 = 1001
	CodeProtocol    uint16 = 1002 // a frame breaks the RFC
	CodeUnsupported uint16 = 1003 // a kind of data that the endpoint does not take, such as Binary
	CodeNoStatus    uint16 = 1005 // never on the wire: stands for a Close frame without a body
	CodeInvalidData uint16 = 1007 // text that is not UTF-8
	CodeTooBig      uint16 = 1009 // a message above the limit
)

// CloseError is a violation by the peer. The connection must be closed with Code; Reason says what was wrong in a few
// words of plain ASCII that fit into a Close frame. The errors of frequent violations are shared: do not modify them.
type CloseError struct {
	Code   uint16
	Reason string
}

// Error gives code and reason.
func (e *CloseError) Error() string {
	return fmt.Sprintf("websocket: close with %d: %s", e.Code, e.Reason)
}

// One value each, so that a flood of bad frames costs no allocation.
var (
	errReservedBits   = &CloseError{CodeProtocol, "reserved bits set, but no extension was negotiated"}
	errReservedOpcode = &CloseError{CodeProtocol, "reserved opcode"}
	errControlSplit   = &CloseError{CodeProtocol, "control frames must not be fragmented"}
	errControlLong    = &CloseError{CodeProtocol, "control frames carry at most 125 bytes"}
	errNoStart        = &CloseError{CodeProtocol, "continuation frame without a message to continue"}
	errUnfinished     = &CloseError{CodeProtocol, "new message inside a fragmented one"}
	errUnmasked       = &CloseError{CodeProtocol, "frames from a client must be masked"}
	errMasked         = &CloseError{CodeProtocol, "frames from a server must not be masked"}
	errLongForm       = &CloseError{CodeProtocol, "payload length not in its shortest form"}
	errNegative       = &CloseError{CodeProtocol, "payload length with its top bit set"}
	errCloseBody      = &CloseError{CodeProtocol, "close frame with a body of one byte"}
	errCloseCode      = &CloseError{CodeProtocol, "close code that must not be sent"}
	errCloseReason    = &CloseError{CodeInvalidData, "close reason is not UTF-8"}
	errText           = &CloseError{CodeInvalidData, "text is not UTF-8"}
)

func errTooBig(limit int) *CloseError {
	return &CloseError{CodeTooBig, fmt.Sprintf("message above the limit of %d bytes", limit)}
}

// readClose takes the body of a Close frame apart (RFC 6455 section 5.5.1).
func readClose(body []byte, m *Message) error {
	*m = Message{Op: Close, Payload: body, Code: CodeNoStatus}
	switch len(body) {
	case 0:
		return nil
	case 1:
		return errCloseBody
	}
	m.Code, m.Reason = binary.BigEndian.Uint16(body), body[2:]
	if !sendable(m.Code) {
		return errCloseCode
	}
	if !utf8.Valid(m.Reason) {
		return errCloseReason
	}
	return nil
}

// sendable tells whether code may stand in a Close frame (RFC 6455 section 7.4). 1012 to 1014 were registered with IANA
// after the RFC (service restart, try again later, bad gateway); 1004, 1005, 1006 and 1015 must not be sent; from 5000 on
// nothing is defined.
func sendable(code uint16) bool {
	switch {
	case code >= 1000 && code <= 1003, code >= 1007 && code <= 1014:
		return true
	}
	return code >= 3000 && code <= 4999
}
