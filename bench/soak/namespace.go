//go:build linux

package main

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// The link to the narrow crowd's network namespace.
const (
	nearEnd, farEnd = "soak-near", "soak-far"
	nearAddr        = "10.77.0.1"
	farAddr         = "10.77.0.2"
)

// The narrow link. With a small burst and half a second of queue it behaves as a
// slow modem does: what does not fit waits, and then waits in the server.
const (
	// linkBits per second for each connection of the whole soak: a quarter of what
	// the narrow crowd's would take.
	linkBits    = 1300
	linkBurst   = "16kb"
	linkLatency = "500ms"
)

// haveTools reports whether there is what a network namespace is furnished with:
// without an address even its loopback is dead.
func haveTools() bool {
	for _, name := range []string{"ip", "tc", "nsenter"} {
		if _, err := exec.LookPath(name); err != nil {
			return false
		}
	}
	return true
}

// furnish makes a network namespace that is new habitable.
func furnish(ctx context.Context) bool { return tool(ctx, "ip", "link", "set", "lo", "up") == nil }

// connect makes a link to the network namespace of a process, and tries whether
// the kernel can lower its rate.
func connect(ctx context.Context, pid int) error {
	into := strconv.Itoa(pid)
	for _, args := range [][]string{
		{"ip", "link", "add", nearEnd, "type", "veth", "peer", "name", farEnd, "netns", into},
		{"ip", "addr", "add", nearAddr + "/30", "dev", nearEnd},
		{"ip", "link", "set", nearEnd, "up"},
		{"nsenter", "-t", into, "-n", "ip", "addr", "add", farAddr + "/30", "dev", farEnd},
		{"nsenter", "-t", into, "-n", "ip", "link", "set", farEnd, "up"},
	} {
		if err := tool(ctx, args...); err != nil {
			return err
		}
	}
	if err := constrict(ctx, linkBits*1000); err != nil {
		return err
	}
	return widen(ctx)
}

// constrict lowers the link's rate in the direction of the clients.
func constrict(ctx context.Context, rate int) error {
	return tool(ctx, "tc", "qdisc", "replace", "dev", nearEnd, "root", "tbf", "rate", strconv.Itoa(rate)+"bit", "burst", linkBurst,
		"latency", linkLatency)
}

// widen gives the link its rate back.
func widen(ctx context.Context) error { return tool(ctx, "tc", "qdisc", "del", "dev", nearEnd, "root") }

func tool(ctx context.Context, args ...string) error {
	out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
