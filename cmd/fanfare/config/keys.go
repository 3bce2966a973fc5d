package config

import (
	"fmt"
	"strings"

	"fanfare/channels/apps"
)

// Key is one key as documents show it.
type Key struct {
	Heading string // of the table that begins here, else empty
	Intro   string // of that table
	Name    string // within its table
	Flag    string // --port; empty: none
	Env     string // empty: none
	Kind    string // of value: text, number, bool, bytes, seconds, list, table, time
	Default string // as a file has it
	Plain   string // the default as a flag or variable has it
	Allowed string // a sentence, or empty
	Doc     string
}

// Keys lists every key of every table, in the order of config.go.
func Keys() []Key {
	list := NamedKeys()
	for _, t := range tablesOf(&App{}) {
		list = append(list, t.document()...)
	}
	return list
}

// NamedKeys lists the keys that have a variable or flag of their own.
func NamedKeys() []Key {
	list := keysFrom(settingsOf(&Config{}), "[%s]", "")
	return append(list, keysFrom(settingsOf(&App{}), "[[%s]]", "app-")...)
}

// document lists the keys of the tables, which share one variable.
func (t tables) document() []Key {
	list := keysFrom(t.blank(), "[[%s]]", "app-")
	list[0].Heading, list[0].Intro = t.header(), t.doc()
	for i := range list {
		list[i].Env = ""
	}
	return list
}

func keysFrom(settings []setting, heading, envPrefix string) []Key {
	var list []Key
	last := "none"
	for _, s := range settings {
		k := s.document(envPrefix)
		if t := s.table(); t != last {
			k.Heading, k.Intro = tableHeading(t, heading)
			last = t
		}
		list = append(list, k)
	}
	return list
}

func tableHeading(table, format string) (heading, intro string) {
	docs := fieldDocs()
	switch table {
	case "limit":
		return "[apps.limit]", docs["Limit"]
	case "":
		return fmt.Sprintf(format, "apps"), docs["App"]
	}
	return fmt.Sprintf(format, table), docs[strings.ToUpper(table[:1])+table[1:]]
}

func (s setting) document(envPrefix string) Key {
	k := Key{
		Name:    s.path[strings.LastIndexByte(s.path, '.')+1:],
		Env:     envName(envPrefix + s.flag()),
		Kind:    s.kind(),
		Default: s.tomlOf(s.defaultText(apps.PresetGenerous)),
		Plain:   s.defaultText(""),
		Allowed: s.allowed(),
		Doc:     s.doc,
	}
	if envPrefix == "" {
		k.Flag = "--" + s.flag()
	}
	if hosted := s.defaultText(apps.PresetPusher); hosted != s.tag.Get("default") {
		k.Default += fmt.Sprintf(" (pusher: %s)", s.tomlOf(hosted))
	}
	if _, ok := s.tag.Lookup("default"); !ok {
		k.Default = "required"
	}
	return k
}

// unbounded ends a range that only catches slips.
const unbounded = "100000000"

// allowed says which values are taken.
func (s setting) allowed() string {
	if choices := s.choices(); choices != nil {
		return "One of " + strings.Join(choices, ", ") + "."
	}
	from, to, ok := strings.Cut(s.tag.Get("range"), "..")
	if !ok || to == unbounded {
		return ""
	}
	return fmt.Sprintf("From %s to %s.", from, to)
}

// OtherNames are the flag and the variable, if there are any.
func (k Key) OtherNames() []string {
	if k.Env == "" {
		return nil
	}
	if k.Flag == "" {
		return []string{k.Env}
	}
	return []string{k.Flag, k.Env}
}
