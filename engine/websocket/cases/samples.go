package cases

import (
	"slices"
	"strings"
)

// sampleGroup is a group of section 6 that is a plain list of texts, after Markus Kuhn's "UTF-8 decoder capability and
// stress test". Whether a text is UTF-8 is left to unicode/utf8; the test of this package holds it against the group.
type sampleGroup struct {
	number int
	title  string
	texts  []string
}

func samples() []sampleGroup {
	return []sampleGroup{
		{5, "valid text", []string{
			kosme, "$¢€\U00024B62", "Hello-µ@ßöäüàá-UTF-8!!", "日本語", "\u200b\u200d\ufeff", "\U0001F468\u200D\U0001F469",
		}},
		{6, "prefix of a valid text", prefixes(kosme + "\U0001F600")},
		{7, "first code point of a length", []string{"\x00", "\xC2\x80", "\xE0\xA0\x80", "\xF0\x90\x80\x80"}},
		{8, "first sequence of a length beyond Unicode", []string{"\xF8\x88\x80\x80\x80", "\xFC\x84\x80\x80\x80\x80"}},
		{9, "last code point of a length", []string{"\x7F", "\xDF\xBF", "\xEF\xBF\xBF", "\xF4\x8F\xBF\xBF"}},
		{10, "last sequence of a length beyond Unicode", []string{
			"\xF7\xBF\xBF\xBF", "\xFB\xBF\xBF\xBF\xBF", "\xFD\xBF\xBF\xBF\xBF\xBF",
		}},
		{11, "border", []string{
			"\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBD", "\xF4\x8F\xBF\xBF", "\xF4\x90\x80\x80",
		}},
		{12, "continuation byte out of place", continuations()},
		{13, "lonely start byte", lonelyStarts()},
		{14, "last continuation byte missing", incomplete()},
		{15, "incomplete sequences in a row", []string{strings.Join(incomplete(), "")}},
		{16, "impossible byte", []string{"\xFE", "\xFF", "\xFE\xFE\xFF\xFF"}},
		{17, "slash in too many bytes", []string{
			"\xC0\xAF", "\xE0\x80\xAF", "\xF0\x80\x80\xAF", "\xF8\x80\x80\x80\xAF", "\xFC\x80\x80\x80\x80\xAF",
		}},
		{18, "largest code point in too many bytes", []string{
			"\xC1\xBF", "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF", "\xF8\x87\xBF\xBF\xBF", "\xFC\x83\xBF\xBF\xBF\xBF",
		}},
		{19, "NUL in too many bytes", []string{
			"\xC0\x80", "\xE0\x80\x80", "\xF0\x80\x80\x80", "\xF8\x80\x80\x80\x80", "\xFC\x80\x80\x80\x80\x80",
		}},
		{20, "single surrogate", halves()},
		{21, "pair of surrogates", pairs()},
		{22, "code point that is no character", noncharacters()},
		{23, "special", []string{
			"\xEF\xBF\xB9", "\xEF\xBF\xBA", "\xEF\xBF\xBB", "\xEF\xBF\xBC", "\xEF\xBF\xBD", "\xEF\xBF\xBE", "\xEF\xBF\xBF",
		}},
	}
}

// prefixes are all beginnings of s, s itself included.
func prefixes(s string) []string {
	var list []string
	for n := range len(s) {
		list = append(list, s[:n+1])
	}
	return list
}

// continuations are one to six of them, then all sixty-four.
func continuations() []string {
	list := prefixes("\x80\xBF\x80\xBF\x80\xBF")
	list = append(list, "\xBF")
	var all []byte
	for b := byte(0x80); b <= 0xBF; b++ {
		all = append(all, b)
	}
	return append(list, string(all))
}

// lonelyStarts are all start bytes of 2, 3, 4, 5 and 6 bytes, each followed by a space.
func lonelyStarts() []string {
	list := make([]string, 5)
	for i, span := range [5][2]byte{{0xC0, 0xDF}, {0xE0, 0xEF}, {0xF0, 0xF7}, {0xF8, 0xFB}, {0xFC, 0xFD}} {
		for b := span[0]; b <= span[1]; b++ {
			list[i] += string([]byte{b, ' '})
		}
	}
	return list
}

// incomplete are the lowest and the highest sequences of 2 to 6 bytes without their last byte.
func incomplete() []string {
	return []string{
		"\xC0", "\xE0\x80", "\xF0\x80\x80", "\xF8\x80\x80\x80", "\xFC\x80\x80\x80\x80",
		"\xDF", "\xEF\xBF", "\xF7\xBF\xBF", "\xFB\xBF\xBF\xBF", "\xFD\xBF\xBF\xBF\xBF",
	}
}

// The halves of UTF-16 pairs, written as if they were code points.
var (
	highHalves = []string{"\xED\xA0\x80", "\xED\xAD\xBF", "\xED\xAE\x80", "\xED\xAF\xBF"}
	lowHalves  = []string{"\xED\xB0\x80", "\xED\xBE\x80", "\xED\xBF\xBF"}
)

func halves() []string { return slices.Concat(highHalves, lowHalves) }

// pairs are all high halves with the first and the last low one.
func pairs() []string {
	var list []string
	for _, high := range highHalves {
		list = append(list, high+lowHalves[0], high+lowHalves[2])
	}
	return list
}

// noncharacters are the last two code points of each of the seventeen planes. They are valid UTF-8.
func noncharacters() []string {
	var list []string
	for plane := rune(0); plane <= 16; plane++ {
		list = append(list, string(plane<<16|0xFFFE), string(plane<<16|0xFFFF))
	}
	return list
}
