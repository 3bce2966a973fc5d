//go:build e2e

package systemd

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"fanfare/cmd/fanfare/e2e/process"
)

// patience is how long anything may take before a test says what did not happen.
const patience = 60 * time.Second

func TestMain(m *testing.M) { process.Main(m) }

// machine is a booted systemd.
type machine struct {
	t   *testing.T
	pid string // of its process 1, as this machine counts
}

// boot starts one for the length of the test, and waits until it is up.
func boot(t *testing.T) *machine {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("booting systemd takes root: run the test with sudo, or in a container or machine of its own")
	}
	repository, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	log := new(bytes.Buffer)
	cmd := exec.Command("unshare", "-m", "-p", "-f", "-n", "-u", "-i", "-C", "--kill-child=SIGKILL",
		"testdata/boot.sh", t.TempDir(), repository, process.Program)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // the kernel ends all others with process 1
		_ = cmd.Wait()
		if t.Failed() && log.Len() > 0 {
			t.Logf("while it booted: %s", log)
		}
	})
	m := &machine{t: t}
	m.eventually("systemd is up", func() error {
		children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", cmd.Process.Pid))
		if m.pid = strings.TrimSpace(string(children)); err != nil || m.pid == "" {
			return fmt.Errorf("unshare has no child: %w", err)
		}
		if what, err := os.Readlink(filepath.Join("/proc", m.pid, "exe")); err != nil || filepath.Base(what) != "systemd" {
			return fmt.Errorf("process 1 is %q yet: %w", what, err)
		}
		_, err = m.try("systemctl is-system-running --wait")
		return err
	})
	t.Cleanup(m.tellWhy)
	return m
}

// tellWhy shows the journal of a test that failed.
func (m *machine) tellWhy() {
	if m.t.Failed() {
		out, _ := m.try("journalctl --no-pager -n 200 -u fanfare.service -u fanfare.socket; systemctl --no-pager --failed")
		m.t.Logf("journal:\n%s", out)
	}
}

// command is a shell's script in the machine, in the repository, where it stops at the first command that fails.
func (m *machine) command(ctx context.Context, script string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "nsenter", "-t", m.pid, "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w", "sh", "-euc", "cd /srv/fanfare\n"+script)
	cmd.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"}
	return cmd
}

func (m *machine) try(script string) (output string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	out, err := m.command(ctx, script).CombinedOutput()
	return string(out), err
}

// run wants the script to succeed, and gives what it prints.
func (m *machine) run(script string) string {
	m.t.Helper()
	out, err := m.try(script)
	if err != nil {
		m.t.Fatalf("%s\n%s%v", script, out, err)
	}
	return strings.TrimSpace(out)
}

// start begins a script that goes on; result waits for its end.
func (m *machine) start(script string) (result func() string) {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	m.t.Cleanup(cancel)
	var out bytes.Buffer
	cmd := m.command(ctx, script)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	return func() string {
		if err := cmd.Wait(); err != nil {
			return fmt.Sprintf("%s%v", out.String(), err)
		}
		return strings.TrimSpace(out.String())
	}
}

// property is one of the service, as systemctl show has it.
func (m *machine) property(name string) string {
	m.t.Helper()
	return m.run("systemctl show -P " + name + " fanfare")
}

// eventually repeats a check until it passes.
func (m *machine) eventually(what string, check func() error) {
	m.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(patience); ; {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-end:
			m.t.Fatalf("not within %v: %s: %v", patience, what, err)
		}
	}
}

// number reads a property of the service that is one.
func (m *machine) number(name string) int {
	m.t.Helper()
	n, err := strconv.Atoi(m.property(name))
	if err != nil {
		m.t.Fatalf("%s: %v", name, err)
	}
	return n
}
