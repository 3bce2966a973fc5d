package reference

import (
	"fmt"
	"slices"
	"strings"

	"fanfare/channels/apps"
	"fanfare/cmd/fanfare/config"
	"fanfare/cmd/fanfare/config/setting"
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

// Keys lists every key of every table, in the order of config.go and config_app.go.
func Keys() []Key {
	list := NamedKeys()
	for _, table := range slices.Concat(setting.Lists("tls", &config.TLS{}), setting.Lists("apps", &config.App{})) {
		list = append(list, listedKeys(table)...)
	}
	return list
}

// NamedKeys lists the keys that have a variable or flag of their own.
func NamedKeys() []Key {
	list := keysFrom(setting.Of(&config.Config{}), "[%s]", "")
	return append(list, keysFrom(setting.Of(&config.App{}), "[[%s]]", "app.")...)
}

// listedKeys lists the keys of tables that share one variable.
func listedKeys(table setting.Section) []Key {
	list := keysFrom(table.Settings, "[[%s]]", "app.")
	list[0].Heading = table.Header()
	for i := range list {
		list[i].Env = ""
	}
	return list
}

func keysFrom(settings []setting.Setting, heading, envPrefix string) []Key {
	var list []Key
	last := "none"
	for _, s := range settings {
		k := keyOf(s, envPrefix)
		if t := s.Table(); t != last {
			typ, _, _ := strings.Cut(s.Field(), ".")
			k.Heading, k.Intro = tableHeading(t, heading), tableIntro(config.Comment(typ))
			last = t
		}
		list = append(list, k)
	}
	return list
}

// tableIntro drops "Server is the [server] table: " from a type's comment.
func tableIntro(doc string) string {
	if _, rest, ok := strings.Cut(doc, ": "); ok {
		doc = rest
	} else if _, rest, ok := strings.Cut(doc, ". "); ok {
		doc = rest
	}
	return strings.ToUpper(doc[:1]) + doc[1:]
}

func tableHeading(table, format string) string {
	switch table {
	case "limit":
		return "[apps.limit]"
	case "":
		return fmt.Sprintf(format, "apps")
	}
	return fmt.Sprintf(format, table)
}

func keyOf(s setting.Setting, envPrefix string) Key {
	k := Key{
		Name:    s.Name(),
		Env:     config.EnvName(envPrefix + s.Path),
		Kind:    s.Kind(),
		Default: s.DefaultTOML(""),
		Plain:   s.Default(""),
		Allowed: s.Allowed(),
		Doc:     config.Comment(s.Field()),
	}
	if envPrefix == "" {
		k.Flag = "--" + config.FlagName(s.Path)
	}
	if hosted := s.DefaultTOML(apps.PresetPusher); hosted != k.Default {
		k.Default += fmt.Sprintf(" (pusher: %s)", hosted)
	}
	if s.IsRequired() {
		k.Default = "required"
	}
	return k
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
