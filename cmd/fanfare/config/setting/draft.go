package setting

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Value is one value that a source gives to a key.
type Value struct {
	Path   string // within the struct: "limit.event_data", "slow[0].age"
	Text   string // as a flag or variable has it
	TOML   any    // as a document has it, else nil
	Origin string // who gives it: --port, FANFARE_PORT, fanfare.toml
	Label  string // how errors name the place: fanfare.toml: server.port = "x"
}

// Given is what a flag, a variable or a word says of the setting.
func (s Setting) Given(name, text string) Value {
	label := name + "=" + text
	if s.IsSecret() || s.hasSecretQuery() {
		label = name
	}
	return Value{Path: s.Path, Text: text, Origin: name, Label: label}
}

// Draft is what sources say of a struct's keys, before it is judged. Of several
// values for one path the last one counts, and of a list of tables those of the last
// source.
type Draft []Value

// Text is the last text given to a path, empty when none is.
func (d Draft) Text(path string) string {
	for _, v := range slices.Backward(d) {
		if text, ok := v.TOML.(string); ok && v.Path == path {
			return text
		}
		if v.Path == path {
			return v.Text
		}
	}
	return ""
}

// Without is a draft that says nothing of a key, be it that of a list of tables.
func (d Draft) Without(key string) Draft {
	return slices.DeleteFunc(slices.Clone(d), func(v Value) bool {
		return v.Path == key || strings.HasPrefix(v.Path, key+"[")
	})
}

// Fill gives the struct that ptr points to what the draft says, and the defaults
// for the rest. note is told the path of each value that was given, and its origin.
// The error has a line for each value that is wrong.
func (d Draft) Fill(ptr any, preset string, note func(path, origin string)) error {
	lists := tablesOf("", ptr)
	given := make([][]Draft, len(lists))
	for k, t := range lists {
		d, given[k] = t.take(d)
	}
	errs := []error{d.assign(Of(ptr), preset, note)}
	for k, t := range lists {
		errs = append(errs, t.fill(given[k], note))
	}
	return errors.Join(errs...)
}

// assign is Fill for keys that are in no list.
func (d Draft) assign(list []Setting, preset string, note func(path, origin string)) error {
	byPath := make(map[string]Setting, len(list))
	for _, s := range list {
		s.setDefault(preset)
		byPath[s.Path] = s
	}
	var errs []error
	for _, v := range d {
		if err := v.apply(byPath[v.Path]); err != nil {
			errs = append(errs, fmt.Errorf("%s: want %w", v.Label, err))
			continue
		}
		note(v.Path, v.Origin)
	}
	return errors.Join(errs...)
}

func (v Value) apply(s Setting) error {
	if v.TOML != nil {
		return s.setTOML(v.TOML)
	}
	return s.Set(v.Text)
}
