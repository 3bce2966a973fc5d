//go:build e2e && linux

package hostile

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"fanfare/cmd/fanfare/e2e/process"
)

// onSmallDisk has a command run where a folder is a disk of so many KiB, which only it sees.
func onSmallDisk(cmd *exec.Cmd, dir string, kib int) {
	const script = `mount -t tmpfs -o "size=$0k" fanfare-test "$1" && shift && exec "$@"`
	cmd.Args = append([]string{"sh", "-c", script, fmt.Sprint(kib), dir, cmd.Path}, cmd.Args[1:]...)
	cmd.Path = "/bin/sh"
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Getuid() != 0 { // then it is root where it can do no harm
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
}

// A disk that is full costs what webhooks keep there and nothing else: the events stay in memory and are delivered, in order, once
// their receiver is back.
func TestFullDiskUnderWebhooks(t *testing.T) {
	t.Parallel()
	b, dir := newBox(t), t.TempDir()
	config := filepath.Join(t.TempDir(), "fanfare.toml")
	if err := os.WriteFile(config, []byte(hooked(b.addr, dir)), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := process.Fanfare(t, "serve", "--config", config, "--host", "127.0.0.1", "--port", "0", "--metrics-port", "0")
	onSmallDisk(cmd, dir, 512)
	p := process.Serve(t, cmd)
	s := &server{Server: p, addr: p.Addr, metrics: p.Metrics}
	if err := b.be(failing); err != nil {
		t.Fatal(err)
	}
	d, err := dictate(s, b, "desk")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.reaches("fanfare_webhook_disk_failures_total", 2); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(b.be(taking), d.end()); err != nil {
		t.Fatal(err)
	}
	s.delivers(t, b)
	b.wants(t, d.said(), d.said())
	if text := s.Log(); !strings.Contains(text, "no space left on device") {
		t.Errorf("the log does not say that the disk is full:\n%s", text)
	}
	s.unharmed(t)
}

// A disk that is full leaves the apps as they are.
func TestFullDiskUnderApps(t *testing.T) {
	dir := t.TempDir()
	// All in one shell: the disk is gone with it.
	const script = `cd "$1" && : >fanfare.toml && "$2" app add first && cp apps.toml before || exit 3
dd if=/dev/zero of=fill bs=1k 2>/dev/null
"$2" app set first webhooks=https://example.com/$(printf %09000d 7) && exit 4
cmp apps.toml before || exit 5
rm fill && "$2" app add second && ls -A`
	cmd := process.Fanfare(t)
	cmd.Args = []string{"sh", "-c", script, "sh", dir, cmd.Path}
	cmd.Path = "/bin/sh"
	onSmallDisk(cmd, dir, 64)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "no space left on device") {
		t.Fatalf("%v\n%s", err, out)
	}
	if !strings.HasSuffix(string(out), "\napps.toml\nbefore\nfanfare.toml\n") {
		t.Errorf("other files than these are in the folder at the end:\n%s", out)
	}
}
