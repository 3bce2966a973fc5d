package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// tables is a list of tables within a table: an app's [[apps.slow]].
type tables struct {
	key   string        // "slow"
	field reflect.Value // the slice
}

// tablesOf gives the lists of tables in the struct that ptr points to.
func tablesOf(ptr any) []tables {
	var lists []tables
	v := reflect.ValueOf(ptr).Elem()
	for i := range v.NumField() {
		if f := v.Type().Field(i); isTables(f.Type) {
			lists = append(lists, tables{key: f.Tag.Get("key"), field: v.Field(i)})
		}
	}
	return lists
}

func isTables(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct
}

// header begins one of the tables in a file.
func (t tables) header() string { return "[[apps." + t.key + "]]" }

// doc is the comment of the tables' type.
func (t tables) doc() string { return fieldDocs()[t.field.Type().Elem().Name()] }

// settings lists the keys of the j-th table.
func (t tables) settings(j int) []setting {
	return settingsOf(t.field.Index(j).Addr().Interface())
}

// blank lists the keys of a table that is in no list.
func (t tables) blank() []setting { return settingsOf(reflect.New(t.field.Type().Elem()).Interface()) }

// path is what precedes the keys of the j-th table.
func (t tables) path(j int) string { return t.key + "[" + strconv.Itoa(j) + "]." }

// owns tells whether a path is one of a key in these tables.
func (t tables) owns(path string) bool { return strings.HasPrefix(path, t.key+"[") }

// fill makes the tables that were given, each with its defaults, and notes
// where their values came from.
func (t tables) fill(given [][]assignment, note func(path, origin string)) error {
	t.field.Set(reflect.MakeSlice(t.field.Type(), len(given), len(given)))
	var errs []error
	for j, values := range given {
		errs = append(errs, assign(t.settings(j), "", values, func(path, origin string) { note(t.path(j)+path, origin) }))
	}
	return errors.Join(errs...)
}

// take takes the values of these tables out of an app's, by table and with the
// paths within one. A later source replaces all of an earlier one's tables.
func (t tables) take(draft []assignment) (rest []assignment, given [][]assignment) {
	origin := ""
	for _, a := range draft {
		if !t.owns(a.path) {
			rest = append(rest, a)
			continue
		}
		if a.origin != origin {
			origin, given = a.origin, nil
		}
		index, path, _ := strings.Cut(strings.TrimPrefix(a.path, t.key+"["), "].")
		j, err := strconv.Atoi(index)
		if err != nil {
			panic(err) // paths are made by path
		}
		for len(given) <= j {
			given = append(given, nil)
		}
		a.path = path
		given[j] = append(given[j], a)
	}
	return rest, given
}

// read lists the values of the tables that a file has under the key.
func (t tables) read(f *fileReader, list []map[string]any, at string) []assignment {
	var values []assignment
	for j, table := range list {
		for _, a := range f.flatten(table, at+t.path(j), "", pathsOf(t.blank())) {
			a.path = t.path(j) + a.path
			values = append(values, a)
		}
	}
	return values
}

// listFromText reads what a variable or --set says of a whole list.
func listFromText(key, name, text string) ([]assignment, error) {
	switch key {
	case "slow":
		return slowFromText(name, text)
	case "webhooks":
		return webhooksFromText(name, text)
	}
	return nil, fmt.Errorf("%s: %s are written by `fanfare app rotate`", name, key)
}

// listKeys are the lists that have a variable.
var listKeys = []string{"slow", "webhooks"}

// listByEnv is the key of the list that a variable describes, "" for none.
func listByEnv(name string) string {
	i := slices.IndexFunc(listKeys, func(key string) bool { return envList(key) == name })
	if i < 0 {
		return ""
	}
	return listKeys[i]
}

func envList(key string) string { return envName("app-" + key) }
