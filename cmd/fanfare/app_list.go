package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"fanfare/cmd/fanfare/config"
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
			l, err := config.Load(files.sources(c))
			if err != nil {
				return err
			}
			if asJSON {
				list := make([]map[string]any, len(l.Apps))
				for i := range list {
					list[i] = l.AppJSON(i, false)
				}
				return writeJSON(c.stdout, list)
			}
			return listApps(c.stdout, l)
		},
	}
}

func listApps(w io.Writer, l *config.Loaded) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "ID\tKEY\tSTATE\tLIMITS\tWEBHOOKS\tFROM") // Flush tells what went wrong
	for i := range l.Apps {
		a, state := &l.Apps[i], "enabled"
		if !a.Enabled {
			state = "disabled"
		}
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%s\n", a.ID, a.Key, state, a.Limits, len(a.Webhooks), l.From(i))
	}
	return t.Flush()
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
			l, i, err := files.load(c, args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(c.stdout, l.AppJSON(i, secret))
			}
			return l.PrintApp(c.stdout, i, secret)
		},
	}
}

// load loads all apps and gives the index of the one with that id.
func (f *appFiles) load(c *cli, id string) (*config.Loaded, int, error) {
	l, err := config.Load(f.sources(c))
	if err != nil {
		return nil, 0, err
	}
	i, err := l.Find(id)
	return l, i, err
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
