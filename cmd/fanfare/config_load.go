package main

import (
	"errors"
	"fmt"
	"slices"
)

// sources is where a configuration may come from.
type sources struct {
	flags map[string]string // values by name, only of those that were given
	env   []string          // as os.Environ has it
	file  string            // --config; empty takes FANFARE_CONFIG, else fanfare.toml if there is one
	apps  string            // --apps-file; empty takes FANFARE_APPS_FILE, else apps.toml beside the file, if there is one

	// edited stands for what the file of apps says, when it is not nil.
	edited *fileValues
	// mayMiss lets a file of apps that was named be absent: it is to be made.
	mayMiss bool
}

// loaded is a configuration in force, and where each value came from.
type loaded struct {
	Config

	// File is the file that was read, empty if there was none.
	File string
	// AppsFile is the file of apps that was read besides, empty if there was none.
	AppsFile string
	// Builtin tells that no app was configured: the one that everybody knows
	// the secret of is served.
	Builtin bool

	src     sources
	origins map[string]string // by path: "server.port", "apps[0].key"
}

const originDefault = "default"

// origin tells where the value of a key came from: "--port", "FANFARE_PORT",
// the name of the file, or "default".
func (l *loaded) origin(path string) string {
	if o, ok := l.origins[path]; ok {
		return o
	}
	return originDefault
}

// assignment is one value that a source gives to a key.
type assignment struct {
	path   string // within the Config, or within the App
	text   string // as a flag or variable has it
	toml   any    // as a file has it, else nil
	origin string // for --print-config
	label  string // how errors name the place: fanfare.toml: server.port = "x"
}

func (a assignment) apply(s setting) error {
	if a.toml != nil {
		return s.setTOML(a.toml)
	}
	return s.set(a.text)
}

// load reads all sources. Its error has one line for everything that is
// wrong, not only for the first.
func load(src sources) (*loaded, error) {
	l := &loaded{src: src, origins: make(map[string]string)}
	file, fileErr := readFile(src)
	own, ownErr := readAppsFile(src)
	env, envErr := readEnv(src.env)
	if err := errors.Join(fileErr, ownErr, envErr); err != nil {
		return nil, err
	}
	l.File, l.AppsFile = file.name, own.name
	given := slices.Concat(file.values, env.values, readFlags(src.flags))
	err := errors.Join(l.fill(given), l.addApps(file, own, env.app))
	if err != nil {
		return nil, err
	}
	return l, l.validate()
}

func readFlags(flags map[string]string) []assignment {
	var list []assignment
	for _, s := range settingsOf(&Config{}) {
		if text, ok := flags[s.flag()]; ok {
			name := "--" + s.flag()
			label := fmt.Sprintf("%s=%s", name, text)
			list = append(list, assignment{path: s.path, text: text, origin: name, label: label}.masked())
		}
	}
	return list
}

// fill gives every key outside [[apps]] its default, then the values in order.
func (l *loaded) fill(given []assignment) error {
	return assign(settingsOf(&l.Config), "", given, func(path, origin string) {
		l.origins[path] = origin
	})
}

// assign sets the defaults (of the set of limits named by preset), then the
// values in order, and notes where each came from.
func assign(list []setting, preset string, given []assignment, note func(path, origin string)) error {
	byPath := make(map[string]setting, len(list))
	for _, s := range list {
		s.setDefault(preset)
		byPath[s.path] = s
	}
	var errs []error
	for _, a := range given {
		if err := a.apply(byPath[a.path]); err != nil {
			errs = append(errs, fmt.Errorf("%s: want %w", a.label, err))
			continue
		}
		note(a.path, a.origin)
	}
	return errors.Join(errs...)
}

func pathsOf(list []setting) []string {
	paths := make([]string, len(list))
	for i, s := range list {
		paths[i] = s.path
	}
	return paths
}
