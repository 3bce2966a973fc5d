package cases

import (
	"fmt"
	"strings"
)

// limits is sections 9 and 10 on a small scale: large messages, many fragments, many messages.
func limits() []Case {
	const words = "Sätze, ☃ "
	big := strings.Repeat(words, LargestMessage/len(words))
	list := []Case{
		begin("9.1.1", "text of 64 KiB").text(strings.Repeat("*", LargestMessage)).ends(),
		begin("9.1.X", "text of almost 64 KiB with code points of two and three bytes").text(big).ends(),
		begin("9.2.1", "binary of 64 KiB, which is refused").
			frame(fin|opBinary, strings.Repeat("\xFE", LargestMessage)).closed(1003),
		begin("9.X.1", "2,000 empty fragments before the last").manyFragments("", 0, 2000).ends(),
		begin("9.X.2", "300 pings").numberedPings(300).ends(),
		begin("9.X.3", "300 pongs, not one of which is answered").pongFlood(300).ends(),
	}
	for i, size := range []int{64, 256, 1024, 4096, 16384, 65535} {
		list = append(list,
			begin(fmt.Sprintf("9.3.%d", i+1), fmt.Sprintf("text of almost 64 KiB in fragments of %d bytes", size)).
				manyFragments(big, size, 0).ends(),
			begin(fmt.Sprintf("9.4.%d", i+1), fmt.Sprintf("binary of 64 KiB in fragments of %d bytes", size)).
				fragments(opBinary, strings.Repeat("\xFE", LargestMessage), size).closed(1003),
		)
	}
	for i, size := range []int{0, 16, 64, 256, 1024, 4096} {
		list = append(list, begin(fmt.Sprintf("9.7.%d", i+1), fmt.Sprintf("40 texts of %d bytes", size)).
			manyTexts(strings.Repeat("*", size), 40).ends())
	}
	return append(list, begin("10.1.1", "text of 64 KiB in fragments of 1,300 bytes").
		manyFragments(strings.Repeat("*", LargestMessage), 1300, 0).ends())
}

// manyFragments sends one text message, empty fragments first, and wants it back.
func (s script) manyFragments(payload string, size, empty int) script {
	op := byte(opText)
	for range empty {
		s = s.frame(op, "")
		op = opCont
	}
	return s.fragments(op, payload, size).echoes(payload)
}

// fragments sends payload in frames of size bytes, of which the first has the opcode op.
func (s script) fragments(op byte, payload string, size int) script {
	for ; len(payload) > size; op = opCont {
		s = s.frame(op, payload[:size])
		payload = payload[size:]
	}
	return s.frame(fin|op, payload)
}

func (s script) manyTexts(payload string, n int) script {
	for range n {
		s = s.text(payload)
	}
	return s
}

func (s script) pongFlood(n int) script {
	for range n {
		s = s.frame(fin|opPong, "unsolicited")
	}
	return s
}
