package setting

import (
	"errors"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// tables is a list of tables within a table: an app's [[apps.slow]], or one that is
// further down, [[tls.certificates]] of the whole.
type tables struct {
	name  string        // in full: "apps.slow", "tls.certificates"
	key   string        // within the struct: "slow", "tls.certificates"
	field reflect.Value // the slice
}

// tablesOf gives the lists of tables in the struct that ptr points to, which files
// call name.
func tablesOf(name string, ptr any) []tables {
	prefix := ""
	if name != "" {
		prefix = name + "."
	}
	return appendTables(nil, prefix, "", reflect.ValueOf(ptr).Elem())
}

func appendTables(lists []tables, name, prefix string, v reflect.Value) []tables {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		key := prefix + f.Tag.Get("key")
		switch {
		case isTables(f.Type):
			lists = append(lists, tables{name: name + key, key: key, field: v.Field(i)})
		case isTable(f.Type):
			lists = appendTables(lists, name, key+".", v.Field(i))
		}
	}
	return lists
}

func isTable(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t != reflect.TypeFor[time.Time]()
}

func isTables(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct
}

// settings lists the keys of the j-th table.
func (t tables) settings(j int) []Setting {
	return Of(t.field.Index(j).Addr().Interface())
}

// blank lists the keys of a table that is in no list.
func (t tables) blank() []Setting { return Of(reflect.New(t.field.Type().Elem()).Interface()) }

// path is what precedes the keys of the j-th table.
func (t tables) path(j int) string { return t.key + "[" + strconv.Itoa(j) + "]." }

// owns tells whether a path is one of a key in these tables.
func (t tables) owns(path string) bool { return strings.HasPrefix(path, t.key+"[") }

// fill makes the tables that were given, each with its defaults, and notes
// where their values came from.
func (t tables) fill(given []Draft, note func(path, origin string)) error {
	t.field.Set(reflect.MakeSlice(t.field.Type(), len(given), len(given)))
	var errs []error
	for j, d := range given {
		errs = append(errs, d.assign(t.settings(j), "", func(path, origin string) { note(t.path(j)+path, origin) }))
	}
	return errors.Join(errs...)
}

// take takes the values of these tables out of a draft, by table and with the
// paths within one. A later source replaces all of an earlier one's tables.
func (t tables) take(draft Draft) (rest Draft, given []Draft) {
	origin := ""
	for _, v := range draft {
		if !t.owns(v.Path) {
			rest = append(rest, v)
			continue
		}
		if v.Origin != origin {
			origin, given = v.Origin, nil
		}
		index, path, _ := strings.Cut(strings.TrimPrefix(v.Path, t.key+"["), "].")
		j, err := strconv.Atoi(index)
		if err != nil {
			panic(err) // paths are made by path
		}
		for len(given) <= j {
			given = append(given, nil)
		}
		v.Path = path
		given[j] = append(given[j], v)
	}
	return rest, given
}

// Section is one table of a file.
type Section struct {
	Name     string // "apps", "apps.slow"
	At       string // what precedes the paths of its settings: "", "slow[0]."
	Settings []Setting
}

// Header begins the table in a file, as one of a list.
func (s Section) Header() string { return "[[" + s.Name + "]]" }

// Sections are the struct that ptr points to, which files call name, and all the
// tables in its lists.
func Sections(name string, ptr any) []Section {
	list := []Section{{Name: name, Settings: Of(ptr)}}
	for _, t := range tablesOf(name, ptr) {
		for j := range t.field.Len() {
			list = append(list, Section{Name: t.name, At: t.path(j), Settings: t.settings(j)})
		}
	}
	return list
}

// Lists are one blank table of each list in the struct that ptr points to.
func Lists(name string, ptr any) []Section {
	var list []Section
	for _, t := range tablesOf(name, ptr) {
		list = append(list, Section{Name: t.name, Settings: t.blank()})
	}
	return list
}
