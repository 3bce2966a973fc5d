//go:build linux

package guest

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
)

// Program is the kernel's name.
const Program = "linux.uml"

// Machine is a guest, as the host sees it.
type Machine struct {
	Dir    string // its root. Only who runs Boot can read what is in it.
	Init   string // path of the first process in there, such as /init; linked statically
	Memory int64  // bytes
	Folder string // where its memory is a file; os.TempDir when empty

	// Start starts the kernel; nil is (*exec.Cmd).Start. The kernel gets a
	// signal when the thread ends that has started it.
	Start func(*exec.Cmd) error
}

// Console is the file that keeps all that the guest says.
func (m *Machine) Console() string { return filepath.Join(m.Dir, "console.log") }

// Boot starts the guest and waits until it has switched itself off. None of
// its processes are left when it returns. What the first process prints goes
// to out.
func (m *Machine) Boot(ctx context.Context, out io.Writer) error {
	if err := m.furnish(); err != nil {
		return err
	}
	console, err := os.Create(m.Console())
	if err != nil {
		return err
	}
	defer func() { _ = console.Close() }() // for reading it is opened again
	cmd := m.command(ctx)
	cmd.Stdout, cmd.Stderr = io.MultiWriter(console, &sinceMarker{to: out}), console
	start := m.Start
	if start == nil {
		start = (*exec.Cmd).Start
	}
	if err := start(cmd); err != nil {
		return fmt.Errorf("cannot start the guest: %w; apt-get install user-mode-linux", err)
	}
	err = cmd.Wait()
	_ = unix.Kill(-cmd.Process.Pid, unix.SIGKILL) // its processes, if it has left any
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		err = fmt.Errorf("the guest broke down: %w; %s tells more", err, m.Console())
	}
	return err
}

// furnish makes the folders that are mounted on.
func (m *Machine) furnish() error {
	for _, d := range []string{"proc", "sys", "tmp", "dev", "uml"} {
		if err := os.MkdirAll(filepath.Join(m.Dir, d), 0o700); err != nil {
			return err
		}
	}
	return nil
}

func (m *Machine) command(ctx context.Context) *exec.Cmd {
	cmd := exec.CommandContext(
		ctx, Program,
		"mem="+strconv.FormatInt(m.Memory>>20, 10)+"M",
		"rootfstype=hostfs", "rootflags="+m.Dir, "rw", "init="+m.Init,
		"quiet", "con=null", "con0=null,fd:1", "uml_dir="+filepath.Join(m.Dir, "uml"),
	)
	folder := m.Folder
	if folder == "" {
		folder = os.TempDir()
	}
	cmd.Env = []string{"TMPDIR=" + folder, "HOME=" + m.Dir, "PATH=" + os.Getenv("PATH")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	cmd.Cancel = func() error { return unix.Kill(-cmd.Process.Pid, unix.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// marker is the line on the console after which the kernel has booted.
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
