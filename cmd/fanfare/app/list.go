package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"fanfare/cmd/fanfare/command"
	"fanfare/cmd/fanfare/config"
)

func appListCommand() *command.Command {
	var files appFiles
	var asJSON bool
	fs := command.NewFlags("app list")
	files.register(fs)
	fs.BoolVar(&asJSON, "json", false, "print all settings as JSON; secrets and the values of headers are left out")
	return &command.Command{
		Name: "app list", Short: "list all apps, and the file that each is in",
		Flags: fs, Groups: []command.Group{{Title: "Form", Names: []string{"json"}}, appFilesGroup},
		Run: func(_ context.Context, c *command.Process, _ []string) error {
			l, err := config.Load(files.sources(c))
			if err != nil {
				return err
			}
			if asJSON {
				list := make([]map[string]any, len(l.Apps))
				for i := range list {
					list[i] = l.AppJSON(i, false)
				}
				return writeJSON(c.Stdout, list)
			}
			return listApps(c.Stdout, l)
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

func appShowCommand() *command.Command {
	var files appFiles
	var asJSON, secret bool
	fs := command.NewFlags("app show")
	files.register(fs)
	fs.BoolVar(&secret, "secret", false, "show secrets and the values of headers, which are masked otherwise")
	fs.BoolVar(&asJSON, "json", false, "print JSON")
	return &command.Command{
		Name: "app show", Args: "ID", MinArgs: 1, MaxArgs: 1,
		Short: "show all settings of an app, and where each comes from",
		Flags: fs, Groups: []command.Group{{Title: "Form", Names: []string{"secret", "json"}}, appFilesGroup},
		Run: func(_ context.Context, c *command.Process, args []string) error {
			l, i, err := files.load(c, args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(c.Stdout, l.AppJSON(i, secret))
			}
			return l.PrintApp(c.Stdout, i, secret)
		},
	}
}

// load loads all apps and gives the index of the one with that id.
func (f *appFiles) load(c *command.Process, id string) (*config.Loaded, int, error) {
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
