package cases

import (
	"fmt"
	"unicode/utf8"
)

// kosme is the Greek word that Markus Kuhn's UTF-8 stress test begins with, and Autobahn after it.
const kosme = "κόσμε"

// text is section 6: what is UTF-8 and what is not, whole and over fragments.
func text() []Case {
	list := append(fragmentedText(), failFast()...)
	for _, group := range samples() {
		for i, s := range group.texts {
			id := fmt.Sprintf("6.%d.%d", group.number, i+1)
			title := fmt.Sprintf("%s: %.40q", group.title, s)
			list = append(list, wholeText(id, title, s), octetFragments(id+".X", title+", one byte a fragment", s))
		}
	}
	return list
}

// wholeText sends s in one frame.
func wholeText(id, title, s string) Case {
	if utf8.ValidString(s) {
		return begin(id, title).text(s).ends()
	}
	return begin(id, title).frame(fin|opText, s).closed(1007)
}

// octetFragments sends s in one frame a byte. It stops with the byte that nothing can mend, in the middle of the
// message: the server must not wait for more.
func octetFragments(id, title, s string) Case {
	b, op := begin(id, title), byte(opText)
	for i := range len(s) {
		b, op = b.frame(op, s[i:i+1]), opCont
		if !mendable(s[:i+1]) {
			return b.closed(1007)
		}
	}
	b = b.frame(fin|op, "")
	if !utf8.ValidString(s) {
		return b.closed(1007)
	}
	return b.echoes(s).ends()
}

// mendable tells whether some bytes after s make it UTF-8, by trying: the borders of all ranges that a continuation byte
// can have are among those tried.
func mendable(s string) bool { return mendableWith(s, utf8.UTFMax-1) }

func mendableWith(s string, more int) bool {
	if utf8.ValidString(s) {
		return true
	}
	if more == 0 {
		return false
	}
	for _, next := range []string{"\x80", "\x8F", "\x90", "\x9F", "\xA0", "\xBF"} {
		if mendableWith(s+next, more-1) {
			return true
		}
	}
	return false
}

// fragmentedText has the groups 6.1 to 6.3.
func fragmentedText() []Case {
	const hello = "Hello-µ@ßöäüàá-UTF-8!!"
	const edited = kosme + "\xED\xA0\x80edited"
	return []Case{
		begin("6.1.1", "empty text").text("").ends(),
		begin("6.1.2", "three empty fragments").
			frame(opText, "").frame(opCont, "").frame(fin|opCont, "").echoes("").ends(),
		begin("6.1.3", "three fragments, only the middle one not empty").
			frame(opText, "").frame(opCont, "middle frame payload").frame(fin|opCont, "").
			echoes("middle frame payload").ends(),
		begin("6.2.1", "valid text").text(hello).ends(),
		begin("6.2.2", "valid text cut between code points").
			frame(opText, hello[:12]).frame(fin|opCont, hello[12:]).echoes(hello).ends(),
		octetFragments("6.2.3", "valid text, one byte a fragment", hello),
		octetFragments("6.2.4", "Greek word, one byte a fragment", kosme),
		begin("6.2.X.1", "code point cut by a ping").
			frame(opText, "\xE2\x98").ping("\xFF").frame(fin|opCont, "\x83").echoes("☃").ends(),
		begin("6.2.X.2", "code point over four fragments with empty ones between").
			frame(opText, "\xF0").frame(opCont, "").frame(opCont, "\x9F").frame(opCont, "").
			frame(opCont, "\x98").frame(fin|opCont, "\x80").echoes("\U0001F600").ends(),
		begin("6.2.X.3", "half a code point at the end of one message, the other half in the next").
			frame(opText, "\xE2\x98").frame(fin|opCont, "").frame(fin|opText, "\x83").closed(1007),
		wholeText("6.3.1", "surrogate in the middle", edited),
		octetFragments("6.3.2", "surrogate in the middle, one byte a fragment", edited),
	}
}

// failFast is group 6.4: the fault is in the second of three fragments, and the third is never sent.
func failFast() []Case {
	return []Case{
		begin("6.4.1", "text spoilt in its second fragment").
			frame(opText, kosme).frame(opCont, "\xF4\x90\x80\x80").closed(1007),
		begin("6.4.2", "text spoilt in its second fragment by the first half of a code point").
			frame(opText, kosme+"\xF4").frame(opCont, "\x90").closed(1007),
		begin("6.4.3", "text spoilt in its second fragment, then a ping that is not answered").
			frame(opText, kosme).frame(opCont, "\xF4\x90\x80\x80").frame(fin|opPing, "late").closed(1007),
		begin("6.4.4", "text spoilt in its first fragment").frame(opText, kosme+"\xC0").closed(1007),
		begin("6.4.X", "code point that the next fragment does not go on with").
			frame(opText, kosme+"\xE2\x98").frame(opCont, "a").closed(1007),
	}
}
