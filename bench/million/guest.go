//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Files in the guest's root folder, by which it is told what to do and tells
// what came of it.
const (
	trialFile    = "trial.json"
	findingsFile = "findings.json"
)

// guest is this program's life as the guest's first process: it brings the
// machine up, makes the trial, and switches it off.
func guest() {
	fmt.Println(marker) //nolint:forbidigo // the console is all that there is
	f, err := attempt()
	if err != nil {
		f.Failure = err.Error()
	}
	if err := writeJSON("/"+findingsFile, f); err != nil {
		fmt.Println("cannot write the findings:", err) //nolint:forbidigo // the console is all that there is
	}
	unix.Sync()
	err = unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
	panic(err) // it does not return
}

func attempt() (findings, error) {
	var t trial
	b, err := os.ReadFile("/" + trialFile)
	if err == nil {
		err = json.Unmarshal(b, &t)
	}
	if err == nil {
		err = prepare(t.Connections)
	}
	if err != nil {
		return findings{}, err
	}
	return t.run(context.Background(), "/", os.Stdout)
}

// prepare mounts what is needed, brings the loopback up, and lifts the limits
// for n connections with both ends in this machine.
func prepare(n int) error {
	if err := os.Setenv("PATH", "/"); err != nil {
		return err
	}
	mounts := errors.Join(mount("proc", "/proc"), mount("sysfs", "/sys"), mount("tmpfs", "/tmp"))
	if mounts != nil {
		return mounts
	}
	return errors.Join(loopbackUp(), liftLimits(n))
}

func mount(kind, at string) error {
	if err := unix.Mount(kind, at, kind, 0, ""); err != nil {
		return fmt.Errorf("cannot mount %s: %w", at, err)
	}
	return nil
}

func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer func() { _ = unix.Close(fd) }() // it was opened for the call below
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return os.NewSyscallError("ioctl SIOCSIFFLAGS", unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo))
}

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
