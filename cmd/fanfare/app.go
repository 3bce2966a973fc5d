package main

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"

	"fanfare/cmd/fanfare/config"
)

func appCommand() *command {
	return &command{
		name:  "app",
		args:  "ACTION",
		short: "list, add and change apps while the server runs",
		long: "Apps are in two files: those that you write yourself, in fanfare.toml, and those that these commands write, in " +
			"apps.toml beside it (or where --apps-file or FANFARE_APPS_FILE says). Only apps.toml is ever written, so comments in " +
			"fanfare.toml are safe; those in apps.toml are not kept.\n\n" +
			"A server that reads the file takes a change over within a second. Nobody is interrupted by it, but for the " +
			"clients of an app that was disabled or removed: they are closed with 4003.",
		examples: []string{
			"app add",
			"app add shop --set limits=pusher --set max_connections=500",
			"app list",
			"app rotate shop --overlap 1h",
			"app disable shop",
		},
		subcommands: []*command{
			appListCommand(), appShowCommand(), appAddCommand(), appSetCommand(), appRotateCommand(),
			appSwitchCommand("enable", "serve a disabled app again", true),
			appSwitchCommand("disable", "refuse an app's clients and publishers, and close who is connected", false),
			appRemoveCommand(),
		},
	}
}

// appFiles are the flags that name the files, which all the actions have.
type appFiles struct{ config, apps string }

var appFilesGroup = flagGroup{"Files", []string{"config", "apps-file"}}

func (f *appFiles) register(fs *flag.FlagSet) {
	fs.StringVar(&f.config, "config", "", config.FileFlagDoc)
	fs.StringVar(&f.apps, "apps-file", "", "`FILE` of apps to write (default: FANFARE_APPS_FILE, else apps.toml beside the other)")
}

func (f *appFiles) sources(c *cli) config.Sources {
	return config.Sources{Env: c.env, File: f.config, Apps: f.apps, MayMiss: true}
}

// edit changes the app with that id, and tells that it is done.
func (f *appFiles) edit(ctx context.Context, c *cli, id, done string, change func(a *config.AppsFile) error) error {
	name, err := config.Edit(ctx, f.sources(c), change)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.stdout, "%s app %s in %s\n", done, id, name)
	return err
}

func appSwitchCommand(word, short string, enabled bool) *command {
	var files appFiles
	fs := newFlags("app " + word)
	files.register(fs)
	return &command{
		name: "app " + word, args: "ID", minArgs: 1, maxArgs: 1, short: short,
		flags: fs, groups: []flagGroup{appFilesGroup},
		run: func(ctx context.Context, c *cli, args []string) error {
			return files.edit(ctx, c, args[0], word+"d", func(a *config.AppsFile) error { return a.Enable(args[0], enabled) })
		},
	}
}

func appRemoveCommand() *command {
	var files appFiles
	fs := newFlags("app remove")
	files.register(fs)
	return &command{
		name: "app remove", args: "ID", minArgs: 1, maxArgs: 1,
		short: "remove an app, and close who is connected",
		long:  "Removes the app and its credentials for good. \"fanfare app disable\" keeps them.",
		flags: fs, groups: []flagGroup{appFilesGroup},
		run: func(ctx context.Context, c *cli, args []string) error {
			name, err := config.Edit(ctx, files.sources(c), func(a *config.AppsFile) error { return a.Remove(args[0]) })
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.stdout, "removed app %s from %s\n", args[0], name)
			return err
		},
	}
}

func appSetCommand() *command {
	var files appFiles
	fs := newFlags("app set")
	files.register(fs)
	return &command{
		name: "app set", args: "ID KEY=VALUE...", minArgs: 2, maxArgs: -1,
		short: "change settings of an app",
		long: "Any key of [[apps]] and [apps.limit] can be set; \"fanfare help config\" lists them. slow and webhooks are whole " +
			"lists, written as in FANFARE_APP_SLOW and FANFARE_APP_WEBHOOKS. KEY= alone takes the default again.",
		examples: []string{
			"app set shop max_connections=1000 limit.event_data=20KiB",
			"app set shop allowed_origins=https://example.com,*.example.org",
			`app set shop webhooks='[{"url":"https://example.com/hook","headers":{"X-Key":"abc"}}]'`,
			"app set shop limit.event_data=",
		},
		flags: fs, groups: []flagGroup{appFilesGroup},
		run: func(ctx context.Context, c *cli, args []string) error {
			for _, fixed := range []string{"id", "secret", "former"} {
				if slices.ContainsFunc(args[1:], func(a string) bool { return strings.HasPrefix(a, fixed+"=") }) {
					return usagef("%s is not set like other keys: an app keeps its id, and `fanfare app rotate` changes its secret", fixed)
				}
			}
			return files.edit(ctx, c, args[0], "changed", func(a *config.AppsFile) error { return a.Set(args[0], args[1:]) })
		},
	}
}
