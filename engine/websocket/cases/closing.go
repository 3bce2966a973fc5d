package cases

import (
	"fmt"
	"strings"
)

// closing is section 7: the closing handshake.
func closing() []Case {
	big := strings.Repeat("x", LargestMessage)
	list := []Case{
		begin("7.1.1", "text, then close").text("Hello World!").ends(),
		begin("7.1.2", "close twice").frame(fin|opClose, "\x03\xE8").frame(fin|opClose, "\x03\xE9").closed(1000),
		begin("7.1.3", "ping after close").frame(fin|opClose, "\x03\xE8").frame(fin|opPing, "").closed(1000),
		begin("7.1.4", "text after close").frame(fin|opClose, "\x03\xE8").frame(fin|opText, "late").closed(1000),
		begin("7.1.5", "close inside a fragmented text, then its last fragment").
			frame(opText, "frag").frame(fin|opClose, "\x03\xE8").frame(fin|opCont, "ment").closed(1000),
		begin("7.1.6", "large text, then close, then ping").
			text(big).frame(fin|opClose, "\x03\xE8").frame(fin|opPing, "").closed(1000),
		begin("7.1.X", "frame that breaks the rules after close").
			frame(fin|opClose, "\x03\xE8").frame(rsv1|0xF, "").closed(1000),
		begin("7.3.1", "close without a body").frame(fin|opClose, "").closed(1005, 1000),
		begin("7.3.2", "close with a body of one byte").frame(fin|opClose, "a").closed(1002),
		begin("7.3.3", "close with a code").frame(fin|opClose, closeBody(1000, "")).closed(1000),
		begin("7.3.4", "close with code and reason").frame(fin|opClose, closeBody(1000, "Hello World!")).closed(1000),
		begin("7.3.5", "close with the longest reason, 123 bytes").
			frame(fin|opClose, closeBody(1000, strings.Repeat("*", 123))).closed(1000),
		begin("7.3.6", "close with a reason of 124 bytes").
			frame(fin|opClose, closeBody(1000, strings.Repeat("*", 124))).closed(1002),
		begin("7.5.1", "close with a reason that is not UTF-8").
			frame(fin|opClose, closeBody(1000, "κόσμε\xED\xA0\x80edited")).closed(1007),
		begin("7.5.X.1", "close with a reason that ends inside a code point").
			frame(fin|opClose, closeBody(1000, "κόσμ\xCE")).closed(1007),
		begin("7.5.X.2", "close with a reason of many languages").
			frame(fin|opClose, closeBody(1000, "κόσμε ☃ \U0001F600")).closed(1000),
	}
	list = append(list, closeCodes("7.7", true, sendableCodes)...)
	list = append(list, closeCodes("7.9", false, forbiddenCodes)...)
	return append(list, closeCodes("7.13", false, []uint16{5000, 65535})...)
}

var (
	// sendableCodes are those of RFC 6455 section 7.4.1, the later ones of IANA's registry (1012 to 1014), and the borders
	// of the ranges of frameworks (3000 to 3999) and applications (4000 to 4999). 4200 is Pusher's.
	sendableCodes = []uint16{
		1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4200, 4999,
	}
	// forbiddenCodes: below 1000 unused, 1004 to 1006 and 1015 reserved, the others not assigned.
	forbiddenCodes = []uint16{0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999}
)

// closeCodes sends each code without and with a reason.
func closeCodes(group string, valid bool, codes []uint16) []Case {
	var list []Case
	for i, code := range codes {
		want := code
		if !valid {
			want = 1002
		}
		list = append(list,
			begin(fmt.Sprintf("%s.%d", group, i+1), fmt.Sprintf("close with code %d", code)).
				frame(fin|opClose, closeBody(code, "")).closed(want),
			begin(fmt.Sprintf("%s.X.%d", group, i+1), fmt.Sprintf("close with code %d and a reason", code)).
				frame(fin|opClose, closeBody(code, "reason")).closed(want),
		)
	}
	return list
}
