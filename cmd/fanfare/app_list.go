package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

func appListCommand() *command {
	var files appFiles
	var asJSON bool
	fs := newFlags("app list")
	files.register(fs)
	fs.BoolVar(&asJSON, "json", false, "print all settings as JSON; secrets and the values of headers are left out")
	return &command{
		name: "app list", short: "list all apps, and the file that each is in",
		flags: fs, groups: []flagGroup{{"Form", []string{"json"}}, appFilesGroup},
		run: func(_ context.Context, c *cli, _ []string) error {
			l, err := load(files.sources(c).lenient())
			if err != nil {
				return usageError{err}
			}
			if asJSON {
				list := make([]map[string]any, len(l.Apps))
				for i := range list {
					list[i] = l.appJSON(i, false)
				}
				return writeJSON(c.stdout, list)
			}
			return l.listApps(c.stdout)
		},
	}
}

func (l *loaded) listApps(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "ID\tKEY\tSTATE\tLIMITS\tWEBHOOKS\tFROM") // Flush tells what went wrong
	for i := range l.Apps {
		a, state := &l.Apps[i], "enabled"
		if !a.Enabled {
			state = "disabled"
		}
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%s\n", a.ID, a.Key, state, a.Limits, len(a.Webhooks), l.fromOf(i))
	}
	return t.Flush()
}

// fromOf is the file or variable that an app is from.
func (l *loaded) fromOf(i int) string {
	if from := l.origin(appPath(i) + "id"); from != originDefault {
		return from
	}
	return "built in"
}

func appShowCommand() *command {
	var files appFiles
	var asJSON, secret bool
	fs := newFlags("app show")
	files.register(fs)
	fs.BoolVar(&secret, "secret", false, "show secrets and the values of headers, which are masked otherwise")
	fs.BoolVar(&asJSON, "json", false, "print JSON")
	return &command{
		name: "app show", args: "ID", minArgs: 1, maxArgs: 1,
		short: "show all settings of an app, and where each comes from",
		flags: fs, groups: []flagGroup{{"Form", []string{"secret", "json"}}, appFilesGroup},
		run: func(_ context.Context, c *cli, args []string) error {
			l, i, err := loadApp(files.sources(c), args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(c.stdout, l.appJSON(i, secret))
			}
			p := printer{secrets: secret}
			p.app(l, i)
			_, err = c.stdout.Write(p.buf.Bytes())
			return err
		},
	}
}

// loadApp loads all apps and gives the index of the one with that id.
func loadApp(src sources, id string) (*loaded, int, error) {
	l, err := load(src.lenient())
	if err != nil {
		return nil, 0, usageError{err}
	}
	i := slices.IndexFunc(l.Apps, func(a App) bool { return a.ID == id })
	if i < 0 {
		return nil, 0, unknownApp(id, l.ids())
	}
	return l, i, nil
}

func (l *loaded) ids() []string {
	ids := make([]string, len(l.Apps))
	for i := range ids {
		ids[i] = l.Apps[i].ID
	}
	return ids
}

func unknownApp(id string, known []string) error {
	if near := nearest(id, known); near != "" {
		return usagef("there is no app %q; the nearest id is %q (`fanfare app list` lists all)", id, near)
	}
	return usagef("there is no app %q (`fanfare app list` lists all)", id)
}

// appJSON is an app as an object with the keys of a file, and "from".
func (l *loaded) appJSON(i int, secrets bool) map[string]any {
	object := jsonOf(settingsOf(&l.Apps[i]), secrets)
	for _, t := range tablesOf(&l.Apps[i]) {
		list := make([]map[string]any, t.field.Len())
		for j := range list {
			list[j] = jsonOf(t.settings(j), secrets)
		}
		object[t.key] = list
	}
	object["from"] = l.fromOf(i)
	return object
}

// jsonOf writes sizes as bytes and times as seconds.
func jsonOf(settings []setting, secrets bool) map[string]any {
	object := make(map[string]any)
	for _, s := range settings {
		table, key, nested := strings.Cut(s.path, ".")
		in := object
		if nested {
			if in, _ = object[table].(map[string]any); in == nil {
				in = make(map[string]any)
				object[table] = in
			}
		} else {
			key = s.path
		}
		if v := s.jsonValue(secrets); v != nil {
			in[key] = v
		}
	}
	return object
}

// jsonValue is nil for a secret that is not to be shown.
func (s setting) jsonValue(secrets bool) any {
	switch v := s.field.Interface().(type) {
	case time.Duration:
		return v.Seconds()
	case []string:
		return append([]string{}, v...)
	case map[string]string:
		if !secrets {
			return s.masked()
		}
		return v
	case string:
		if s.path == secretPath && !secrets {
			return nil
		}
		return v
	default:
		return v
	}
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
