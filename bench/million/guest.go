//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"fanfare/bench/guest"
)

// Files in the guest's root folder, by which it is told what to do and tells
// what came of it.
const (
	trialFile    = "trial.json"
	findingsFile = "findings.json"
)

// live is this program's life as the guest's first process: it makes the
// trial, and switches the machine off.
func live() {
	f, err := attempt()
	if err != nil {
		f.Failure = err.Error()
	}
	if err := writeJSON("/"+findingsFile, f); err != nil {
		fmt.Println("cannot write the findings:", err) //nolint:forbidigo // the console is all that there is
	}
	guest.PowerOff()
}

func attempt() (findings, error) {
	var t trial
	err := guest.Begin()
	if err == nil {
		err = readJSON("/"+trialFile, &t)
	}
	if err == nil {
		err = liftLimits(t.Connections)
	}
	if err != nil {
		return findings{}, err
	}
	return t.run(context.Background(), "/", os.Stdout)
}

func readJSON(file string, into any) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, into)
}

// liftLimits makes room for n connections with both ends in this machine.
func liftLimits(n int) error {
	descriptors := strconv.FormatUint(descriptors(n), 10)
	all := strconv.Itoa(4*n + 100_000)
	for _, s := range [][2]string{
		{"fs/nr_open", descriptors},
		{"fs/file-max", all},
		{"fs/epoll/max_user_watches", all},
		{"net/core/somaxconn", "4096"},
		{"net/core/netdev_max_backlog", "100000"}, // resets that are dropped there leave the server with a dead peer
		{"net/ipv4/ip_local_port_range", "1024 65535"},
		{"net/ipv4/tcp_max_orphans", all}, // when the load leaves
		{"net/ipv4/tcp_mem", all + " " + all + " " + all},
	} {
		if err := os.WriteFile("/proc/sys/"+s[0], []byte(s[1]), 0); err != nil {
			return err
		}
	}
	most, err := strconv.ParseUint(descriptors, 10, 64)
	if err != nil {
		return err
	}
	return os.NewSyscallError("setrlimit", unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: most, Max: most}))
}
