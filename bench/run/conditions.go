//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// conditions are the lines that a figure must not be quoted without.
type conditions struct {
	date  string
	lines []string
}

func (o *options) conditions(ctx context.Context) (*conditions, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return nil, os.NewSyscallError("getrlimit", err)
	}
	c := &conditions{date: time.Now().Format(time.DateOnly)}
	c.add("Machine: %d x %s, %s of memory, Linux %s, nofile %d, congestion control %s.", runtime.NumCPU(), field("/proc/cpuinfo", "model name"),
		field("/proc/meminfo", "MemTotal"), line("/proc/sys/kernel/osrelease"), limit.Max, line("/proc/sys/net/ipv4/tcp_congestion_control"))
	c.add("Tools: %s, %s. Commit %s.", runtime.Version(), firstLine(ctx, "cc", "--version"), firstLine(ctx, "git", "describe", "--always", "--dirty"))
	c.add("Server on core %d (`--loops 1`, GOMAXPROCS=1), load on core %d (one thread), loopback TCP.", o.cores.server, o.cores.load)
	c.add("CPU is the server process's own clock (utime + stime, to the nanosecond). On loopback the sender's CPU pays for the receiver's half of TCP too: use the ratios.")
	c.add("Frames of 200 bytes. Fan-out: closed loop, a publish is outstanding until every subscriber has it; %s each. "+
		"API: 64 kept-alive connections with one request outstanding each, to a channel without subscribers; the limit program answers without parsing or signature.", o.plan.duration)
	c.add("Memory: Rss of smaps_rollup %s after the last subscription, less that of the same process without connections; `activity_timeout` 120 (`limits = \"pusher\"`).", o.plan.settle)
	c.add("Load average before: %s.", load())
	return c, nil
}

func (c *conditions) add(format string, args ...any) {
	c.lines = append(c.lines, fmt.Sprintf(format, args...))
}

// end notes how busy the machine was meanwhile. The benchmark itself keeps the
// load below 2.
func (c *conditions) end() {
	c.add("Load average after: %s. The benchmark alone stays below 2; more means that other work shared the machine.", load())
}

func load() string {
	fields := strings.Fields(line("/proc/loadavg"))
	return strings.Join(fields[:min(3, len(fields))], " ")
}

// field is the value of "name : value" in a file of /proc, "?" when there is
// none.
func field(file, name string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return "?"
	}
	for l := range bytes.Lines(b) {
		if key, value, found := bytes.Cut(l, []byte(":")); found && string(bytes.TrimSpace(key)) == name {
			return string(bytes.TrimSpace(value))
		}
	}
	return "?"
}

func line(file string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return "?"
	}
	return string(bytes.TrimSpace(b))
}

func firstLine(ctx context.Context, name string, args ...string) string {
	out, err := exec.CommandContext(ctx, name, args...).Output()
	if err != nil {
		return "?"
	}
	first, _, _ := strings.Cut(string(out), "\n")
	return first
}
