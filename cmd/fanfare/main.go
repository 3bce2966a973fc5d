// Command fanfare is the server and the tools around it: serve, init and app for
// its configuration, the clients publish and tail, and the load generator bench.
//
// It parses, starts and stops; whatever knows something about sockets,
// channels or protocols lives in packages engine, channels and protocol.
// fanfare help and fanfare help config tell everything that can be set.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"fanfare/cmd/fanfare/app"
	"fanfare/cmd/fanfare/bench"
	"fanfare/cmd/fanfare/client"
	"fanfare/cmd/fanfare/command"
)

func main() { os.Exit(realMain()) }

func realMain() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
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
	return []*command.Command{
		serveCommand(), initCommand(), app.Command(), client.PublishCommand(), client.TailCommand(), bench.Command(), versionCommand(),
	}
}
