package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"

	"github.com/BurntSushi/toml"
)

// defaultFile is read when no other is named, and only if it is there.
const defaultFile = "fanfare.toml"

// fileValues is what a configuration file says.
type fileValues struct {
	name   string // empty: no file
	values []assignment
	apps   [][]assignment // one list per [[apps]] table
}

func readFile(src sources) (fileValues, error) {
	name, named := src.fileName()
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return fileValues{}, nil
	}
	if err != nil {
		return fileValues{}, fmt.Errorf("cannot read the configuration: %w", err)
	}
	return parseFile(name, string(data))
}

func (src sources) fileName() (name string, named bool) {
	if src.file != "" {
		return src.file, true
	}
	if name := lookupEnv(src.env, envConfig); name != "" {
		return name, true
	}
	return defaultFile, false
}

func parseFile(name, data string) (fileValues, error) {
	var tree map[string]any
	_, err := toml.Decode(data, &tree)
	if syntax, ok := errors.AsType[toml.ParseError](err); ok {
		return fileValues{}, fmt.Errorf("%s:%d: %s", name, syntax.Position.Line, syntax.Message)
	}
	if err != nil {
		return fileValues{}, fmt.Errorf("%s: %w", name, err)
	}
	f := fileReader{name: name}
	apps := f.takeTables(tree, "apps", "begin each app with a line [[apps]]")
	out := fileValues{name: name, values: f.flatten(tree, "", "", pathsOf(settingsOf(&Config{})))}
	for i, table := range apps {
		out.apps = append(out.apps, f.app(table, appPath(i)))
	}
	return out, errors.Join(f.errs...)
}

// fileReader turns the tables of a file into assignments. The walk is ours,
// not the decoder's, because an unknown key is to be told with the nearest
// known one, a bad value with what would be right, and all of them at once.
type fileReader struct {
	name string
	errs []error
}

func (f *fileReader) failf(format string, args ...any) {
	f.errs = append(f.errs, fmt.Errorf(f.name+": "+format, args...))
}

// app lists the values of an [[apps]] table and of the [[apps.slow]] tables in
// it.
func (f *fileReader) app(table map[string]any, at string) []assignment {
	slow := f.takeTables(table, "slow", "begin each pattern with a line [[apps.slow]]")
	list := f.flatten(table, at, "", pathsOf(settingsOf(&App{})))
	for j, rule := range slow {
		for _, a := range f.flatten(rule, at+slowPath(j), "", pathsOf(settingsOf(&Slow{}))) {
			a.path = slowPath(j) + a.path
			list = append(list, a)
		}
	}
	return list
}

// takeTables takes a list of tables out of the one that holds it.
func (f *fileReader) takeTables(tree map[string]any, key, how string) []map[string]any {
	v, ok := tree[key]
	if !ok {
		return nil
	}
	delete(tree, key)
	list, ok := v.([]map[string]any)
	if !ok {
		f.failf("%s is not a list of tables: %s", key, how)
	}
	return list
}

// flatten lists the values of a table under their paths. at is what precedes
// the path in messages.
func (f *fileReader) flatten(table map[string]any, at, prefix string, known []string) []assignment {
	var list []assignment
	for _, key := range slices.Sorted(maps.Keys(table)) {
		path, value := prefix+key, table[key]
		sub, isTable := value.(map[string]any)
		switch {
		case slices.Contains(known, path):
			list = append(list, f.assignment(at, path, value))
		case isTable && len(sub) > 0:
			list = append(list, f.flatten(sub, at, path+".", known)...)
		case !isTable && isTableOf(path, known):
			f.failf("%s%s is a table of keys, not a value", at, path)
		case !isTable || !isTableOf(path, known):
			f.unknown(at, path, known)
		}
	}
	return list
}

func (f *fileReader) unknown(at, path string, known []string) {
	near := nearestKey(path, known)
	if near == "" {
		f.failf("unknown key %s%s (`fanfare help config` lists all keys)", at, path)
		return
	}
	f.failf("unknown key %s%s; the nearest known key is %s%s", at, path, at, near)
}

func (f *fileReader) assignment(at, path string, value any) assignment {
	shown := tomlText(value)
	if path == secretPath {
		shown = mask
	}
	label := fmt.Sprintf("%s: %s%s = %s", f.name, at, path, shown)
	return assignment{path: path, toml: value, origin: f.name, label: label}
}

func isTableOf(path string, known []string) bool {
	return slices.ContainsFunc(known, func(k string) bool {
		return len(k) > len(path) && k[:len(path)+1] == path+"."
	})
}

// tomlText writes a value of a file for a message.
func tomlText(v any) string {
	if text, ok := v.(string); ok {
		return quote(text)
	}
	return fmt.Sprint(v)
}
