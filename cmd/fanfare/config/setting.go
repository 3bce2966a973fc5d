package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"fanfare/channels/apps"
)

// auto is the written form of a zero value that the server works out itself.
const auto = "auto"

// setting is one key of the configuration, bound to its field in a Config or
// App.
type setting struct {
	path  string // within the file: "server.port", "limit.event_data"
	doc   string // comment of the field
	tag   reflect.StructTag
	field reflect.Value
}

// settingsOf lists the keys of the struct that ptr points to, in its order.
// Lists of tables ([[apps]]) are left out: each has settings of its own.
func settingsOf(ptr any) []setting {
	return appendSettings(nil, "", reflect.ValueOf(ptr).Elem())
}

func appendSettings(list []setting, prefix string, v reflect.Value) []setting {
	docs := fieldDocs()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		path := prefix + f.Tag.Get("key")
		switch {
		case f.Type.Kind() == reflect.Struct && f.Type != reflect.TypeFor[time.Time]():
			list = appendSettings(list, path+".", v.Field(i))
		case isTables(f.Type):
		default:
			doc := docs[v.Type().Name()+"."+f.Name]
			list = append(list, setting{path: path, doc: doc, tag: f.Tag, field: v.Field(i)})
		}
	}
	return list
}

// ChangedKeys lists the keys outside [[apps]] whose values differ.
func ChangedKeys(before, now *Config) []string {
	var keys []string
	other := settingsOf(now)
	for i, s := range settingsOf(before) {
		if s.text() != other[i].text() {
			keys = append(keys, s.path)
		}
	}
	return keys
}

// table is the path without its last part: "server".
func (s setting) table() string {
	return s.path[:max(0, strings.LastIndexByte(s.path, '.'))]
}

// flag is the name of the command-line flag: [server]'s keys bare, others
// with their table in front.
func (s setting) flag() string {
	name := strings.TrimPrefix(s.path, "server.")
	return strings.NewReplacer(".", "-", "_", "-").Replace(name)
}

// envName is the variable that stands for a flag.
func envName(flag string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

func (s setting) isBool() bool { return s.field.Kind() == reflect.Bool }

// hasAuto tells whether the zero value is written as auto. A text's auto is a
// value like any other.
func (s setting) hasAuto() bool {
	return s.tag.Get("default") == auto && s.field.Kind() != reflect.String
}

// defaultText is the default as it would be written, under the set of limits
// named by preset.
func (s setting) defaultText(preset string) string {
	if hosted := s.tag.Get(apps.PresetPusher); hosted != "" && preset == apps.PresetPusher {
		return hosted
	}
	return s.tag.Get("default")
}

func (s setting) setDefault(preset string) {
	if err := s.set(s.defaultText(preset)); err != nil && s.tag.Get("default") != "" {
		panic(fmt.Sprintf("config: default of %s: want %v", s.path, err))
	}
}

// text is the value as it would be written in an environment variable.
func (s setting) text() string {
	if s.hasAuto() && s.field.IsZero() {
		return auto
	}
	return formatValue(s.field)
}

// set parses text into the field. Its errors say what would be right.
func (s setting) set(text string) error {
	if s.hasAuto() && text == auto {
		s.field.SetZero()
		return nil
	}
	v, err := parseValue(s.field.Type(), text)
	if err == nil {
		err = s.check(v)
	}
	if err != nil {
		return s.orAuto(err)
	}
	s.field.Set(reflect.ValueOf(v))
	return nil
}

func (s setting) orAuto(err error) error {
	if s.hasAuto() {
		return fmt.Errorf("%w, or %q", err, auto)
	}
	return err
}

// setTOML is set for a value that a TOML file gave.
func (s setting) setTOML(v any) error {
	isText := s.field.Kind() == reflect.String
	isList := s.field.Kind() == reflect.Slice
	text, ok := v.(string)
	switch {
	case isList:
		return s.setList(v)
	case s.kind() == "table":
		return s.setTable(v)
	case s.kind() == "time":
		return s.setTime(v)
	case isText && !ok:
		return errNotText
	case ok:
		return s.set(text)
	}
	return s.set(fmt.Sprint(v))
}

func (s setting) setList(v any) error {
	items, ok := v.([]any)
	if !ok {
		return errNotList
	}
	var list []string
	for _, item := range items {
		text, ok := item.(string)
		if !ok {
			return errNotList
		}
		list = append(list, text)
	}
	s.field.Set(reflect.ValueOf(list))
	return nil
}

func (s setting) setTable(v any) error {
	items, ok := v.(map[string]any)
	if !ok {
		return errNotTable
	}
	table := make(map[string]string, len(items))
	for name, item := range items {
		if table[name], ok = item.(string); !ok {
			return errNotTable
		}
	}
	s.field.Set(reflect.ValueOf(table))
	return nil
}

func (s setting) setTime(v any) error {
	if moment, ok := v.(time.Time); ok {
		s.field.Set(reflect.ValueOf(moment.UTC()))
		return nil
	}
	return s.set(fmt.Sprint(v))
}

func (s setting) check(v any) error {
	if choices := s.choices(); choices != nil && !slices.Contains(choices, v.(string)) {
		return fmt.Errorf("one of %s", strings.Join(choices, ", "))
	}
	from, to, ok := strings.Cut(s.tag.Get("range"), "..")
	if !ok {
		return nil
	}
	if m := magnitude(v); m < s.bound(from) || m > s.bound(to) {
		return fmt.Errorf("%s from %s to %s", s.article(), from, to)
	}
	return nil
}

func (s setting) choices() []string {
	if list := s.tag.Get("oneof"); list != "" {
		return strings.Fields(list)
	}
	return nil
}

func (s setting) bound(text string) float64 {
	v, err := parseValue(s.field.Type(), text)
	if err != nil {
		panic(fmt.Sprintf("config: range of %s: %v", s.path, err))
	}
	return magnitude(v)
}

// kind names what the value is, in errors and in the README.
func (s setting) kind() string {
	switch s.field.Type().String() {
	case "config.Bytes":
		return "bytes"
	case "time.Duration":
		return "seconds"
	case "[]string":
		return "list"
	case "map[string]string":
		return "table"
	case "time.Time":
		return "time"
	case "int":
		return "number"
	case "bool":
		return "bool"
	}
	return "text"
}

// article is kind, as a sentence begins with it.
func (s setting) article() string {
	if s.kind() == "number" {
		return "a number"
	}
	return s.kind()
}

// toml is the value as it would be written in fanfare.toml.
func (s setting) toml() string { return s.tomlOf(s.text()) }

func (s setting) tomlOf(text string) string {
	switch s.kind() {
	case "list":
		return tomlList(splitList(text))
	case "table":
		table, _ := parseTable(text) // it was made by formatTable
		return tomlTable(table)
	case "text", "bytes":
		if _, err := strconv.Atoi(text); err != nil || s.kind() == "text" {
			return Quote(text)
		}
	}
	if text == auto {
		return Quote(text)
	}
	return text
}

// tomlTable writes an inline table, its keys sorted.
func tomlTable(table map[string]string) string {
	var items []string
	for _, name := range slices.Sorted(maps.Keys(table)) {
		items = append(items, Quote(name)+" = "+Quote(table[name]))
	}
	return "{" + strings.Join(items, ", ") + "}"
}

func tomlList(items []string) string {
	for i, item := range items {
		items[i] = Quote(item)
	}
	return "[" + strings.Join(items, ", ") + "]"
}
