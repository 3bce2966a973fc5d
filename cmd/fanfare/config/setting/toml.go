package setting

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// setTOML is Set for a value that a TOML or JSON document gave.
func (s Setting) setTOML(v any) error {
	text, isText := v.(string)
	switch kind := s.Kind(); {
	case kind == "list":
		return s.setList(v)
	case kind == "table":
		return s.setTable(v)
	case kind == "time":
		return s.setTime(v)
	case kind == "text" && !isText:
		return errNotText
	case isText:
		return s.Set(text)
	}
	return s.Set(fmt.Sprint(v))
}

func (s Setting) setList(v any) error {
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
	s.value.Set(reflect.ValueOf(list))
	return nil
}

func (s Setting) setTable(v any) error {
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
	s.value.Set(reflect.ValueOf(table))
	return nil
}

func (s Setting) setTime(v any) error {
	if moment, ok := v.(time.Time); ok {
		s.value.Set(reflect.ValueOf(moment.UTC()))
		return nil
	}
	return s.Set(fmt.Sprint(v))
}

// TOML is the value as a file has it, secret or not.
func (s Setting) TOML() string { return s.toml(s.Text()) }

// DefaultTOML is Default as a file has it.
func (s Setting) DefaultTOML(preset string) string { return s.toml(s.Default(preset)) }

func (s Setting) toml(text string) string {
	switch s.Kind() {
	case "list":
		return tomlList(splitList(text))
	case "table":
		table, _ := parseTable(text) // it was made by formatTable
		return tomlTable(table)
	case "text", "bytes":
		if _, err := strconv.Atoi(text); err != nil || s.Kind() == "text" {
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
