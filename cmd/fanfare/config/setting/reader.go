package setting

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Reader turns the tables of a decoded document, TOML or JSON, into drafts. The
// walk is ours, not the decoder's, because an unknown key is to be told with the
// nearest known one, a bad value with what would be right, and all of them at once.
type Reader struct {
	Name string // of the document, for errors and origins

	errs []error
}

// Err has a line for everything that was wrong, nil for nothing.
func (r *Reader) Err() error { return errors.Join(r.errs...) }

// Failf notes that something is wrong.
func (r *Reader) Failf(format string, args ...any) {
	r.errs = append(r.errs, fmt.Errorf(r.Name+": "+format, args...))
}

// Tables takes a list of tables out of the one that holds it, or that holds the table
// that does: tls.certificates. how tells how it is written.
func (r *Reader) Tables(table map[string]any, path, how string) []map[string]any {
	key := path
	for {
		outer, rest, ok := strings.Cut(key, ".")
		if !ok {
			break
		}
		inner, ok := table[outer].(map[string]any)
		if !ok {
			return nil // whoever reads the keys tells if it is something else
		}
		table, key = inner, rest
	}
	v, ok := table[key]
	if !ok {
		return nil
	}
	delete(table, key)
	list, ok := asTables(v)
	if !ok {
		r.Failf("%s is not a list of tables: %s", path, how)
	}
	return list
}

// asTables takes both ways to write a list of tables: [[webhooks]], and
// webhooks = [{...}, {...}].
func asTables(v any) ([]map[string]any, bool) {
	if list, ok := v.([]map[string]any); ok {
		return list, true
	}
	items, ok := v.([]any)
	list := make([]map[string]any, len(items))
	for i := range items {
		table, isTable := items[i].(map[string]any)
		list[i], ok = table, ok && isTable
	}
	if !ok {
		return nil, false
	}
	return list, true
}

// Draft is what a table says of the struct that ptr points to, which documents call
// name, and of the lists of tables in it, which it takes out. at is what precedes
// the paths in messages.
func (r *Reader) Draft(table map[string]any, at, name string, ptr any) Draft {
	var nested Draft
	for _, t := range tablesOf(name, ptr) {
		for j, one := range r.Tables(table, t.key, "begin each one with a line [["+t.name+"]]") {
			for _, v := range r.flatten(one, at+t.path(j), "", t.blank()) {
				v.Path = t.path(j) + v.Path
				nested = append(nested, v)
			}
		}
	}
	return append(r.flatten(table, at, "", Of(ptr)), nested...)
}

// flatten lists the values of a table under their paths.
func (r *Reader) flatten(table map[string]any, at, prefix string, known []Setting) Draft {
	var list Draft
	for _, key := range slices.Sorted(maps.Keys(table)) {
		path, value := prefix+key, table[key]
		s, isKnown := Find(known, path)
		sub, isTable := value.(map[string]any)
		switch {
		case isKnown:
			list = append(list, r.value(at, s, value))
		case isTable && len(sub) > 0:
			list = append(list, r.flatten(sub, at, path+".", known)...)
		case !isTable && isTableOf(path, known):
			r.Failf("%s%s is a table of keys, not a value", at, path)
		case !isTable || !isTableOf(path, known):
			r.unknown(at, path, known)
		}
	}
	return list
}

func (r *Reader) unknown(at, path string, known []Setting) {
	near := Nearest(path, known)
	if near == "" {
		r.Failf("unknown key %s%s (`fanfare help config` lists all keys)", at, path)
		return
	}
	r.Failf("unknown key %s%s; the nearest known key is %s%s", at, path, at, near)
}

func (r *Reader) value(at string, s Setting, value any) Value {
	shown := fmt.Sprint(value)
	if text, ok := value.(string); ok {
		shown = Quote(text)
	}
	if s.IsSecret() {
		shown = Mask
	}
	label := fmt.Sprintf("%s: %s%s = %s", r.Name, at, s.Path, shown)
	return Value{Path: s.Path, TOML: value, Origin: r.Name, Label: label}
}

func isTableOf(path string, known []Setting) bool {
	return slices.ContainsFunc(known, func(s Setting) bool { return strings.HasPrefix(s.Path, path+".") })
}
