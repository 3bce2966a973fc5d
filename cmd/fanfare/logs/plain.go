package logs

import (
	"io"
	"log/slog"
	"strconv"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// maxValue bounds one value in bytes. Stacks are the longest that we write
// ourselves.
const maxValue = 8 << 10

// cut shortens long values. It is a slog.HandlerOptions.ReplaceAttr.
func cut(_ []string, a slog.Attr) slog.Attr {
	switch v := a.Value; v.Kind() {
	case slog.KindString:
		if s := v.String(); len(s) > maxValue {
			a.Value = slog.StringValue(shortened(s))
		}
	case slog.KindAny:
		if err, ok := v.Any().(error); ok {
			a.Value = slog.StringValue(shortened(err.Error()))
		}
	default:
	}
	return a
}

// shortened gives the beginning of a long text, cut between characters, and
// says how much is missing.
func shortened(s string) string {
	if len(s) <= maxValue {
		return s
	}
	end := maxValue
	for end > maxValue-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "... (" + strconv.Itoa(len(s)-end) + " bytes more)"
}

// plain writes lines without what a terminal might obey. In both of slog's
// formats such characters are within quotes, where \u means the same.
type plain struct{ to io.Writer }

// Write implements io.Writer for one line.
func (p plain) Write(line []byte) (int, error) {
	if harmless(line) {
		return p.to.Write(line)
	}
	clean := make([]byte, 0, len(line)+64)
	for rest := line; len(rest) > 0; {
		r, n := utf8.DecodeRune(rest)
		switch {
		case r == '\n' || isPlain(r, n):
			clean = append(clean, rest[:n]...)
		default:
			clean = appendEscaped(clean, r)
		}
		rest = rest[n:]
	}
	if _, err := p.to.Write(clean); err != nil {
		return 0, err
	}
	return len(line), nil
}

// harmless tells whether a line is printable ASCII, as nearly all are.
func harmless(line []byte) bool {
	for _, b := range line {
		if b >= 0x7f || b < ' ' && b != '\n' {
			return false
		}
	}
	return true
}

// isPlain tells of a decoded character whether it may stay; a broken one is one
// byte wide.
func isPlain(r rune, n int) bool { return unicode.IsPrint(r) && (r != utf8.RuneError || n > 1) }

func appendEscaped(dst []byte, r rune) []byte {
	if r > 0xffff {
		high, low := utf16.EncodeRune(r)
		return appendEscaped(appendEscaped(dst, high), low)
	}
	const digits = "0123456789abcdef"
	return append(dst, '\\', 'u', digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15])
}
