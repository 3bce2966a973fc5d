package setting

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// auto is the written form of a zero value that the server works out itself.
const auto = "auto"

// Setting is one key, bound to its field.
type Setting struct {
	Path string // within the struct that Of was given: "server.port", "limit.event_data"

	owner reflect.Type // the struct that has the field
	field reflect.StructField
	value reflect.Value
}

// Of lists the keys of the struct that ptr points to, in its order, those of the
// tables in it included. Lists of tables are left out: each of their tables has
// settings of its own.
func Of(ptr any) []Setting {
	return appendSettings(nil, "", reflect.ValueOf(ptr).Elem())
}

func appendSettings(list []Setting, prefix string, v reflect.Value) []Setting {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		path := prefix + f.Tag.Get("key")
		switch {
		case isTable(f.Type):
			list = appendSettings(list, path+".", v.Field(i))
		case isTables(f.Type):
		default:
			list = append(list, Setting{Path: path, owner: v.Type(), field: f, value: v.Field(i)})
		}
	}
	return list
}

// Find gives the setting with that path.
func Find(list []Setting, path string) (s Setting, ok bool) {
	i := slices.IndexFunc(list, func(s Setting) bool { return s.Path == path })
	if i < 0 {
		return Setting{}, false
	}
	return list[i], true
}

// Field names the field as Go does: "Server.Port".
func (s Setting) Field() string { return s.owner.Name() + "." + s.field.Name }

// Table is the path without its last part: "server".
func (s Setting) Table() string {
	return s.Path[:max(0, strings.LastIndexByte(s.Path, '.'))]
}

// Name is the last part of the path: "port".
func (s Setting) Name() string {
	return s.Path[strings.LastIndexByte(s.Path, '.')+1:]
}

// Kind names what the value is: text, number, bool, bytes, seconds, list, table or
// time.
func (s Setting) Kind() string { return kindOf(s.field.Type) }

// IsRequired tells whether there is no default.
func (s Setting) IsRequired() bool {
	_, ok := s.field.Tag.Lookup("default")
	return !ok
}

// IsSecret tells whether the value is not for everybody's eyes.
func (s Setting) IsSecret() bool { return s.field.Tag.Get("secret") != "" && !s.hasSecretQuery() }

// hasSecretQuery tells whether the value is a URL whose query is.
func (s Setting) hasSecretQuery() bool { return s.field.Tag.Get("secret") == "query" }

// Choices are the values that a text may have, nil for any.
func (s Setting) Choices() []string {
	if list := s.field.Tag.Get("oneof"); list != "" {
		return strings.Fields(list)
	}
	return nil
}

// unbounded ends a range that only catches slips.
const unbounded = "100000000"

// Allowed says which values are taken, in a sentence; empty for any.
func (s Setting) Allowed() string {
	if choices := s.Choices(); choices != nil {
		return "One of " + strings.Join(choices, ", ") + "."
	}
	from, to, ok := strings.Cut(s.field.Tag.Get("range"), "..")
	if !ok || to == unbounded {
		return ""
	}
	return fmt.Sprintf("From %s to %s.", from, to)
}

// Default is the default as a variable has it, with the preset's if that has one.
func (s Setting) Default(preset string) string {
	if text := s.field.Tag.Get(preset); text != "" {
		return text
	}
	return s.field.Tag.Get("default")
}

// setDefault leaves a field as it is that is required and takes no empty text.
func (s Setting) setDefault(preset string) {
	if err := s.Set(s.Default(preset)); err != nil && s.field.Tag.Get("default") != "" {
		panic(fmt.Sprintf("setting: default of %s: want %v", s.Path, err))
	}
}

// hasAuto tells whether the zero value is written as auto. A text's auto is a
// value like any other.
func (s Setting) hasAuto() bool {
	return s.field.Tag.Get("default") == auto && s.field.Type.Kind() != reflect.String
}

// Text is the value as a variable has it, secret or not.
func (s Setting) Text() string {
	if s.hasAuto() && s.value.IsZero() {
		return auto
	}
	return formatValue(s.value)
}

// Set parses text into the field. Its errors say what would be right, and nothing
// else: "a number from 0 to 65535".
func (s Setting) Set(text string) error {
	if s.hasAuto() && text == auto {
		s.value.SetZero()
		return nil
	}
	v, err := parseValue(s.field.Type, text)
	if err == nil {
		err = s.check(v)
	}
	if err != nil {
		return s.orAuto(err)
	}
	s.value.Set(reflect.ValueOf(v))
	return nil
}

func (s Setting) orAuto(err error) error {
	if s.hasAuto() {
		return fmt.Errorf("%w, or %q", err, auto)
	}
	return err
}

func (s Setting) check(v any) error {
	if choices := s.Choices(); choices != nil && !slices.Contains(choices, v.(string)) {
		return fmt.Errorf("one of %s", strings.Join(choices, ", "))
	}
	from, to, ok := strings.Cut(s.field.Tag.Get("range"), "..")
	if !ok {
		return nil
	}
	if m := magnitude(v); m < s.bound(from) || m > s.bound(to) {
		return fmt.Errorf("%s from %s to %s", s.article(), from, to)
	}
	return nil
}

func (s Setting) bound(text string) float64 {
	v, err := parseValue(s.field.Type, text)
	if err != nil {
		panic(fmt.Sprintf("setting: range of %s: %v", s.Path, err))
	}
	return magnitude(v)
}

// article is the kind, as a sentence begins with it.
func (s Setting) article() string {
	if s.Kind() == "number" {
		return "a number"
	}
	return s.Kind()
}
