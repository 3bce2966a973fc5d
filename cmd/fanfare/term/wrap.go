package term

import "strings"

// width is that of every terminal, at least.
const width = 80

// Wrap writes text in lines of at most width, each after indent.
// Paragraphs stay apart.
func Wrap(b *strings.Builder, indent, text string) {
	for i, paragraph := range strings.Split(text, "\n\n") {
		if i > 0 {
			b.WriteByte('\n')
		}
		line := indent
		for word := range strings.FieldsSeq(paragraph) {
			if len(line)+len(word)+1 > width && line != indent {
				b.WriteString(strings.TrimRight(line, " ") + "\n")
				line = indent
			}
			line += word + " "
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}
