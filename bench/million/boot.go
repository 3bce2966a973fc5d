//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"fanfare/bench/serving"
)

const program = "linux.uml"

// boot starts the guest and waits until it has switched itself off. None of
// its processes are left when it returns.
func (m *machine) boot(ctx context.Context, out io.Writer) error {
	console, err := os.Create(filepath.Join(m.dir, "console.log"))
	if err != nil {
		return err
	}
	defer func() { _ = console.Close() }() // for reading it is opened again
	cmd := exec.CommandContext(ctx, program, m.arguments()...)
	cmd.Env = []string{"TMPDIR=" + m.folder, "HOME=" + m.dir, "PATH=" + os.Getenv("PATH")}
	cmd.Stdout, cmd.Stderr = io.MultiWriter(console, &sinceMarker{to: out}), console
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	cmd.Cancel = func() error { return unix.Kill(-cmd.Process.Pid, unix.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second
	if err := serving.StartPinned(cmd, m.core); err != nil {
		return err
	}
	err = cmd.Wait()
	_ = unix.Kill(-cmd.Process.Pid, unix.SIGKILL) // its processes, if it has left any
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		err = fmt.Errorf("the guest broke down: %w\n%s", err, serving.Tail(console.Name()))
	}
	return err
}

func (m *machine) arguments() []string {
	return []string{
		"mem=" + strconv.FormatInt(m.memory>>20, 10) + "M",
		"rootfstype=hostfs", "rootflags=" + m.dir, "rw", "init=/init",
		"quiet", "con=null", "con0=null,fd:1", "uml_dir=" + filepath.Join(m.dir, "uml"),
	}
}

// marker is the line on the guest's console after which the kernel has booted.
const marker = "fanfare: here is the guest"

// sinceMarker passes on what comes after the marker, without a terminal's
// carriage returns.
type sinceMarker struct {
	to     io.Writer
	before []byte
	found  bool
}

func (w *sinceMarker) Write(b []byte) (int, error) {
	n := len(b)
	b = bytes.ReplaceAll(b, []byte("\r"), nil)
	if !w.found {
		w.before = append(w.before, b...)
		_, after, found := bytes.Cut(w.before, []byte(marker+"\n"))
		if !found {
			return n, nil
		}
		w.found, w.before, b = true, nil, after
	}
	if _, err := w.to.Write(b); err != nil {
		return 0, err
	}
	return n, nil
}
