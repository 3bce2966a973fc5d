package account

import (
	"bytes"
	"time"

	"fanfare/bench/loadgen"
)

// Stamp is what a message says of itself.
type Stamp struct {
	loadgen.Mark
	Sent time.Duration // on the machine's clock, when its publisher began
	// Certain is the latest earlier message of the source that has left for sure,
	// counted from 1; 0 is none. All between it and this one are uncertain.
	Certain     uint32
	CertainSent time.Duration
}

// The words between the numbers, in the order of the fields.
const (
	sentWord    = " sent="
	certainWord = " after="
	whenWord    = " of="

	timeDigits = 19
	seqDigits  = 10

	// StampSize is the length of a stamp in bytes.
	StampSize = loadgen.MarkSize + len(sentWord) + timeDigits + len(certainWord) + seqDigits + len(whenWord) + timeDigits
)

// AppendStamp appends s in StampSize bytes that no JSON encoder escapes.
func AppendStamp(dst []byte, s Stamp) []byte {
	dst = loadgen.AppendMark(dst, s.Mark)
	dst = appendNumber(append(dst, sentWord...), uint64(s.Sent), timeDigits)
	dst = appendNumber(append(dst, certainWord...), uint64(s.Certain), seqDigits)
	return appendNumber(append(dst, whenWord...), uint64(s.CertainSent), timeDigits)
}

func appendNumber(dst []byte, v uint64, width int) []byte {
	end := len(dst) + width
	for range width {
		dst = append(dst, '0')
	}
	for i := end - 1; i >= end-width; i, v = i-1, v/10 {
		dst[i] = '0' + byte(v%10)
	}
	return dst
}

// FindStamp looks for the stamp in a payload. It is false when there is none
// that is whole.
func FindStamp(payload []byte) (s Stamp, ok bool) {
	mark, at := loadgen.FindMark(payload, -1)
	if at < 0 || len(payload) < at+StampSize {
		return s, false
	}
	r := reader{rest: payload[at+loadgen.MarkSize : at+StampSize]}
	s.Mark = mark
	s.Sent = time.Duration(r.number(sentWord, timeDigits))
	s.Certain = uint32(r.number(certainWord, seqDigits))
	s.CertainSent = time.Duration(r.number(whenWord, timeDigits))
	return s, !r.broken
}

// reader takes a stamp apart.
type reader struct {
	rest   []byte
	broken bool
}

func (r *reader) number(word string, width int) (v uint64) {
	rest, found := bytes.CutPrefix(r.rest, []byte(word))
	if !found || len(rest) < width {
		r.broken = true
		return 0
	}
	for _, c := range rest[:width] {
		if c < '0' || c > '9' {
			r.broken = true
		}
		v = v*10 + uint64(c-'0')
	}
	r.rest = rest[width:]
	return v
}
