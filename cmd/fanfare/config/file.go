package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"fanfare/cmd/fanfare/config/setting"
)

// DefaultFile is read when no other is named, and only if it is there. So is
// DefaultAppsFile, beside it.
const (
	DefaultFile     = "fanfare.toml"
	DefaultAppsFile = "apps.toml"
)

// fileValues is what a configuration file says.
type fileValues struct {
	name   string // empty: no file
	empty  bool   // there is a file, of no bytes
	values setting.Draft
	apps   []setting.Draft // one per [[apps]] table
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
	name, named := src.appsFileName()
	if src.AppsText != nil {
		return parseAppsFile(name, *src.AppsText)
	}
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

// AppsFromFile is what the file of apps says, app by app; nothing where there is none.
// Its error is an Error.
func AppsFromFile(src Sources) ([]setting.Draft, error) {
	own, err := readAppsFile(src)
	if err != nil {
		return nil, Error{err}
	}
	return own.apps, nil
}

func parseFile(name, data string) (fileValues, error) {
	tree, err := decode(name, data)
	if err != nil {
		return fileValues{}, err
	}
	r := &setting.Reader{Name: name}
	apps := takeApps(r, tree)
	out := fileValues{name: name, empty: data == "", values: r.Draft(tree, "", "", &Config{})}
	out.apps = readApps(r, apps)
	return out, r.Err()
}

// parseAppsFile is parseFile for a file that holds apps and nothing else.
func parseAppsFile(name, data string) (fileValues, error) {
	tree, err := decode(name, data)
	if err != nil {
		return fileValues{}, err
	}
	r := &setting.Reader{Name: name}
	out := fileValues{name: name, empty: data == "", apps: readApps(r, takeApps(r, tree))}
	for _, key := range slices.Sorted(maps.Keys(tree)) {
		r.Failf("%s is no app: this file holds [[apps]] alone, and %s all other settings", key, DefaultFile)
	}
	return out, r.Err()
}

func takeApps(r *setting.Reader, tree map[string]any) []map[string]any {
	return r.Tables(tree, "apps", "begin each app with a line [[apps]]")
}

// readApps lists what the [[apps]] tables say, by table.
func readApps(r *setting.Reader, tables []map[string]any) []setting.Draft {
	var list []setting.Draft
	for i, table := range tables {
		list = append(list, r.Draft(table, AppPath(i), "apps", &App{}))
	}
	return list
}

func decode(name, data string) (map[string]any, error) {
	var tree map[string]any
	_, err := toml.Decode(data, &tree)
	if syntax, ok := errors.AsType[toml.ParseError](err); ok {
		return nil, fmt.Errorf("%s:%d: %s", name, syntax.Position.Line, syntaxFault(syntax))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return tree, nil
}

// syntaxFault says what is wrong with a file. The parser's own words have what it
// found, which may be a piece of a secret, but for those about a key or the end.
func syntaxFault(err toml.ParseError) string {
	for _, harmless := range []string{"Key '", "unexpected EOF"} {
		if strings.HasPrefix(err.Message, harmless) {
			return err.Message
		}
	}
	after := ""
	if err.LastKey != "" {
		after = " after " + err.LastKey
	}
	return "cannot be read here" + after + ": a text stands in quotes, and every quote and bracket has its other half"
}
