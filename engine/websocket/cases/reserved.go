package cases

import "fmt"

// reservedBits is section 3: no extension was negotiated, so any reserved bit fails the connection.
func reservedBits() []Case {
	list := []Case{
		begin("3.1", "text with RSV3").frame(fin|rsv3|opText, "small").closed(1002),
		begin("3.2", "text, then text with RSV2, then a ping").
			text("small").frame(fin|rsv2|opText, "small").frame(fin|opPing, "").closed(1002),
		begin("3.3", "text, then text with RSV2 and RSV3, then a ping").
			text("small").frame(fin|rsv2|rsv3|opText, "small").frame(fin|opPing, "").closed(1002),
		begin("3.4", "text, then text with RSV1, then a ping").
			text("small").frame(fin|rsv1|opText, "small").frame(fin|opPing, "").closed(1002),
		begin("3.5", "binary with RSV1 and RSV3").frame(fin|rsv1|rsv3|opBinary, "\x00\xFF").closed(1002),
		begin("3.6", "ping with RSV1 and RSV2").frame(fin|rsv1|rsv2|opPing, "ping").closed(1002),
		begin("3.7", "close with all reserved bits").
			frame(fin|rsv1|rsv2|rsv3|opClose, closeBody(1000, "")).closed(1002),
	}
	for _, op := range []byte{opCont, opText, opBinary, opClose, opPing, opPong} {
		for rsv := byte(rsv3); rsv <= rsv1|rsv2|rsv3; rsv += rsv3 {
			list = append(list, begin(
				fmt.Sprintf("3.X.%d.%d", op, rsv>>4),
				fmt.Sprintf("reserved bits %03b on opcode %d, inside a fragmented text", rsv>>4, op),
			).frame(opText, "begun").ping("alive").frame(fin|rsv|op, "").closed(1002))
		}
	}
	return list
}
