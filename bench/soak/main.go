//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

	"fanfare/bench/serving"
	"fanfare/bench/soak/crowd"
)

// The roles that this program gives to processes of its own, as first argument.
const (
	roleCrowd  = "crowd"  // clients
	roleInside = "inside" // the soak itself, next the folder and what its network is
)

// What the network is that the soak is in.
const (
	ownNet   = "own"
	givenNet = "given"
)

func main() {
	// A child gets a signal when the thread that has started it ends: it must
	// be the one that ends last.
	runtime.LockOSThread()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := play(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

func play(ctx context.Context, args []string) error {
	switch {
	case len(args) > 0 && args[0] == roleCrowd:
		return crowd.Run(ctx, os.Stdin, os.Stdout)
	case len(args) > 2 && args[0] == roleInside:
		return inside(ctx, args[1], args[2] == ownNet && furnish(ctx), args[3:])
	}
	return run(ctx, args, os.Stdout, os.Stderr)
}

// run builds what is needed, makes the soak in a network namespace if it may,
// and leaves nothing behind but its result, or the logs of what has failed.
func run(ctx context.Context, args []string, out, stderr io.Writer) (err error) {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err == nil {
		err = serving.MakeResults("-results", o.results)
	}
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "fanfare-soak-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := o.build(ctx, dir); err != nil {
		return err
	}
	if err := raiseDescriptors(); err != nil {
		return err
	}
	if err := enter(ctx, dir, args, out, stderr); err != nil {
		return errors.Join(err, serving.KeepLogs(dir, o.logs))
	}
	return nil
}

// build puts the server and this program into dir.
func (o *options) build(ctx context.Context, dir string) error {
	if err := serving.Build(ctx, filepath.Join(dir, "soak"), "fanfare/bench/soak"); err != nil {
		return err
	}
	return serving.BuildOr(ctx, filepath.Join(dir, "fanfare"), o.fanfare)
}

// enter runs the soak in a process with a network of its own, or where that is
// not allowed with this one's.
func enter(ctx context.Context, dir string, args []string, out, stderr io.Writer) error {
	ways := []uintptr{unix.CLONE_NEWNET, unix.CLONE_NEWNET | unix.CLONE_NEWUSER, 0}
	if !haveTools() {
		ways = []uintptr{0}
	}
	for _, flags := range ways {
		net := ownNet
		if flags == 0 {
			net = givenNet
		}
		cmd := exec.Command(filepath.Join(dir, "soak"), append([]string{roleInside, dir, net}, args...)...)
		cmd.Stdout, cmd.Stderr = out, stderr
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Cloneflags: flags}
		if flags&unix.CLONE_NEWUSER != 0 {
			cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
			cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
		}
		if err := cmd.Start(); err != nil {
			if flags != 0 {
				continue // not allowed
			}
			return err
		}
		return errors.Join(await(ctx, cmd), serving.KillAll(filepath.Join(dir, "fanfare")))
	}
	return nil
}

// await waits for the soak, which is told when ctx ends.
func await(ctx context.Context, cmd *exec.Cmd) error {
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Signal(syscall.SIGTERM) }) // it may have ended
	defer stop()
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("the soak: %w", err) // it has said why
	}
	return nil
}

// raiseDescriptors lifts the soft limit to the hard one, also for children.
func raiseDescriptors() error {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		return os.NewSyscallError("getrlimit", err)
	}
	l.Cur = l.Max
	return os.NewSyscallError("setrlimit", unix.Setrlimit(unix.RLIMIT_NOFILE, &l))
}
