package main

import (
	"fmt"
	"strings"

	"fanfare/channels/apps"
)

// configKey is one key as documents show it.
type configKey struct {
	heading string // of the table that begins here, else empty
	intro   string // of that table
	name    string // within its table
	flag    string // empty: none
	env     string // empty: none
	kind    string
	def     string
	allowed string
	doc     string
}

// configKeys lists every key of every table, in the order of config.go.
func configKeys() []configKey {
	list := namedKeys()
	for _, t := range tablesOf(&App{}) {
		list = append(list, t.document()...)
	}
	return list
}

// namedKeys lists the keys that have a variable or flag of their own.
func namedKeys() []configKey {
	list := keysFrom(settingsOf(&Config{}), "[%s]", "")
	return append(list, keysFrom(settingsOf(&App{}), "[[%s]]", "app-")...)
}

// document lists the keys of the tables, which share one variable.
func (t tables) document() []configKey {
	list := keysFrom(t.blank(), "[[%s]]", "app-")
	list[0].heading, list[0].intro = t.header(), t.doc()
	for i := range list {
		list[i].env = ""
	}
	return list
}

func keysFrom(settings []setting, heading, envPrefix string) []configKey {
	var list []configKey
	last := "none"
	for _, s := range settings {
		k := s.document(envPrefix)
		if t := s.table(); t != last {
			k.heading, k.intro = tableHeading(t, heading)
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

func (s setting) document(envPrefix string) configKey {
	k := configKey{
		name:    s.path[strings.LastIndexByte(s.path, '.')+1:],
		env:     envName(envPrefix + s.flag()),
		kind:    s.kind(),
		def:     s.tomlOf(s.defaultText(apps.PresetGenerous)),
		allowed: s.allowed(),
		doc:     s.doc,
	}
	if envPrefix == "" {
		k.flag = "--" + s.flag()
	}
	if hosted := s.defaultText(apps.PresetPusher); hosted != s.tag.Get("default") {
		k.def += fmt.Sprintf(" (pusher: %s)", s.tomlOf(hosted))
	}
	if _, ok := s.tag.Lookup("default"); !ok {
		k.def = "required"
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

func (k configKey) otherNames() []string {
	if k.env == "" {
		return nil
	}
	if k.flag == "" {
		return []string{k.env}
	}
	return []string{k.flag, k.env}
}
