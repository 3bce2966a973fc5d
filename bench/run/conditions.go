//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"fanfare/bench/report"
)

// conditions are what a figure must not be quoted without.
type conditions struct {
	date, commit, machine string
	began                 time.Time
	lines                 []string
}

func (o *options) conditions(ctx context.Context) (*conditions, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return nil, os.NewSyscallError("getrlimit", err)
	}
	here := report.Gather("", "", limit.Max)
	c := &conditions{date: time.Now().Format(time.DateOnly), commit: firstLine(ctx, "git", "describe", "--always", "--dirty"), began: time.Now()}
	c.machine = fmt.Sprintf("%d x %s, Linux %s", here.Cores, here.CPU, here.Kernel)
	c.add("Machine: %s, %s of memory, nofile %d, TCP congestion control %s.", c.machine, report.Bytes(float64(here.Memory)), limit.Max, congestion())
	c.add("Tools: %s; %s -O2. Commit %s.", runtime.Version(), firstLine(ctx, "cc", "--version"), c.commit)
	o.method(c)
	c.add("Load average before: %v.", here.LoadBefore)
	return c, nil
}

// method says how it is measured.
func (o *options) method(c *conditions) {
	c.add("Server on core %d with one loop, load on core %d with one thread, loopback TCP; where two loops run on both cores, the second one shares its core with the load.",
		o.cores.server, o.cores.load)
	c.add("CPU is the server process's own clock (user and kernel, to the nanosecond). On loopback the sender's CPU pays for the receiver's half of TCP, too: use the ratios.")
	c.add("Frames of %d bytes where nothing else is said. In a closed loop a publish is outstanding until every subscriber has it. Each run is measured for %s, "+
		"latency for five times that, slow consumers for twice, probes for 5 s, a step of the market's search for at most 2 s.", frameBytes, o.sizes.duration)
	c.add("In an open loop latency counts from when a message was due, whether or not the one before had been answered.")
	c.add("Fanfare uses io_uring for broadcasts where the kernel has it; the limit program never does: one send() for each subscriber.")
	c.add("Publishing: 64 kept-alive connections with one request outstanding each, to a channel without subscribers; the limit program answers without parsing or checking.")
	c.add("Scale: the cost of a request without subscribers, measured in the same round over one connection, is taken off each publish.")
	c.add("Memory: Rss of smaps_rollup %s after the last subscription, or the last leave, less that of the same process without connections. `activity_timeout` is %d unless another is named.",
		o.sizes.settle, standardActivity)
	c.add("Slow consumers: frames of 8,000 bytes, 50 a second; the default policy (disconnect, 1 MiB) unless the row names another.")
}

func (c *conditions) add(format string, args ...any) {
	c.lines = append(c.lines, fmt.Sprintf(format, args...))
}

// end notes how busy the machine was meanwhile. The benchmark itself keeps the
// load at 2 or less.
func (c *conditions) end() {
	c.add("Load average after: %v. The benchmark alone stays below 2.5; more means that other work shared the machine.", report.LoadAverage())
	c.add("The whole took %s.", time.Since(c.began).Round(time.Second))
}

func congestion() string {
	b, err := os.ReadFile("/proc/sys/net/ipv4/tcp_congestion_control")
	if err != nil {
		return "?"
	}
	return strings.TrimSpace(string(b))
}

func firstLine(ctx context.Context, name string, args ...string) string {
	out, err := exec.CommandContext(ctx, name, args...).Output()
	if err != nil {
		return "?"
	}
	first, _, _ := strings.Cut(string(out), "\n")
	return first
}
