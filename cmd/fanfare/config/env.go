package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"fanfare/cmd/fanfare/config/setting"
	"fanfare/cmd/fanfare/spelling"
)

// envPrefix begins the name of every variable.
const envPrefix = "FANFARE_"

// Variables that are no keys of the configuration.
const (
	EnvConfig = "FANFARE_CONFIG" // the file to read
	envApps   = "FANFARE_APPS_FILE"
	EnvURL    = "FANFARE_URL" // the server that publish and tail talk to
)

var ownNames = []string{EnvConfig, envApps, EnvURL}

// EnvName is the variable for a path; an App's begins with "app.".
func EnvName(path string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(FlagName(path), "-", "_"))
}

// FlagName is the flag for a path, without dashes: [server]'s keys bare, others
// with their table in front.
func FlagName(path string) string {
	name := strings.TrimPrefix(path, "server.")
	return strings.NewReplacer(".", "-", "_", "-").Replace(name)
}

// envValues is what the environment says.
type envValues struct {
	values setting.Draft
	app    setting.Draft // FANFARE_APP_*, paths within an App
}

// readEnv takes every FANFARE_* variable. An empty one counts as not set, as
// compose files and CI systems can't leave one out.
func readEnv(environ []string) (envValues, error) {
	var out envValues
	var errs []error
	server, app := byEnv("", &Config{}), byEnv("app.", &App{})
	for _, name := range fanfareNames(environ) {
		text := LookupEnv(environ, name)
		if s, ok := server[name]; ok {
			out.values = append(out.values, s.Given(name, text))
		} else if s, ok := app[name]; ok {
			out.app = append(out.app, s.Given(name, text))
		} else if key := listByEnv(name); key != "" {
			list, err := listFromText(key, name, text)
			out.app = append(out.app, list...)
			errs = append(errs, err)
		} else {
			errs = append(errs, unknownEnv(name, server, app))
		}
	}
	return out, errors.Join(errs...)
}

// fanfareNames lists the variables to look at, sorted.
func fanfareNames(environ []string) []string {
	var names []string
	for _, kv := range environ {
		name, text, _ := strings.Cut(kv, "=")
		own := slices.Contains(ownNames, name)
		if strings.HasPrefix(name, envPrefix) && text != "" && !own && !isForeign(name, text) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// byEnv maps names of variables to the keys of the struct that ptr points to; what
// precedes their paths is "" for Config's, "app." for an App's.
func byEnv(prefix string, ptr any) map[string]setting.Setting {
	list := setting.Of(ptr)
	settings := make(map[string]setting.Setting, len(list))
	for _, s := range list {
		settings[EnvName(prefix+s.Path)] = s
	}
	return settings
}

func unknownEnv(name string, known ...map[string]setting.Setting) error {
	names := slices.Clone(ownNames)
	for _, key := range listKeys {
		names = append(names, envList(key))
	}
	for _, m := range known {
		for n := range m {
			names = append(names, n)
		}
	}
	slices.Sort(names) // for one answer among equally near ones
	for i, n := range names {
		names[i] = strings.TrimPrefix(n, envPrefix) // which makes nobody nearer
	}
	near := spelling.Nearest(strings.TrimPrefix(name, envPrefix), names)
	if near == "" {
		return fmt.Errorf("unknown variable %s (`fanfare help config` lists all variables)", name)
	}
	return fmt.Errorf("unknown variable %s; the nearest known one is %s%s", name, envPrefix, near)
}

// serviceLink matches what Kubernetes (and Docker's links, which it copies)
// sets in every pod for a service called fanfare or fanfare-something:
// FANFARE_SERVICE_HOST, FANFARE_SERVICE_PORT_WS, FANFARE_PORT_6001_TCP_ADDR ...
var serviceLink = regexp.MustCompile(
	`^FANFARE_((.+_)?SERVICE_(HOST|PORT(_.+)?)|SERVICE_.*|PORT_.*|.+_PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$`)

// isForeign tells variables that Kubernetes injects from ours. Of
// FANFARE_PORT, which both set, the value decides: Kubernetes writes
// tcp://10.0.0.1:6001.
func isForeign(name, text string) bool {
	isLink := strings.HasSuffix(name, "_PORT") && strings.Contains(text, "://")
	return isLink || serviceLink.MatchString(name)
}

// LookupEnv is os.Getenv of an environment that is given as os.Environ has it.
func LookupEnv(environ []string, name string) string {
	for _, kv := range slices.Backward(environ) {
		if text, ok := strings.CutPrefix(kv, name+"="); ok {
			return text
		}
	}
	return ""
}
