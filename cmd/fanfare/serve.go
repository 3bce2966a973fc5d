package main

import (
	"context"
	"flag"
	"strings"

	"fanfare/cmd/fanfare/command"
	"fanfare/cmd/fanfare/config"
	"fanfare/cmd/fanfare/config/reference"
)

// serving is one run of the serve command.
type serving struct {
	config      string
	apps        string
	printConfig bool
	banner      bool
	given       map[string]string // flags that set a key of the configuration
}

func serveCommand() *command.Command {
	s := &serving{given: make(map[string]string)}
	fs := command.NewFlags("serve")
	fs.StringVar(&s.config, "config", "", config.FileFlagDoc)
	fs.StringVar(&s.apps, "apps-file", "", config.AppsFlagDoc)
	fs.BoolVar(&s.printConfig, "print-config", false, "print what would be in force, and where each value comes from, and exit; secrets are masked")
	fs.BoolVar(&s.banner, "banner", false, "print the lines to copy also where no terminal is, and the app's secret in them, which is masked otherwise")
	groups := []command.Group{{Title: "Configuration", Names: []string{"config", "apps-file", "print-config", "banner"}}}
	return &command.Command{
		Name:  "serve",
		Short: "serve WebSocket clients and the HTTP API",
		Long: "Serves until it is told to end. SIGTERM and `fanfare drain` end it politely: /ready says 503, newcomers are served for " +
			"drain_delay more, then the port is free, and clients are sent away with 4200 over drain_time, so that they reconnect at " +
			"once (to another server, if there is one), but not all at once. SIGINT (Ctrl-C) sends them all away at once, also in " +
			"the middle of that. SIGTERM or SIGINT once more ends the process without a word. The exit code is 0, also when clients had to be " +
			"cut because shutdown_grace was over: the log says how many. Have your supervisor wait for drain_delay, drain_time and " +
			"shutdown_grace together, 30 s, and a few more: docker stop waits 10 (-t 40).\n\n" +
			"Without any configured app it serves app-id / app-key / app-secret, on this machine only: `fanfare init` " +
			"writes a configuration with credentials of your own. Apps have no flags: they are [[apps]] in the file, " +
			"or one in FANFARE_APP_ID, FANFARE_APP_KEY and FANFARE_APP_SECRET, or what `fanfare app` has written. " +
			"\"fanfare help config\" lists all keys.\n\n" +
			"Changes of apps in the files are taken over while it serves, at once and also on SIGHUP, and interrupt nobody: " +
			"only clients of an app that was removed or disabled are closed, with 4003. All other settings but " +
			"log.level and server.secret_overlap wait for an upgrade, or a restart.\n\n" +
			"`fanfare upgrade`, or SIGUSR2, has another process take this one's place, with the program and the configuration as they are " +
			"by then, and no client notices. Only what is listened on can't change so.",
		Examples: []string{
			"serve",
			"serve --port 8080 --metrics-port 0",
			"serve --config /etc/fanfare/fanfare.toml --host 0.0.0.0",
			"serve --print-config",
		},
		Flags:  fs,
		Groups: append(groups, s.configFlags(fs)...),
		Run:    s.run,
	}
}

// configFlags makes a flag of every key outside [[apps]]. Values are only
// noted: load judges them, whatever source they have.
func (s *serving) configFlags(fs *flag.FlagSet) []command.Group {
	var groups []command.Group
	for _, key := range reference.NamedKeys() {
		if key.Flag == "" {
			continue
		}
		if key.Heading != "" {
			groups = append(groups, command.Group{Title: "Settings of " + key.Heading})
		}
		s.configFlag(fs, key)
		g := &groups[len(groups)-1]
		g.Names = append(g.Names, flagName(key))
	}
	return groups
}

func flagName(key reference.Key) string { return strings.TrimPrefix(key.Flag, "--") }

func (s *serving) configFlag(fs *flag.FlagSet, key reference.Key) {
	name := flagName(key)
	note := func(text string) error {
		s.given[name] = text
		return nil
	}
	doc := strings.TrimSpace(key.Doc + " " + key.Allowed)
	if key.Plain != "" {
		doc += " Default " + key.Plain + "."
	}
	if key.Kind == "bool" {
		fs.BoolFunc(name, doc, note)
		return
	}
	fs.Func(name, "`"+strings.ToUpper(key.Kind)+"`"+command.PlaceholderOnly+doc, note)
}

func (s *serving) run(ctx context.Context, c *command.Process, _ []string) error {
	if !s.printConfig {
		return s.serve(ctx, c)
	}
	l, err := s.load(c)
	if err != nil {
		return err
	}
	return l.Print(c.Stdout)
}

func (s *serving) load(c *command.Process) (*config.Loaded, error) {
	return config.Load(config.Sources{Flags: s.given, Env: c.Env, File: s.config, Apps: s.apps})
}
