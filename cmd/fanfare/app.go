package main

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
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
			appSwitchCommand("enable", "serve a disabled app again", func(d []assignment) []assignment { return without(d, "enabled") }),
			appSwitchCommand("disable", "refuse an app's clients and publishers, and close who is connected", func(d []assignment) []assignment {
				return append(without(d, "enabled"), assignment{path: "enabled", text: "false", origin: editOrigin})
			}),
			appRemoveCommand(),
		},
	}
}

// appFiles are the flags that name the files, which all the actions have.
type appFiles struct{ config, apps string }

var appFilesGroup = flagGroup{"Files", []string{"config", "apps-file"}}

func (f *appFiles) register(fs *flag.FlagSet) {
	fs.StringVar(&f.config, "config", "", configFlagDoc)
	fs.StringVar(&f.apps, "apps-file", "", "`FILE` of apps to write (default: FANFARE_APPS_FILE, else apps.toml beside the other)")
}

func (f *appFiles) sources(c *cli) sources {
	return sources{env: c.env, file: f.config, apps: f.apps}
}

// edit changes the app with that id, and tells so.
func (f *appFiles) edit(ctx context.Context, c *cli, id, done string, change func(draft []assignment) ([]assignment, error)) error {
	name, err := editApps(ctx, f.sources(c), func(a *appsFile) error {
		i, err := a.find(id)
		if err != nil {
			return err
		}
		draft, err := change(a.drafts[i])
		a.drafts[i] = draft
		return err
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.stdout, "%s app %s in %s\n", done, id, name)
	return err
}

func appSwitchCommand(word, short string, change func([]assignment) []assignment) *command {
	var files appFiles
	fs := newFlags("app " + word)
	files.register(fs)
	return &command{
		name: "app " + word, args: "ID", minArgs: 1, maxArgs: 1, short: short,
		flags: fs, groups: []flagGroup{appFilesGroup},
		run: func(ctx context.Context, c *cli, args []string) error {
			return files.edit(ctx, c, args[0], word+"d", func(d []assignment) ([]assignment, error) { return change(d), nil })
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
			name, err := editApps(ctx, files.sources(c), func(a *appsFile) error {
				i, err := a.find(args[0])
				if err == nil {
					a.drafts = slices.Delete(a.drafts, i, i+1)
				}
				return err
			})
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
			return files.edit(ctx, c, args[0], "changed", func(d []assignment) ([]assignment, error) { return setKeys(d, args[1:]) })
		},
	}
}

// editOrigin is where values come from that a command gives.
const editOrigin = "the command line"

// setKeys puts KEY=VALUE words into a draft.
func setKeys(draft []assignment, words []string) ([]assignment, error) {
	for _, word := range words {
		key, text, ok := strings.Cut(word, "=")
		if !ok {
			return nil, usagef("%s: want KEY=VALUE, such as max_connections=500", word)
		}
		values, err := settingFromText(key, text)
		if err != nil {
			return nil, err
		}
		draft = append(without(draft, key), values...)
	}
	return draft, nil
}

func settingFromText(key, text string) ([]assignment, error) {
	known := pathsOf(settingsOf(&App{}))
	switch {
	case slices.Contains(listKeys, key):
		values, err := listFromText(key, key, text)
		if err != nil {
			return nil, usageError{err}
		}
		return values, nil
	case !slices.Contains(known, key):
		if near := nearestKey(key, append(known, listKeys...)); near != "" {
			return nil, usagef("unknown key %s; the nearest known key is %s", key, near)
		}
		return nil, usagef("unknown key %s (`fanfare help config` lists all keys)", key)
	case text == "":
		return nil, nil
	}
	label := key + "=" + text
	if key == secretPath {
		label = key
	}
	return []assignment{{path: key, text: text, origin: editOrigin, label: label}}, nil
}

// without drops what a draft says of a key, be it a list.
func without(draft []assignment, key string) []assignment {
	return slices.DeleteFunc(slices.Clone(draft), func(a assignment) bool {
		return a.path == key || strings.HasPrefix(a.path, key+"[")
	})
}
