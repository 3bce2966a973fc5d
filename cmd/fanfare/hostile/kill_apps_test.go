//go:build e2e && linux

package hostile

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"fanfare/cmd/fanfare/e2e/process"
)

// What is killed, and when, is drawn from a seed, which a failure tells:
//
//	go test -tags e2e -run Kills -timeout 1h ./cmd/fanfare/hostile -kills 200 -seed 1
var (
	kills = flag.Int("kills", 6, "how often TestKillsOfApps, TestKillsOfWebhooks and TestKillsOfUpgrades kill")
	seed  = flag.Uint64("seed", 0, "what the kills are drawn from; 0 draws one")
)

// dice gives the random numbers of a test of kills.
func dice(t *testing.T) *rand.Rand {
	n := *seed
	if n == 0 {
		n = rand.Uint64()
	}
	t.Logf("-kills %d -seed %d", *kills, n)
	return rand.New(rand.NewPCG(n, 0))
}

const appsMode = 0o640

// editing is a folder whose apps are edited.
type editing struct {
	t      *testing.T
	random *rand.Rand
	dir    string
	round  int
	ids    []string // that were ever added
	stat   syscall.Stat_t
}

// A `fanfare app` that is killed, at whatever moment, leaves the file as it was or as it was to become: never half of it, with the
// owner and mode that it had. When it has said that it is done, it is.
func TestKillsOfApps(t *testing.T) {
	e := &editing{t: t, random: dice(t), dir: t.TempDir()}
	e.begin()
	done, old, littered := 0, 0, 0
	for e.round = range *kills {
		before := e.text(e.dir)
		args := e.draw()
		after, took := e.rehearse(before, args)
		delay := time.Duration(e.random.Int64N(int64(took + took/4)))
		said := e.kill(args, delay)
		switch text := e.text(e.dir); {
		case plain(text) == plain(after):
			done++
		case text == before && said == "":
			old++
		default:
			t.Fatalf("fanfare %q was killed after %v and had said %q. The file has\n%s\nbefore it had\n%s\nand should have\n%s", args, delay, said, text, before, after)
		}
		e.intact()
		littered += len(e.litter())
		if out, err := e.fanfare(e.dir, "app", "list", "--json").CombinedOutput(); err != nil {
			t.Fatalf("the file can't be read any more: %v\n%s", err, out)
		}
	}
	if out, err := e.fanfare(e.dir, "app", "add", "last").CombinedOutput(); err != nil {
		t.Fatalf("the next command: %v\n%s", err, out)
	}
	if left := e.litter(); len(left) > 0 {
		t.Errorf("left lying about: %q", left)
	}
	e.intact()
	t.Logf("%d kills: %d times the file was the old one, %d times the new one; %d times a file was left, which the next command removed", *kills, old, done, littered)
}

// begin makes a folder with an app, whose file belongs to somebody else where that can be.
func (e *editing) begin() {
	e.t.Helper()
	if err := os.WriteFile(filepath.Join(e.dir, "fanfare.toml"), []byte("# nothing\n"), 0o600); err != nil {
		e.t.Fatal(err)
	}
	if out, err := e.fanfare(e.dir, "app", "add", "first", "--secret", "a-secret-of-its-own").CombinedOutput(); err != nil {
		e.t.Fatalf("%v\n%s", err, out)
	}
	e.ids = []string{"first"}
	file := filepath.Join(e.dir, "apps.toml")
	if err := os.Chmod(file, appsMode); err != nil {
		e.t.Fatal(err)
	}
	if os.Getuid() == 0 {
		const nobody = 65534
		if err := os.Chown(file, nobody, nobody); err != nil {
			e.t.Fatal(err)
		}
	}
	if err := syscall.Stat(file, &e.stat); err != nil {
		e.t.Fatal(err)
	}
}

func (e *editing) fanfare(dir string, args ...string) *exec.Cmd {
	cmd := process.Fanfare(e.t, args...)
	cmd.Dir = dir
	return cmd
}

func (e *editing) text(dir string) string {
	e.t.Helper()
	return string(must(os.ReadFile(filepath.Join(dir, "apps.toml")))(e.t))
}

// draw gives a command that changes something, with nothing in it that is drawn anew at each run.
func (e *editing) draw() []string {
	id := e.ids[e.random.IntN(len(e.ids))]
	fresh := fmt.Sprint("app-", e.round)
	switch e.random.IntN(5) {
	case 0, 1:
		e.ids = append(e.ids, fresh)
		return []string{"app", "add", fresh, "--key", fresh + "-key", "--secret", fresh + "-secret-that-is-long"}
	case 2:
		return []string{"app", "rotate", id, "--secret", fresh + "-rotated-secret"}
	case 3:
		return []string{"app", "disable", id}
	}
	return []string{"app", "set", id, fmt.Sprint("limit.event_data=", 10_000+e.round), "webhooks=https://example.com/" + strings.Repeat("x", 200)}
}

// rehearse runs a command on a copy, and tells what it makes of it and how long that takes.
func (e *editing) rehearse(before string, args []string) (after string, took time.Duration) {
	e.t.Helper()
	dir := e.t.TempDir()
	for name, text := range map[string]string{"fanfare.toml": "# nothing\n", "apps.toml": before} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			e.t.Fatal(err)
		}
	}
	start := time.Now()
	_, _ = e.fanfare(dir, args...).CombinedOutput() // it may be about an app whose add was killed: then nothing is to change
	return e.text(dir), time.Since(start)
}

// kill runs a command, kills it after a while, and gives what it has said.
func (e *editing) kill(args []string, delay time.Duration) string {
	e.t.Helper()
	cmd := e.fanfare(e.dir, args...)
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		e.t.Fatal(err)
	}
	pause(delay)
	_ = cmd.Process.Kill() // it may be through
	_ = cmd.Wait()
	return out.String()
}

// intact checks the file's owner and mode.
func (e *editing) intact() {
	e.t.Helper()
	var now syscall.Stat_t
	if err := syscall.Stat(filepath.Join(e.dir, "apps.toml"), &now); err != nil {
		e.t.Fatal(err)
	}
	if now.Mode != e.stat.Mode || now.Uid != e.stat.Uid || now.Gid != e.stat.Gid {
		e.t.Errorf("the file has mode %o and owner %d:%d, want %o and %d:%d", now.Mode, now.Uid, now.Gid, e.stat.Mode, e.stat.Uid, e.stat.Gid)
	}
}

// litter names the files that are none of the folder's.
func (e *editing) litter() (names []string) {
	e.t.Helper()
	for _, f := range must(os.ReadDir(e.dir))(e.t) {
		if name := f.Name(); name != "fanfare.toml" && name != "apps.toml" {
			names = append(names, name)
		}
	}
	return names
}

var untils = regexp.MustCompile(`(?m)^until = .*$`)

// plain is a file's text without the moments at which former secrets end: those of two runs differ.
func plain(text string) string { return untils.ReplaceAllString(text, "until") }
