package app

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"fanfare/cmd/fanfare/client"
	"fanfare/cmd/fanfare/command"
	"fanfare/cmd/fanfare/config"
	"fanfare/cmd/fanfare/config/appfile"
	"fanfare/cmd/fanfare/term"
)

// appAdding is one run of the app add command.
type appAdding struct {
	appFiles

	key, secret string
	set         []string
	json        bool
}

func appAddCommand() *command.Command {
	a := &appAdding{}
	fs := command.NewFlags("app add")
	a.register(fs)
	fs.StringVar(&a.key, "key", "", "`KEY` of the app (default: random)")
	fs.StringVar(&a.secret, "secret", "", "`SECRET` of the app, such as that of the server it moves here from (default: random; others on this machine can "+
		"see what is given here)")
	fs.Func("set", "`KEY=VALUE`\tto set besides, any number of times: see `fanfare app set --help`", func(text string) error {
		a.set = append(a.set, text)
		return nil
	})
	fs.BoolVar(&a.json, "json", false, "print the app as JSON, its secret included")
	return &command.Command{
		Name: "app add", Args: "[ID]", MaxArgs: 1,
		Short: "add an app, and print how to use it",
		Long: "Adds an app with random credentials, or with those that are given, and prints what its servers and clients need. " +
			"The file is made if there is none, readable by its owner only.",
		Examples: []string{
			"app add",
			"app add shop --set limits=pusher --set allowed_origins=https://shop.example.com",
			"app add 123 --key abc --secret def",
			`app add shop --set webhooks=https://shop.example.com/pusher/webhook`,
		},
		Flags:  fs,
		Groups: []command.Group{{Title: "App", Names: []string{"key", "secret", "set", "json"}}, appFilesGroup},
		Run:    a.run,
	}
}

func (a *appAdding) run(ctx context.Context, c *command.Process, args []string) error {
	app, err := config.RandomApp()
	if err != nil {
		return err
	}
	if len(args) > 0 {
		app.ID = args[0]
	}
	if a.key != "" {
		app.Key = a.key
	}
	if a.secret != "" {
		app.Secret = a.secret
	}
	var before *config.Loaded
	var id string // --set may say another
	name, err := appfile.Edit(ctx, a.sources(c), func(f *appfile.File) (err error) {
		before = f.Before()
		id, err = f.Add(app, a.set)
		return err
	})
	if err != nil {
		return err
	}
	if err := a.tell(c, id, name); err != nil || !before.Builtin || a.json {
		return err
	}
	_, err = fmt.Fprintf(c.Stdout, "\nThe built-in app %s, which is there where no other is, is served no longer.\n", before.Apps[0].ID)
	return err
}

// tell prints the app as the files have it now.
func (a *appAdding) tell(c *command.Process, id, name string) error {
	l, i, err := a.load(c, id)
	if err != nil {
		return err
	}
	if a.json {
		return writeJSON(c.Stdout, l.AppJSON(i, true))
	}
	if _, err := fmt.Fprintf(c.Stdout, "added app %s to %s\nkey     %s\nsecret  %s\n", id, name, l.Apps[i].Key, l.Apps[i].Secret); err != nil {
		return err
	}
	b := client.Banner{
		Program: c.Program,
		Base:    client.FrontURL(&l.Config, l.Server.Port),
		App:     l.Apps[i],
		Style:   term.StyleOf(c.Stdout, c.Getenv),
		Flags:   strings.Join(a.clientFlags(l, id), " "),
	}
	return b.Write(c.Stdout)
}

// clientFlags are those that publish and tail need to find the app.
func (a *appAdding) clientFlags(l *config.Loaded, id string) []string {
	flags := []string{"--app-id " + term.ShellQuote(id)}
	if a.config != "" && filepath.Clean(a.config) != config.DefaultFile {
		flags = append(flags, "--config "+term.ShellQuote(a.config))
	}
	if a.apps != "" {
		flags = append(flags, "--apps-file "+term.ShellQuote(l.AppsFile))
	}
	return flags
}
