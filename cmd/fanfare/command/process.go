// Package command is the frame that fanfare's commands hang in: how a command is
// described, how its flags and arguments are read, how help is made of the
// description, and what exit code an error has.
//
// A Command holds the values of its flags, so it is for one run; nothing in here is
// for several goroutines. What commands do is in the packages beside this one.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"fanfare/cmd/fanfare/config"
)

// Exit codes.
const (
	ExitOK    = 0
	ExitFail  = 1 // it was tried, and failed
	ExitUsage = 2 // wrong flags, arguments or configuration: nothing was tried

	ExitInterrupted = 130 // a measurement was stopped: 128 and SIGINT, as shells have it
)

// Process is what a command may touch of the process around it.
type Process struct {
	Commands []*Command // in the order of the help

	Program         string // as it was started
	Version, Commit string // that it was built from
	Env             []string
	Stdin           io.Reader
	Stdout, Stderr  io.Writer
}

// Getenv is os.Getenv of the environment that the command was given.
func (c *Process) Getenv(name string) string { return config.LookupEnv(c.Env, name) }

// UsageError is the caller's fault, not the world's.
type UsageError struct{ err error }

func (e UsageError) Error() string { return e.err.Error() }
func (e UsageError) Unwrap() error { return e.err }

// Usagef makes a UsageError as package fmt does an error.
func Usagef(format string, args ...any) error { return UsageError{fmt.Errorf(format, args...)} }

// ErrInterrupted is a command that was stopped before it was done.
var ErrInterrupted = errors.New("stopped")

// Run runs one command line and returns the exit code.
func (c *Process) Run(ctx context.Context, args []string) int {
	err := c.dispatch(ctx, args)
	if err == nil {
		return ExitOK
	}
	c.report(err)
	if errors.Is(err, ErrInterrupted) {
		return ExitInterrupted
	}
	_, usage := errors.AsType[UsageError](err)
	_, wrong := errors.AsType[config.Error](err)
	if usage || wrong {
		return ExitUsage
	}
	return ExitFail
}

// report prints one line for each of several errors.
func (c *Process) report(err error) {
	for line := range strings.SplitSeq(err.Error(), "\n") {
		_, _ = fmt.Fprintln(c.Stderr, "fanfare:", line)
	}
}

func (c *Process) dispatch(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return c.help(nil)
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		return c.help(args[1:])
	case "-v", "-version", "--version":
		args[0] = "version"
	}
	cmd, err := c.find(args[0])
	if err != nil {
		return err
	}
	return cmd.start(ctx, c, args[1:])
}
