package cases

import (
	"slices"

	"fanfare/engine/websocket"
)

// LargestMessage is the size in bytes of the largest message that the server under test has to take.
const LargestMessage = 1 << 16

// Case is one connection, from the first byte after the handshake to its end.
type Case struct {
	ID    string // "6.4.1"; unique
	Title string
	Send  []byte // what the client sends: masked, and as wrong as the case wants it
	Want  []Want // the frames that the server answers, in this order, and no others
}

// Want is one frame from the server.
type Want struct {
	Op      websocket.Opcode // Text, Pong or Close
	Payload []byte           // of Text and Pong: exactly this
	Codes   []uint16         // of Close: one of these; 1005 stands for an empty body. The reason is free
	End     bool             // after this frame the server must end the TCP connection
}

// All gives all cases in the order of their sections.
func All() []Case {
	return slices.Concat(
		framing(), pings(), reservedBits(), opcodes(), fragmentation(),
		text(), closing(), limits(), malformed(),
	)
}
