package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Mask stands for a secret wherever one might be read by others.
const (
	Mask         = "********"
	secretPath   = "secret"       // of an app, and of a former secret
	headersPath  = "headers"      // of a webhook: some endpoints want a token
	databasePath = "database.url" // which has a password in it
)

// isSecretPath tells whether errors must not repeat the value of a key.
func isSecretPath(path string) bool {
	return path == secretPath || path == headersPath || path == databasePath
}

// Print writes the configuration in force as a fanfare.toml, each value with
// its origin, secrets masked.
func (l *Loaded) Print(w io.Writer) error {
	var p printer
	p.settings("", settingsOf(&l.Config), func(path string) string { return l.origin(path) })
	for i := range l.Apps {
		p.app(l, i)
	}
	_, err := w.Write(p.buf.Bytes())
	return err
}

// PrintApp writes the i-th app as print does, its secrets as they are if asked for.
func (l *Loaded) PrintApp(w io.Writer, i int, secrets bool) error {
	p := printer{secrets: secrets}
	p.app(l, i)
	_, err := w.Write(p.buf.Bytes())
	return err
}

// printer writes tables of settings.
type printer struct {
	buf     bytes.Buffer
	table   string
	secrets bool // are written as they are
}

func (p *printer) app(l *Loaded, i int) {
	p.open("[[apps]]")
	p.settings("apps.", settingsOf(&l.Apps[i]), func(path string) string { return l.origin(AppPath(i) + path) })
	for _, t := range tablesOf(&l.Apps[i]) {
		for j := range t.field.Len() {
			p.open(t.header())
			p.settings("", t.settings(j), func(path string) string { return l.origin(AppPath(i) + t.path(j) + path) })
		}
	}
}

func (p *printer) open(header string) {
	if p.buf.Len() > 0 {
		p.buf.WriteByte('\n')
	}
	p.buf.WriteString(header + "\n")
	p.table = ""
}

func (p *printer) settings(prefix string, list []setting, origin func(path string) string) {
	for _, s := range list {
		if t := s.table(); t != p.table {
			p.open("[" + prefix + t + "]")
			p.table = t
		}
		key := s.path[strings.LastIndexByte(s.path, '.')+1:]
		value := s.shown()
		if p.secrets {
			value = s.toml()
		}
		line := key + " = " + value
		fmt.Fprintf(&p.buf, "%-42s # %s\n", line, origin(s.path))
	}
}

// shown is the value for other people's eyes.
func (s setting) shown() string {
	switch s.path {
	case secretPath:
		return Quote(Mask)
	case databasePath:
		if s.text() != "" {
			return Quote(Mask)
		}
	case headersPath:
		return tomlTable(s.masked())
	}
	return s.toml()
}

// masked is a table without its values.
func (s setting) masked() map[string]string {
	masked := make(map[string]string)
	for _, name := range s.field.MapKeys() {
		masked[name.String()] = Mask
	}
	return masked
}

// Quote writes a TOML basic string. JSON's escapes are a subset of TOML's.
func Quote(text string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		panic(err) // a string always encodes
	}
	return strings.TrimSuffix(b.String(), "\n")
}
