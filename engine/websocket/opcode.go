package websocket

import "strconv"

// Opcode says what a frame carries (RFC 6455 section 5.2). All values that are not named here are reserved and refused.
type Opcode byte

// The opcodes of RFC 6455 section 11.8.
const (
	Continuation Opcode = 0x0
	Text         Opcode = 0x1
	Binary       Opcode = 0x2
	Close        Opcode = 0x8
	Ping         Opcode = 0x9
	Pong         Opcode = 0xA
)

// maxControl is the largest payload of a Close, Ping or Pong in bytes (RFC 6455 section 5.5).
const maxControl = 125

// control tells Close, Ping and Pong (and the reserved 0xB to 0xF) from data frames.
func (op Opcode) control() bool { return op&0x8 != 0 }

// reserved tells the opcodes that RFC 6455 keeps for the future: 0x3 to 0x7 and 0xB to 0xF.
func (op Opcode) reserved() bool { return op&0x7 > 2 }

// String gives the name of the RFC, for logs and test failures.
func (op Opcode) String() string {
	switch op {
	case Continuation:
		return "continuation"
	case Text:
		return "text"
	case Binary:
		return "binary"
	case Close:
		return "close"
	case Ping:
		return "ping"
	case Pong:
		return "pong"
	}
	return "reserved opcode 0x" + strconv.FormatUint(uint64(op), 16)
}
