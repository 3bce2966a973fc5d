// Command fanfare is the server and the tools around it: serve, init and app for
// its configuration, the clients publish, tail and health, the load generator bench, and
// upgrade, drain, status, reload and log-level for who runs a server.
//
// It parses, starts and stops; whatever knows something about sockets,
// channels or protocols lives in packages engine, channels and protocol.
// fanfare help and fanfare help config tell everything that can be set.
package main

import (
	"context"
	"os"

	"fanfare/cmd/fanfare/app"
	"fanfare/cmd/fanfare/bench"
	"fanfare/cmd/fanfare/client"
	"fanfare/cmd/fanfare/command"
	"fanfare/cmd/fanfare/doctor"
	"fanfare/cmd/fanfare/operator"
)

func main() { os.Exit(realMain()) }

func realMain() int {
	ctx, stop := command.UntilSignal(context.Background())
	defer stop()
	b := readBuild()
	c := command.Process{
		Commands: commands(),
		Program:  os.Args[0], Version: b.version, Commit: b.commit,
		Env: os.Environ(), Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
	}
	return c.Run(ctx, os.Args[1:])
}

// commands lists all commands in the order of the help.
func commands() []*command.Command {
	list := []*command.Command{
		serveCommand(), initCommand(), app.Command(), client.PublishCommand(), client.TailCommand(), client.HealthCommand(), bench.Command(), doctor.Command(),
	}
	return append(append(list, operator.Commands()...), versionCommand())
}
