package cases

import "fmt"

// opcodes is section 4: the reserved opcodes, for data (3 to 7) and for control (11 to 15).
func opcodes() []Case {
	var list []Case
	for i, first := range []byte{0x3, 0xB} {
		for j := range byte(5) {
			list = append(list, reservedOpcode(fmt.Sprintf("4.%d.%d", i+1, j+1), first+j, j))
		}
	}
	for op := byte(0x3); op <= 0xF; op++ {
		if op >= opClose && op <= opPong {
			continue
		}
		list = append(list, begin(
			fmt.Sprintf("4.X.%d", op),
			fmt.Sprintf("reserved opcode %d, not final, inside a fragmented text", op),
		).frame(opText, "begun").frame(op, "").closed(1002))
	}
	return list
}

// reservedOpcode is empty, bears a payload, or comes between good frames, by turns.
func reservedOpcode(id string, op, variant byte) Case {
	title := fmt.Sprintf("reserved opcode %d", op)
	switch variant {
	case 0:
		return begin(id, title+" without payload").frame(fin|op, "").closed(1002)
	case 1:
		return begin(id, title+" with payload").frame(fin|op, "reserved").closed(1002)
	case 2:
		return begin(id, title+" without payload between text and ping").
			text("text").frame(fin|op, "").frame(fin|opPing, "").closed(1002)
	}
	return begin(id, title+" with payload between text and ping").
		text("text").frame(fin|op, "reserved").frame(fin|opPing, "").closed(1002)
}
