package cases

import (
	"fmt"
	"strings"
)

// framing is section 1: payloads on both sides of every border of the length encoding.
func framing() []Case {
	var list []Case
	for i, n := range []int{0, 125, 126, 127, 128, 65535, 65536} {
		payload := strings.Repeat("*", n)
		list = append(list,
			begin(fmt.Sprintf("1.1.%d", i+1), fmt.Sprintf("text of %d bytes", n)).text(payload).ends(),
			begin(fmt.Sprintf("1.2.%d", i+1), fmt.Sprintf("binary of %d bytes, which is refused", n)).
				frame(fin|opBinary, strings.Repeat("\xFE", n)).closed(1003),
		)
	}
	return append(list,
		begin("1.X.1", "every length from 0 to 130").eachLength(0, 130).ends(),
		begin("1.X.2", "text, then binary, then a ping that is not answered any more").
			text("first").frame(fin|opBinary, "second").frame(fin|opPing, "third").closed(1003),
	)
}

func (s script) eachLength(from, to int) script {
	for n := from; n <= to; n++ {
		s = s.text(strings.Repeat("x", n))
	}
	return s
}
