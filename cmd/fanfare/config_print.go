package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// mask stands for a secret wherever one might be read by others.
const (
	mask       = "********"
	secretPath = "secret"
)

// print writes the configuration in force as a fanfare.toml, each value with
// its origin, secrets masked.
func (l *loaded) print(w io.Writer) error {
	var p printer
	p.settings("", settingsOf(&l.Config), func(path string) string { return l.origin(path) })
	for i := range l.Apps {
		p.open("[[apps]]")
		p.settings("apps.", settingsOf(&l.Apps[i]), func(path string) string { return l.origin(appPath(i) + path) })
		for j := range l.Apps[i].Slow {
			p.open("[[apps.slow]]")
			p.settings("", settingsOf(&l.Apps[i].Slow[j]), func(path string) string { return l.origin(appPath(i) + slowPath(j) + path) })
		}
	}
	_, err := w.Write(p.buf.Bytes())
	return err
}

// printer writes tables of settings.
type printer struct {
	buf   bytes.Buffer
	table string
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
		line := key + " = " + s.shown()
		fmt.Fprintf(&p.buf, "%-42s # %s\n", line, origin(s.path))
	}
}

// shown is the value for other people's eyes.
func (s setting) shown() string {
	if s.path == secretPath {
		return quote(mask)
	}
	return s.toml()
}

// quote writes a TOML basic string. JSON's escapes are a subset of TOML's.
func quote(text string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		panic(err) // a string always encodes
	}
	return strings.TrimSuffix(b.String(), "\n")
}
