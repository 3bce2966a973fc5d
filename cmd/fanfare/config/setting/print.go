package setting

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// Mask stands for a secret wherever one might be read by others.
const Mask = "********"

// Printer writes settings as a file has them, each with a remark where its value
// came from.
type Printer struct {
	Secrets bool // are written as they are, not masked

	buf   bytes.Buffer
	table string
}

// WriteTo writes what was printed.
func (p *Printer) WriteTo(w io.Writer) (int64, error) { return p.buf.WriteTo(w) }

// Print writes a section, and the tables in it. The settings of a section without a
// name stand at the top of the file. origin tells where the value of a path within
// the section came from.
func (p *Printer) Print(s Section, origin func(path string) string) {
	prefix := ""
	if s.Name != "" {
		p.open(s.Header())
		prefix = s.Name + "."
	}
	for _, key := range s.Settings {
		if t := key.Table(); t != p.table {
			p.open("[" + prefix + t + "]")
			p.table = t
		}
		value := key.shown()
		if p.Secrets {
			value = key.TOML()
		}
		fmt.Fprintf(&p.buf, "%-42s # %s\n", key.Name()+" = "+value, origin(key.Path))
	}
}

func (p *Printer) open(header string) {
	if p.buf.Len() > 0 {
		p.buf.WriteByte('\n')
	}
	p.buf.WriteString(header + "\n")
	p.table = ""
}

// shown is the value for other people's eyes. That there is none is no secret.
func (s Setting) shown() string {
	switch {
	case s.IsSecret() && s.Kind() == "table":
		return tomlTable(s.masked())
	case s.IsSecret() && s.Text() != "":
		return Quote(Mask)
	case s.hasSecretQuery():
		return Quote(withoutQuery(s.Text()))
	}
	return s.TOML()
}

// withoutQuery is a URL with its query masked.
func withoutQuery(text string) string {
	if before, _, ok := strings.Cut(text, "?"); ok {
		return before + "?" + Mask
	}
	return text
}

// masked is a table without its values.
func (s Setting) masked() map[string]string {
	masked := make(map[string]string)
	for _, name := range s.value.MapKeys() {
		masked[name.String()] = Mask
	}
	return masked
}
