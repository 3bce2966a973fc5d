//go:build !linux

package main

import (
	"context"
	"errors"
	"runtime"
)

var errBenchNeedsLinux = errors.New("bench runs on Linux only (epoll and /proc), not on " + runtime.GOOS +
	": run it there, against a server on any machine with --url")

// benchScenarios knows the names, so that a mistake is told from a system that
// lacks what it takes.
func benchScenarios() []*command {
	var list []*command
	for _, name := range []string{"connect", "idle", "fanout", "market", "camera", "rooms", "notify", "api", "slow"} {
		list = append(list, &command{
			name:    "bench " + name,
			short:   "runs on Linux only",
			maxArgs: -1,
			flags:   newFlags(name),
			run:     func(context.Context, *cli, []string) error { return errBenchNeedsLinux },
		})
	}
	return list
}
