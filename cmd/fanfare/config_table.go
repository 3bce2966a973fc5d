package main

import (
	"fmt"
	"io"
	"strings"

	"fanfare/channels/apps"
)

// configKey is one key as documents show it.
type configKey struct {
	heading string // of the table that begins here, else empty
	intro   string // of that table
	name    string // within its table
	flag    string // empty: none
	env     string
	kind    string
	def     string
	allowed string
	doc     string
}

// configKeys lists every key of every table, in the order of config.go.
func configKeys() []configKey {
	list := keysFrom(settingsOf(&Config{}), "[%s]", "")
	return append(list, keysFrom(settingsOf(&App{}), "[[%s]]", "app-")...)
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
	if k.flag == "" {
		return []string{k.env}
	}
	return []string{k.flag, k.env}
}

// writeConfigTable prints the README's tables of settings, as Markdown. A
// test holds the README to it.
func writeConfigTable(w io.Writer) error {
	var b strings.Builder
	for _, k := range configKeys() {
		if k.heading != "" {
			fmt.Fprintf(&b, "\n**`%s`** %s\n\n| Key | Default | Effect | Other names |\n|---|---|---|---|\n", k.heading, tableIntro(k.intro))
		}
		names := "`" + strings.Join(k.otherNames(), "` `") + "`"
		effect := strings.TrimSpace(k.doc + " " + k.allowed)
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", k.name, codeUnlessWord(k.def), markdown(effect), names)
	}
	_, err := io.WriteString(w, strings.TrimPrefix(b.String(), "\n"))
	return err
}

// tableIntro drops "Server is the [server] table: " from a type's comment.
func tableIntro(doc string) string {
	if _, rest, ok := strings.Cut(doc, ": "); ok {
		doc = rest
	} else if _, rest, ok := strings.Cut(doc, ". "); ok {
		doc = rest
	}
	return markdown(strings.ToUpper(doc[:1]) + doc[1:])
}

func codeUnlessWord(def string) string {
	if def == "required" {
		return def
	}
	value, hosted, ok := strings.Cut(def, " (")
	if !ok {
		return "`" + value + "`"
	}
	return "`" + value + "` (" + hosted
}

// markdown escapes what Markdown would take for emphasis or a column.
func markdown(text string) string {
	return strings.NewReplacer("*", `\*`, "|", `\|`, "_", `\_`).Replace(text)
}
