package cases

import (
	"fmt"
	"strings"
)

// pings is section 2: pings are answered with their own payload, pongs that nobody asked for are not answered.
func pings() []Case {
	return []Case{
		begin("2.1", "ping without payload").ping("").ends(),
		begin("2.2", "ping with a short text").ping("Hello, world!").ends(),
		begin("2.3", "ping with bytes that are not UTF-8").ping("\x00\xFF\xFE\xFD\xFC\xFB\x00\xFF").ends(),
		begin("2.4", "ping of 125 bytes").ping(strings.Repeat("\xFE", 125)).ends(),
		begin("2.5", "ping of 126 bytes").frame(fin|opPing, strings.Repeat("\xFE", 126)).closed(1002),
		begin("2.7", "pong without payload that nobody asked for").frame(fin|opPong, "").ends(),
		begin("2.8", "pong with payload that nobody asked for").frame(fin|opPong, "unsolicited").ends(),
		begin("2.9", "pong that nobody asked for, then a ping").
			frame(fin|opPong, "unsolicited").ping("ping").ends(),
		begin("2.10", "ten pings").numberedPings(10).ends(),
		begin("2.X.1", "pong of 125 bytes").frame(fin|opPong, strings.Repeat("\xFE", 125)).ends(),
		begin("2.X.2", "pong of 126 bytes").frame(fin|opPong, strings.Repeat("\xFE", 126)).closed(1002),
		begin("2.X.3", "ping of 65,536 bytes").frame(fin|opPing, strings.Repeat("p", 65536)).closed(1002),
		begin("2.X.4", "ping, text, ping, text: answers in the order of the questions").
			ping("1").text("2").ping("3").text("4").ends(),
	}
}

func (s script) numberedPings(n int) script {
	for i := range n {
		s = s.ping(fmt.Sprintf("payload-%d", i))
	}
	return s
}
