package config

import (
	"errors"
	"slices"

	"fanfare/cmd/fanfare/config/setting"
	"fanfare/cmd/fanfare/spelling"
)

// Sources is where a configuration may come from.
type Sources struct {
	Flags map[string]string // values by name, only of those that were given
	Env   []string          // as os.Environ has it
	File  string            // --config; empty takes FANFARE_CONFIG, else fanfare.toml if there is one
	Apps  string            // --apps-file; empty takes FANFARE_APPS_FILE, else apps.toml beside the file, if there is one

	// AppsText stands for what the file of apps says, when it is not nil.
	AppsText *string
	// MayMiss lets a file of apps that was named be absent: it may be made later.
	MayMiss bool
}

// What the flags --config and --apps-file do, in the help of any command.
const (
	FileFlagDoc = "`FILE` to read (default: FANFARE_CONFIG, else fanfare.toml if there is one)"
	AppsFlagDoc = "`FILE` of apps besides those of --config, which \"fanfare app\" writes (default: FANFARE_APPS_FILE, " +
		"else apps.toml beside the other, if there is one)"
)

// Loaded is a configuration in force, and where each value came from.
type Loaded struct {
	Config

	// File is the file that was read, empty if there was none.
	File string
	// AppsFile is the file of apps that was read besides, empty if there was none.
	AppsFile string
	// Empty are those of the two that had no bytes when they were read.
	Empty []string
	// Builtin tells that no app was configured: the one that everybody knows
	// the secret of is served.
	Builtin bool

	src     Sources
	origins map[string]string // by path: "server.port", "apps[0].key"
}

const originDefault = "default"

// origin tells where the value of a key came from: "--port", "FANFARE_PORT",
// the name of the file, or "default".
func (l *Loaded) origin(path string) string {
	if o, ok := l.origins[path]; ok {
		return o
	}
	return originDefault
}

// Sources is where it came from, for loading it again.
func (l *Loaded) Sources() Sources { return l.src }

// IsForeign tells whether any of the values comes from this process's flags
// or environment, which a command in another terminal does not have.
func (l *Loaded) IsForeign(paths ...string) bool {
	return slices.ContainsFunc(paths, func(path string) bool {
		o := l.origin(path)
		return o != originDefault && o != l.File && o != l.AppsFile
	})
}

// HasAppsOf tells whether any app is from that file.
func (l *Loaded) HasAppsOf(file string) bool {
	for i := range l.Apps {
		if l.origin(AppPath(i)+"id") == file {
			return true
		}
	}
	return false
}

// From is the file or variable that an app is from.
func (l *Loaded) From(i int) string {
	if from := l.origin(AppPath(i) + "id"); from != originDefault {
		return from
	}
	return "built in"
}

// Find gives the index of the app with that id.
func (l *Loaded) Find(id string) (int, error) {
	ids := l.ids()
	if i := slices.Index(ids, id); i >= 0 {
		return i, nil
	}
	if near := spelling.Nearest(id, ids); near != "" {
		return 0, Errorf("there is no app %q; the nearest id is %q (`fanfare app list` lists all)", id, near)
	}
	return 0, Errorf("there is no app %q (`fanfare app list` lists all)", id)
}

func (l *Loaded) ids() []string {
	ids := make([]string, len(l.Apps))
	for i := range ids {
		ids[i] = l.Apps[i].ID
	}
	return ids
}

// Load reads all sources. Its error is an Error, and has one line for everything
// that is wrong, not only for the first.
func Load(src Sources) (*Loaded, error) {
	l := &Loaded{src: src, origins: make(map[string]string)}
	file, fileErr := readFile(src)
	own, ownErr := readAppsFile(src)
	env, envErr := readEnv(src.Env)
	if err := errors.Join(fileErr, ownErr, envErr); err != nil {
		return nil, Error{err}
	}
	l.File, l.AppsFile = file.name, own.name
	for _, read := range []fileValues{file, own} {
		if read.empty {
			l.Empty = append(l.Empty, read.name)
		}
	}
	given := slices.Concat(file.values, env.values, readFlags(src.Flags))
	note := func(path, origin string) { l.origins[path] = origin }
	err := errors.Join(given.Fill(&l.Config, "", note), l.addApps(file, own, env.app))
	if err == nil {
		err = l.validate()
	}
	if err != nil {
		return nil, Error{err}
	}
	return l, nil
}

func readFlags(flags map[string]string) setting.Draft {
	var draft setting.Draft
	for _, s := range setting.Of(&Config{}) {
		name := FlagName(s.Path)
		if text, ok := flags[name]; ok {
			draft = append(draft, s.Given("--"+name, text))
		}
	}
	return draft
}

// ChangedKeys lists the keys outside [[apps]] whose values differ.
func ChangedKeys(before, now *Config) []string {
	var keys []string
	other := setting.Of(now)
	for i, s := range setting.Of(before) {
		if s.Text() != other[i].Text() {
			keys = append(keys, s.Path)
		}
	}
	if !slices.Equal(before.TLS.Certificates, now.TLS.Certificates) {
		keys = append(keys, "tls.certificates")
	}
	return keys
}
