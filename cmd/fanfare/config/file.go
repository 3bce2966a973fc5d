package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/BurntSushi/toml"
)

// DefaultFile is read when no other is named, and only if it is there. So is
// defaultAppsFile, beside it.
const (
	DefaultFile     = "fanfare.toml"
	DefaultAppsFile = "apps.toml"
)

// fileValues is what a configuration file says.
type fileValues struct {
	name   string // empty: no file
	values []assignment
	apps   [][]assignment // one list per [[apps]] table
}

func readFile(src Sources) (fileValues, error) {
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

func (src Sources) fileName() (name string, named bool) {
	if src.File != "" {
		return src.File, true
	}
	if name := LookupEnv(src.Env, EnvConfig); name != "" {
		return name, true
	}
	return DefaultFile, false
}

// appsFileName is the file of apps that `fanfare app` writes.
func (src Sources) appsFileName() (name string, named bool) {
	if src.Apps != "" {
		return src.Apps, true
	}
	if name := LookupEnv(src.Env, envApps); name != "" {
		return name, true
	}
	file, _ := src.fileName()
	return filepath.Join(filepath.Dir(file), DefaultAppsFile), false
}

// Files are those that the configuration comes from, or would if they were
// there.
func (src Sources) Files() []string {
	file, _ := src.fileName()
	apps, _ := src.appsFileName()
	return []string{file, apps}
}

// readAppsFile reads the apps that are not in the configuration itself.
func readAppsFile(src Sources) (fileValues, error) {
	if src.edited != nil {
		return *src.edited, nil
	}
	name, named := src.appsFileName()
	if file, _ := src.fileName(); filepath.Clean(file) == filepath.Clean(name) {
		return fileValues{}, nil // it is the configuration, which has been read
	}
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) && (!named || src.MayMiss) {
		return fileValues{}, nil
	}
	if err != nil {
		return fileValues{}, fmt.Errorf("cannot read the apps: %w (`fanfare app add` makes the file that --apps-file or %s names)", err, envApps)
	}
	return parseAppsFile(name, string(data))
}

func parseFile(name, data string) (fileValues, error) {
	tree, err := decode(name, data)
	if err != nil {
		return fileValues{}, err
	}
	f := fileReader{name: name}
	apps := f.takeApps(tree)
	out := fileValues{name: name, values: f.flatten(tree, "", "", pathsOf(settingsOf(&Config{})))}
	out.apps = f.apps(apps)
	return out, errors.Join(f.errs...)
}

// parseAppsFile is parseFile for a file that holds apps and nothing else.
func parseAppsFile(name, data string) (fileValues, error) {
	tree, err := decode(name, data)
	if err != nil {
		return fileValues{}, err
	}
	f := fileReader{name: name}
	out := fileValues{name: name, apps: f.apps(f.takeApps(tree))}
	for _, key := range slices.Sorted(maps.Keys(tree)) {
		f.failf("%s is no app: this file holds [[apps]] alone, and %s all other settings", key, DefaultFile)
	}
	return out, errors.Join(f.errs...)
}

func decode(name, data string) (map[string]any, error) {
	var tree map[string]any
	_, err := toml.Decode(data, &tree)
	if syntax, ok := errors.AsType[toml.ParseError](err); ok {
		return nil, fmt.Errorf("%s:%d: %s", name, syntax.Position.Line, syntax.Message)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return tree, nil
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

func (f *fileReader) takeApps(tree map[string]any) []map[string]any {
	return f.takeTables(tree, "apps", "begin each app with a line [[apps]]")
}

// apps lists the values of the [[apps]] tables, by table.
func (f *fileReader) apps(tables []map[string]any) [][]assignment {
	var list [][]assignment
	for i, table := range tables {
		list = append(list, f.app(table, AppPath(i)))
	}
	return list
}

// app lists the values of an [[apps]] table and of the lists of tables in it.
func (f *fileReader) app(table map[string]any, at string) []assignment {
	var nested []assignment
	for _, t := range tablesOf(&App{}) {
		list := f.takeTables(table, t.key, "begin each one with a line "+t.header())
		nested = append(nested, t.read(f, list, at)...)
	}
	return append(f.flatten(table, at, "", pathsOf(settingsOf(&App{}))), nested...)
}

// takeTables takes a list of tables out of the one that holds it.
func (f *fileReader) takeTables(tree map[string]any, key, how string) []map[string]any {
	v, ok := tree[key]
	if !ok {
		return nil
	}
	delete(tree, key)
	list, ok := asTables(v)
	if !ok {
		f.failf("%s is not a list of tables: %s", key, how)
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
	if isSecretPath(path) {
		shown = Mask
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
		return Quote(text)
	}
	return fmt.Sprint(v)
}
