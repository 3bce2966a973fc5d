package config

import (
	"io"

	"fanfare/cmd/fanfare/config/setting"
)

// Print writes the configuration in force as a fanfare.toml, each value with
// its origin, secrets masked.
func (l *Loaded) Print(w io.Writer) error {
	var p setting.Printer
	for _, s := range setting.Sections("", &l.Config) {
		if s.Name != "apps" { // whose tables have tables of their own
			p.Print(s, func(path string) string { return l.origin(s.At + path) })
		}
	}
	for i := range l.Apps {
		l.printApp(&p, i)
	}
	_, err := p.WriteTo(w)
	return err
}

// PrintApp writes the i-th app as Print does, its secrets as they are if asked for.
func (l *Loaded) PrintApp(w io.Writer, i int, secrets bool) error {
	p := setting.Printer{Secrets: secrets}
	l.printApp(&p, i)
	_, err := p.WriteTo(w)
	return err
}

func (l *Loaded) printApp(p *setting.Printer, i int) {
	for _, s := range setting.Sections("apps", &l.Apps[i]) {
		p.Print(s, func(path string) string { return l.origin(AppPath(i) + s.At + path) })
	}
}

// AppJSON is an app as an object with the keys of a file, and "from".
func (l *Loaded) AppJSON(i int, secrets bool) map[string]any {
	object := setting.JSON(&l.Apps[i], secrets)
	object["from"] = l.From(i)
	return object
}
