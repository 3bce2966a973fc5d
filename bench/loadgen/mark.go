package loadgen

import "bytes"

// Mark numbers a message: it travels inside the event's data, as
// "seq=0000003.0000000042", and is found again in whatever frame a server
// makes of it.
type Mark struct {
	Source int    // whose number it is: a publisher's or a channel's, 0..MaxSource
	Seq    uint32 // from 0 up, for each source
}

const (
	markPrefix = "seq="
	// MarkSize is the length of a mark in bytes.
	MarkSize = len(markPrefix) + sourceDigits + 1 + 10
	// MaxSource is the largest source.
	MaxSource = 9_999_999

	sourceDigits = 7
)

// AppendMark appends m in MarkSize bytes that no JSON encoder escapes.
func AppendMark(dst []byte, m Mark) []byte {
	dst = append(dst, markPrefix...)
	dst = appendDigits(dst, uint64(m.Source), sourceDigits)
	dst = append(dst, '.')
	return appendDigits(dst, uint64(m.Seq), 10)
}

func appendDigits(dst []byte, v uint64, width int) []byte {
	for range width {
		dst = append(dst, '0')
	}
	for i := len(dst) - 1; width > 0; i, width = i-1, width-1 {
		dst[i] = '0' + byte(v%10)
		v /= 10
	}
	return dst
}

// FindMark looks for the mark in a payload, first at offset hint, where the
// last one was. It returns the mark's offset, -1 when there is none.
func FindMark(payload []byte, hint int) (Mark, int) {
	at := hint
	if !hasMark(payload, at) {
		at = bytes.Index(payload, []byte(markPrefix))
		if at < 0 || at+MarkSize > len(payload) {
			return Mark{}, -1
		}
	}
	b := payload[at+len(markPrefix) : at+MarkSize]
	source, ok1 := digits(b[:sourceDigits])
	seq, ok2 := digits(b[sourceDigits+1:])
	if !ok1 || !ok2 || b[sourceDigits] != '.' || seq > 1<<32-1 {
		return Mark{}, -1
	}
	return Mark{int(source), uint32(seq)}, at
}

func hasMark(payload []byte, at int) bool {
	return at >= 0 && at+MarkSize <= len(payload) && string(payload[at:at+len(markPrefix)]) == markPrefix
}

func digits(b []byte) (v uint64, ok bool) {
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + uint64(c-'0')
	}
	return v, true
}
