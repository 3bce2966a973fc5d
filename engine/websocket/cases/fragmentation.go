package cases

import "fmt"

// fragmentation is section 5.
func fragmentation() []Case {
	list := []Case{
		begin("5.1", "ping in two fragments").frame(opPing, "frag").frame(fin|opCont, "ment").closed(1002),
		begin("5.2", "pong in two fragments").frame(opPong, "frag").frame(fin|opCont, "ment").closed(1002),
		begin("5.3", "text in two fragments").
			frame(opText, "frag").frame(fin|opCont, "ment").echoes("fragment").ends(),
		begin("5.6", "ping between two fragments").
			frame(opText, "frag").ping("ping").frame(fin|opCont, "ment").echoes("fragment").ends(),
		begin("5.9", "final continuation with nothing to continue, then text").
			frame(fin|opCont, "nothing").frame(fin|opText, "text").closed(1002),
		begin("5.12", "continuation with nothing to continue, then text").
			frame(opCont, "nothing").frame(fin|opText, "text").closed(1002),
		begin("5.15", "a fragmented text, then a continuation with nothing to continue, then text").
			frame(opText, "frag").frame(fin|opCont, "ment").echoes("fragment").
			frame(opCont, "nothing").frame(fin|opText, "text").closed(1002),
		begin("5.16", "twice: continuation with nothing to continue, then text in two fragments").
			nothingThenText(opCont).nothingThenText(opCont).closed(1002),
		begin("5.17", "twice: final continuation with nothing to continue, then text in two fragments").
			nothingThenText(fin | opCont).nothingThenText(fin | opCont).closed(1002),
		begin("5.18", "text in two fragments that both say text").
			frame(opText, "frag").frame(fin|opText, "ment").closed(1002),
		begin("5.19", "text in five fragments with pings between them, all twice").
			fiveFragments().fiveFragments().ends(),
	}
	return append(list, moreFragmentation()...)
}

func (s script) nothingThenText(first byte) script {
	return s.frame(first, "nothing").frame(opText, "frag").frame(fin|opCont, "ment")
}

func (s script) fiveFragments() script {
	s = s.frame(opText, "fragment1").frame(opCont, "fragment2").ping("ping 1")
	s = s.frame(opCont, "fragment3").frame(opCont, "fragment4").ping("ping 2")
	return s.frame(fin|opCont, "fragment5").echoes("fragment1fragment2fragment3fragment4fragment5")
}

func moreFragmentation() []Case {
	list := []Case{
		begin("5.X.1", "close in two fragments").
			frame(opClose, closeBody(1000, "")).frame(fin|opCont, "bye").closed(1002),
		begin("5.X.2", "binary inside a fragmented text").
			frame(opText, "frag").frame(fin|opBinary, "binary").closed(1002),
		begin("5.X.3", "a second fragmented text inside the first").
			frame(opText, "frag").frame(opText, "frag").closed(1002),
		begin("5.X.4", "binary in two fragments, which is refused").
			frame(opBinary, "\x00\xFF").frame(fin|opCont, "\xFE").closed(1003),
		begin("5.X.5", "pong inside a fragmented text").
			frame(opText, "frag").frame(fin|opPong, "pong").frame(fin|opCont, "ment").echoes("fragment").ends(),
		begin("5.X.6", "close inside a fragmented text").
			frame(opText, "frag").frame(fin|opClose, closeBody(1001, "")).closed(1001),
		begin("5.X.7", "whole text after a fragmented one").
			frame(opText, "frag").frame(fin|opCont, "ment").echoes("fragment").text("whole").ends(),
		begin("5.X.8", "two fragmented texts, one after the other").
			frame(opText, "a").frame(fin|opCont, "b").echoes("ab").
			frame(opText, "c").frame(fin|opCont, "d").echoes("cd").ends(),
	}
	for n := 1; n < len("fragment"); n++ {
		list = append(list, begin(fmt.Sprintf("5.X.9.%d", n), fmt.Sprintf("text cut after %d bytes", n)).
			frame(opText, "fragment"[:n]).frame(fin|opCont, "fragment"[n:]).echoes("fragment").ends())
	}
	return list
}
