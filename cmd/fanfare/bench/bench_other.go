//go:build !linux

package bench

import (
	"context"
	"errors"
	"runtime"

	"fanfare/cmd/fanfare/command"
)

var errBenchNeedsLinux = errors.New("bench runs on Linux only (epoll and /proc), not on " + runtime.GOOS +
	": run it there, against a server on any machine with --url")

// benchScenarios knows the names, so that a mistake is told from a system that
// lacks what it takes.
func benchScenarios() []*command.Command {
	var list []*command.Command
	for _, name := range []string{"connect", "idle", "fanout", "market", "camera", "rooms", "notify", "api", "slow"} {
		list = append(list, &command.Command{
			Name:    "bench " + name,
			Short:   "runs on Linux only",
			MaxArgs: -1,
			Flags:   command.NewFlags(name),
			Run:     func(context.Context, *command.Process, []string) error { return errBenchNeedsLinux },
		})
	}
	return list
}
