// Package operator is the commands for whoever runs a server on this machine:
// upgrade, drain, status, reload and log-level. They speak to its control socket, which
// package control has both ends of.
//
// Nothing here is for several goroutines.
package operator

import (
	"context"
	"flag"

	"fanfare/cmd/fanfare/command"
	"fanfare/cmd/fanfare/config"
)

// Commands lists them in the order of the help.
func Commands() []*command.Command {
	return []*command.Command{upgradeCommand(), drainCommand(), statusCommand(), reloadCommand(), logLevelCommand()}
}

// where are the flags by which the socket is found, which all commands have.
type where struct{ socket, config, port string }

var whereGroup = command.Group{Title: "Server", Names: []string{"socket", "config", "port"}}

func (w *where) register(fs *flag.FlagSet) {
	fs.StringVar(&w.socket, "socket", "", "`PATH` of its control socket (default: control.socket of the configuration, "+
		"else where a server of this user has it, else /run/fanfare/control.sock)")
	fs.StringVar(&w.config, "config", "", config.FileFlagDoc)
	fs.StringVar(&w.port, "port", "", "`PORT` that it listens on (default: the configuration's)")
}

func drainCommand() *command.Command {
	d := &draining{}
	fs := command.NewFlags("drain")
	d.register(fs)
	fs.StringVar(&d.delay, "delay", "", "`SECONDS` for which newcomers are still served (default: the server's drain_delay)")
	fs.StringVar(&d.time, "time", "", "`SECONDS` over which clients are sent away (default: the server's drain_time)")
	fs.BoolVar(&d.noWait, "no-wait", false, "return when it has begun, not when the server is gone")
	return &command.Command{
		Name:  "drain",
		Short: "have a server send its clients away, and end",
		Long: "The server's /ready says 503 at once, so that load balancers stop sending newcomers, which are still served for a " +
			"while (--delay). Then it frees its port, where a successor can listen from here on, and closes its clients with 4200 " +
			"little by little (--time), so that they come back elsewhere, and not all at once. Messages flow to those that are still " +
			"there. SIGTERM to the server does the same.\n\n" +
			"Exit code 0 means that the server is gone, 1 that there was none. A drain that is under way is joined: its times stay " +
			"as they are. Ctrl-C ends this command, and not the drain.",
		Examples: []string{"drain", "drain --delay 0 --time 60", "drain --socket /run/fanfare/control.sock --no-wait"},
		Flags:    fs,
		Groups:   []command.Group{{Title: "Drain", Names: []string{"delay", "time", "no-wait"}}, whereGroup},
		Run:      d.run,
	}
}

func upgradeCommand() *command.Command {
	u := &upgrading{}
	fs := command.NewFlags("upgrade")
	u.register(fs)
	fs.StringVar(&u.binary, "binary", "", "`PATH` of the program to run (default: the path that the server was started from, where you have put the new one)")
	fs.BoolVar(&u.check, "check", false, "start the new program, ask it whether it could take over, and leave everything as it is")
	fs.BoolVar(&u.json, "json", false, "print JSON")
	return &command.Command{
		Name:  "upgrade",
		Short: "have a new program take over without a reconnect",
		Long: "The server starts the new program, with the flags that it was started with itself, and hands everything over to it: " +
			"sockets that listen, connections, TLS included, with what is half read and half sent, subscriptions, presence, rate limits and " +
			"queued webhooks. No connection closes, no message is lost, comes twice or out of order. Clients hear nothing for a fraction of " +
			"a second. The configuration is read anew; host and ports can't change. Put the new program where the old one was by renaming " +
			"(`install` and package managers do), or name it with --binary. SIGUSR2 to the server does the same.\n\n" +
			"Exit code 0 means that the new process serves, or with --check that it could; 1 that the upgrade was called off: the reason is " +
			"told, and the old process serves as before, without anybody having noticed. In a container whose process 1 is the server it is " +
			"refused: replace the container, and have `fanfare drain` send the clients away at a pace. Linux only.",
		Examples: []string{"upgrade", "upgrade --check", "upgrade --binary /opt/fanfare/next/fanfare"},
		Flags:    fs,
		Groups:   []command.Group{{Title: "Upgrade", Names: []string{"binary", "check", "json"}}, whereGroup},
		Run:      u.run,
	}
}

func statusCommand() *command.Command {
	s := &asking{}
	fs := command.NewFlags("status")
	s.register(fs)
	fs.BoolVar(&s.json, "json", false, "print JSON")
	return &command.Command{
		Name:   "status",
		Short:  "show how a server on this machine is",
		Long:   "Exit code 0 means that it runs, 1 that there is none.",
		Flags:  fs,
		Groups: []command.Group{{Title: "Output", Names: []string{"json"}}, whereGroup},
		Run:    s.run,
	}
}

func reloadCommand() *command.Command {
	w := &where{}
	fs := command.NewFlags("reload")
	w.register(fs)
	return &command.Command{
		Name:   "reload",
		Short:  "have a server read its configuration again",
		Long:   "What SIGHUP does. What comes of it is in the server's log.",
		Flags:  fs,
		Groups: []command.Group{whereGroup},
		Run:    func(ctx context.Context, c *command.Process, _ []string) error { return w.reload(ctx, c) },
	}
}

func logLevelCommand() *command.Command {
	w := &where{}
	fs := command.NewFlags("log-level")
	w.register(fs)
	return &command.Command{
		Name: "log-level", Args: "LEVEL", MinArgs: 1, MaxArgs: 1,
		Short:    "have a server log more or less",
		Long:     "LEVEL is debug, info, warn or error. It holds until the server ends, or log.level changes.",
		Examples: []string{"log-level debug"},
		Flags:    fs,
		Groups:   []command.Group{whereGroup},
		Run: func(ctx context.Context, c *command.Process, args []string) error {
			return w.setLogLevel(ctx, c, args[0])
		},
	}
}

// draining is one run of the drain command.
type draining struct {
	where
	delay, time string
	noWait      bool
}

// upgrading is one run of the upgrade command.
type upgrading struct {
	where
	binary      string
	check, json bool
}

// asking is one run of the status command.
type asking struct {
	where
	json bool
}
