package doctor

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"fanfare/cmd/fanfare/doctor/machine"
)

// settings reads a file of sysctl.d as sysctl does: comments, blank lines, and
// KEY = VALUE, with a dash in front of what may be absent.
func settings(t *testing.T, text string) map[string]string {
	t.Helper()
	found := make(map[string]string)
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		key, value, ok := strings.Cut(line, " = ")
		if key = strings.TrimPrefix(key, "-"); !ok || value == "" || found[key] != "" {
			t.Errorf("%q is no setting, or comes twice", line)
		}
		found[key] = value
	}
	return found
}

// apply makes the files of --fix true of a recorded machine.
func apply(t *testing.T, root fs.FS, list []file) fstest.MapFS {
	t.Helper()
	changed := maps.Clone(root.(fstest.MapFS))
	for key, value := range settings(t, list[0].text) {
		name := "proc/sys/" + strings.ReplaceAll(key, ".", "/")
		if changed[name] == nil {
			t.Errorf("%s is set, but the machine does not have it", key)
		}
		changed[name] = &fstest.MapFile{Data: []byte(value + "\n")}
	}
	_, limit, ok := strings.Cut(list[2].text, "LimitNOFILE=")
	if !ok || !strings.Contains(list[1].text, "\n*     - nofile "+strings.TrimSpace(limit)+"\nroot  - nofile "+strings.TrimSpace(limit)+"\n") {
		t.Errorf("limits.d and the unit do not say the same:\n%s\n%s", list[1].text, list[2].text)
	}
	changed["proc/self/limits"] = &fstest.MapFile{Data: []byte("Max open files  1024  " + strings.TrimSpace(limit) + "  files\n")}
	return changed
}

// TestFixFits applies what --fix prints to each recorded machine: then everything
// that a file can change is in order, the ceiling is what was promised, nothing is
// lower than before, and --fix prints the same files.
func TestFixFits(t *testing.T) {
	for _, name := range []string{"vm", "metal", "cgroup1"} {
		for _, connections := range []int64{1, 19_000, 100_000, 1_000_000, 20_000_000} {
			root, probes := recording(t, name)
			before := judged(t, name, connections)
			list := before.files(service)
			root = apply(t, root, list)
			after := newReport(machine.Read(root, "self", probes), before.Need, before.Origin)
			for i, f := range after.Findings {
				small := f.Check == checkEvents && before.Cost.Rest()+before.Cost.Event > before.Cost.Given // tcp_mem is not made larger than half of the memory
				if (len(f.set) > 0 || f.Check == checkDescriptors) && f.Verdict.fails() && !small {
					t.Errorf("%s, %d: after --fix %s is %s: %s, should be %s", name, connections, f.Check, f.Verdict, f.Is, f.Should)
				}
				if was := before.Findings[i]; f.Ends < was.Ends {
					t.Errorf("%s, %d: %s ended at %d, and after --fix at %d", name, connections, f.Check, was.Ends, f.Ends)
				}
			}
			if after.Now.Connections < before.Fixed.Connections {
				t.Errorf("%s, %d: --fix promised %d connections, and %s ends them at %d", name, connections, before.Fixed.Connections, after.Now.Check, after.Now.Connections)
			}
			if diff := cmp.Diff(list, after.files(service), cmp.AllowUnexported(file{})); diff != "" {
				t.Errorf("%s, %d: --fix is another after it was applied (-first +second):\n%s", name, connections, diff)
			}
		}
	}
}

func TestFixFiles(t *testing.T) {
	var b strings.Builder
	if err := printFiles(&b, judged(t, "metal", 1_000_000).files(unitName("events"))); err != nil {
		t.Fatal(err)
	}
	golden(t, "metal-1_000_000-fix", b.String())
}

// TestFixIsRead gives the files to the real sysctl: it knows every key, and in a
// network namespace of its own the command finds in order what it has set.
func TestFixIsRead(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	most := strconv.Itoa(mostConnections) // no listener's queue is long enough, however many loops there are
	doctor := func(prefix []string, args ...string) string {
		t.Helper()
		line := slices.Concat(prefix, []string{self, "doctor", "--connections", most}, args)
		cmd := exec.CommandContext(t.Context(), line[0], line[1:]...)
		cmd.Env = append(os.Environ(), asCommand+"=1", "GORACE=atexit_sleep_ms=0") // else each run lasts a second with -race
		cmd.Dir = dir
		out, err := cmd.Output()
		if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && (!ok || exit.ExitCode() != 1) {
			t.Fatalf("%v: %v\n%s", line, err, out)
		}
		return string(out)
	}
	doctor(nil, "--fix="+dir)
	path := filepath.Join(dir, "etc/sysctl.d/90-fanfare.conf")
	if out, err := exec.CommandContext(t.Context(), "sysctl", "--dry-run", "-p", path).CombinedOutput(); err != nil || strings.Contains(string(out), "sysctl:") {
		t.Errorf("sysctl does not read %s: %v\n%s", path, err, out)
	}

	// Of the rest of the settings a namespace has none of its own.
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var own strings.Builder
	for _, key := range []string{"net.core.somaxconn", "net.ipv4.tcp_syncookies"} {
		fmt.Fprintf(&own, "%s = %s\n", key, settings(t, string(text))[key])
	}
	ownPath := filepath.Join(dir, "own.conf")
	if err := os.WriteFile(ownPath, []byte(own.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	namespace := []string{"unshare", "--net", "--map-root-user"}
	const backlogLine = "net.core.somaxconn"
	before := doctor(namespace, "--json")
	after := doctor(slices.Concat(namespace, []string{"sh", "-c", `sysctl -qp "$0" && exec "$@"`, ownPath}), "--json")
	if b, a := verdictOf(t, before, backlogLine), verdictOf(t, after, backlogLine); b != "low" || a != "ok" {
		t.Errorf("%s is %s before sysctl -p and %s after it, want low and ok", backlogLine, b, a)
	}
}

// verdictOf finds a check's verdict in the output of --json.
func verdictOf(t *testing.T, text, name string) string {
	t.Helper()
	var r struct {
		Checks []struct{ Check, Verdict string }
	}
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	for _, c := range r.Checks {
		if c.Check == name {
			return c.Verdict
		}
	}
	t.Errorf("no check is named %q:\n%s", name, text)
	return ""
}
