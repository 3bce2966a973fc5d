// Package term writes text for people: colours where a terminal has them, lines
// of its width, and words of others made harmless.
package term

import (
	"io"
	"os"
	"strings"
	"unicode"
)

// Style paints text for a terminal. The zero style leaves it as it is.
type Style struct{ Colours bool }

// StyleOf paints only where a person looks, and not when NO_COLOR is set
// (no-color.org) or the terminal has no colours.
func StyleOf(w io.Writer, getenv func(name string) string) Style {
	dumb := getenv("NO_COLOR") != "" || getenv("TERM") == "dumb"
	return Style{Colours: IsTerminal(w) && !dumb}
}

// Bold paints text.
func (s Style) Bold(text string) string { return s.paint("1", text) }

// Dim paints text.
func (s Style) Dim(text string) string { return s.paint("2", text) }

// Red paints text.
func (s Style) Red(text string) string { return s.paint("31", text) }

// Green paints text.
func (s Style) Green(text string) string { return s.paint("32", text) }

// Cyan paints text.
func (s Style) Cyan(text string) string { return s.paint("36", text) }

func (s Style) paint(code, text string) string {
	if !s.Colours {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// IsTerminal tells a terminal from a file, a pipe, and /dev/null, which is a
// character device as well.
func IsTerminal(w any) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

// Printable makes text from others fit one line of a terminal: what could move
// the cursor, or end the line, is written as an escape.
func Printable(text string) string {
	if strings.IndexFunc(text, unicode.IsControl) < 0 {
		return strings.ToValidUTF8(text, "\uFFFD")
	}
	var b strings.Builder
	for _, r := range text {
		if unicode.IsControl(r) {
			b.WriteString(escape(r))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func escape(r rune) string {
	switch r {
	case '\n':
		return `\n`
	case '\r':
		return `\r`
	case '\t':
		return `\t`
	}
	const hex = "0123456789abcdef"
	return `\u00` + string(hex[r>>4&15]) + string(hex[r&15]) // all control characters are below U+00A0
}

// ShellQuote makes text one word of a POSIX shell.
func ShellQuote(text string) string {
	safe := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_-./:@%+=,", r)
	}
	if text != "" && strings.IndexFunc(text, func(r rune) bool { return !safe(r) }) < 0 {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
