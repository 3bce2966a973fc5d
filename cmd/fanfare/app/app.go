// Package app is the command that lists and changes apps: flags and words for a
// person. What it changes, and how so that a running server sees all of it or
// nothing, is package appfile's.
package app

import (
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"fanfare/cmd/fanfare/command"
	"fanfare/cmd/fanfare/config"
	"fanfare/cmd/fanfare/config/appfile"
)

// Command is fanfare app.
func Command() *command.Command {
	return &command.Command{
		Name:  "app",
		Args:  "ACTION",
		Short: "list, add and change apps while the server runs",
		Long: "Apps are in two files: those that you write yourself, in fanfare.toml, and those that these commands write, in " +
			"apps.toml beside it (or where --apps-file or FANFARE_APPS_FILE says). Only apps.toml is ever written, so comments in " +
			"fanfare.toml are safe; those in apps.toml are not kept.\n\n" +
			"A server that reads the file takes a change over within a second. Nobody is interrupted by it, but for the " +
			"clients of an app that was disabled or removed: they are closed with 4003. The first app takes the place of the built-in " +
			"one, whose clients are.",
		Examples: []string{
			"app add",
			"app add shop --set limits=pusher --set max_connections=500",
			"app list",
			"app rotate shop --overlap 1h",
			"app disable shop",
		},
		Subcommands: []*command.Command{
			appListCommand(), appShowCommand(), appAddCommand(), appSetCommand(), appRotateCommand(),
			appSwitchCommand("enable", "serve a disabled app again", true),
			appSwitchCommand("disable", "refuse an app's clients and publishers, and close who is connected", false),
			appRemoveCommand(),
		},
	}
}

// appFiles are the flags that name the files, which all the actions have.
type appFiles struct{ config, apps string }

var appFilesGroup = command.Group{Title: "Files", Names: []string{"config", "apps-file"}}

func (f *appFiles) register(fs *flag.FlagSet) {
	fs.StringVar(&f.config, "config", "", config.FileFlagDoc)
	fs.StringVar(&f.apps, "apps-file", "", "`FILE` of apps to write (default: FANFARE_APPS_FILE, else apps.toml beside the other)")
}

func (f *appFiles) sources(c *command.Process) config.Sources {
	return config.Sources{Env: c.Env, File: f.config, Apps: f.apps, MayMiss: true}
}

// edit changes the app with that id, and tells that it is done.
func (f *appFiles) edit(ctx context.Context, c *command.Process, id, done string, change func(a *appfile.File) error) error {
	name, err := appfile.Edit(ctx, f.sources(c), change)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.Stdout, "%s app %s in %s\n", done, id, name)
	return err
}

func appSwitchCommand(word, short string, enabled bool) *command.Command {
	var files appFiles
	fs := command.NewFlags("app " + word)
	files.register(fs)
	return &command.Command{
		Name: "app " + word, Args: "ID", MinArgs: 1, MaxArgs: 1, Short: short,
		Flags: fs, Groups: []command.Group{appFilesGroup},
		Run: func(ctx context.Context, c *command.Process, args []string) error {
			changed := false
			name, err := appfile.Edit(ctx, files.sources(c), func(a *appfile.File) (err error) {
				changed, err = a.Enable(args[0], enabled)
				return err
			})
			if err != nil {
				return err
			}
			done := fmt.Sprintf("%sd app %s in %s\n", word, args[0], name)
			if !changed {
				done = fmt.Sprintf("app %s in %s is %sd already\n", args[0], name, word)
			}
			_, err = io.WriteString(c.Stdout, done)
			return err
		},
	}
}

func appRemoveCommand() *command.Command {
	var files appFiles
	fs := command.NewFlags("app remove")
	files.register(fs)
	return &command.Command{
		Name: "app remove", Args: "ID", MinArgs: 1, MaxArgs: 1,
		Short: "remove an app, and close who is connected",
		Long:  "Removes the app and its credentials for good. \"fanfare app disable\" keeps them.",
		Flags: fs, Groups: []command.Group{appFilesGroup},
		Run: func(ctx context.Context, c *command.Process, args []string) error {
			name, err := appfile.Edit(ctx, files.sources(c), func(a *appfile.File) error { return a.Remove(args[0]) })
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.Stdout, "removed app %s from %s\n", args[0], name)
			return err
		},
	}
}

func appSetCommand() *command.Command {
	var files appFiles
	fs := command.NewFlags("app set")
	files.register(fs)
	return &command.Command{
		Name: "app set", Args: "ID KEY=VALUE...", MinArgs: 2, MaxArgs: -1,
		Short: "change settings of an app",
		Long: "Any key of [[apps]] and [apps.limit] can be set; \"fanfare help config\" lists them. slow and webhooks are whole " +
			"lists, written as in FANFARE_APP_SLOW and FANFARE_APP_WEBHOOKS. KEY= alone takes the default again.",
		Examples: []string{
			"app set shop max_connections=1000 limit.event_data=20KiB",
			"app set shop allowed_origins=https://example.com,*.example.org",
			`app set shop webhooks='[{"url":"https://example.com/hook","headers":{"X-Key":"abc"}}]'`,
			"app set shop limit.event_data=",
		},
		Flags: fs, Groups: []command.Group{appFilesGroup},
		Run: func(ctx context.Context, c *command.Process, args []string) error {
			for _, fixed := range []string{"id", "secret", "former"} {
				if slices.ContainsFunc(args[1:], func(a string) bool { return strings.HasPrefix(a, fixed+"=") }) {
					return command.Usagef("%s is not set like other keys: an app keeps its id, and `fanfare app rotate` changes its secret", fixed)
				}
			}
			return files.edit(ctx, c, args[0], "changed", func(a *appfile.File) error { return a.Set(args[0], args[1:]) })
		},
	}
}
