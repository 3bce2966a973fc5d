// Command fanfare is the server and the tools around it: serve, init and app for
// its configuration, the clients publish and tail, and the load generator bench.
//
// It parses, starts and stops; whatever knows something about sockets,
// channels or protocols lives in packages engine, channels and protocol.
// fanfare help and fanfare help config tell everything that can be set.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"fanfare/cmd/fanfare/config"
)

// Exit codes.
const (
	exitOK    = 0
	exitFail  = 1 // it was tried, and failed
	exitUsage = 2 // wrong flags, arguments or configuration: nothing was tried

	exitInterrupted = 130 // a measurement was stopped: 128 and SIGINT, as shells have it
)

func main() { os.Exit(realMain()) }

func realMain() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	c := cli{program: os.Args[0], env: os.Environ(), stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	return c.run(ctx, os.Args[1:])
}

// cli is what a command may touch of the process around it.
type cli struct {
	program        string // as it was started
	env            []string
	stdin          io.Reader
	stdout, stderr io.Writer
}

// getenv is os.Getenv of the environment that the command was given.
func (c *cli) getenv(name string) string { return config.LookupEnv(c.env, name) }

// usageError is the caller's fault, not the world's.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// errInterrupted is a command that was stopped before it was done.
var errInterrupted = errors.New("stopped")

// run runs one command line and returns the exit code.
func (c *cli) run(ctx context.Context, args []string) int {
	err := c.dispatch(ctx, args)
	if err == nil {
		return exitOK
	}
	c.report(err)
	if errors.Is(err, errInterrupted) {
		return exitInterrupted
	}
	_, usage := errors.AsType[usageError](err)
	_, wrong := errors.AsType[config.Error](err)
	if usage || wrong {
		return exitUsage
	}
	return exitFail
}

// report prints one line for each of several errors.
func (c *cli) report(err error) {
	for line := range strings.SplitSeq(err.Error(), "\n") {
		_, _ = fmt.Fprintln(c.stderr, "fanfare:", line)
	}
}

func (c *cli) dispatch(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return c.help(nil)
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		return c.help(args[1:])
	case "-v", "-version", "--version":
		args[0] = "version"
	}
	cmd, err := findCommand(args[0])
	if err != nil {
		return err
	}
	return cmd.start(ctx, c, args[1:])
}
