package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanfare/channels/apps"
)

// runHere runs a command line on the files of a folder.
func runHere(t *testing.T, dir string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	c := cli{program: "fanfare", env: []string{envConfig + "=" + dir + "/fanfare.toml"}, stdout: &out, stderr: &errs}
	code = c.run(t.Context(), args)
	return code, out.String(), errs.String()
}

func newFolder(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/fanfare.toml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func mustRun(t *testing.T, dir string, args ...string) string {
	t.Helper()
	code, out, errs := runHere(t, dir, args...)
	if code != exitOK {
		t.Fatalf("fanfare %s: %s", strings.Join(args, " "), errs)
	}
	return out
}

// TestEverySettingSurvivesEdits sets every key of an app, and edits the file
// again, and wants all of them to be there.
func TestEverySettingSurvivesEdits(t *testing.T) {
	dir := newFolder(t, "[webhooks]\nallow_private = true\n")
	args := []string{"app", "add", "1"}
	// What a single other value would make invalid.
	fit := map[string]string{"limit.message_size": "300KiB", "limit.request_size": "300KiB", "allowed_origins": "https://a.test,*.b.test", "slow_age": "7"}
	for _, s := range settingsOf(&App{}) {
		if s.path == "id" {
			continue
		}
		s.setDefault("")
		value, ok := fit[s.path]
		if !ok {
			value = another(s)
		}
		args = append(args, "--set", s.path+"="+value)
	}
	args = append(args, "--set", "slow=a-*:conflate *:drop-oldest:bytes=1KiB:frames=3:age=60",
		"--set", `webhooks=[{"url":"http://127.0.0.1/hook","events":["member_added","cache_miss"],"channel_prefix":"a","channel_suffix":"b","headers":{"X-Key":"\"quoted\" \\ ü","A":"b"},"private_targets":true},{"url":"https://b.test"}]`)
	mustRun(t, dir, args...)
	read := func() *apps.App {
		t.Helper()
		l, err := load(sources{file: dir + "/fanfare.toml"})
		if err != nil {
			t.Fatal(err)
		}
		if len(l.Apps) < 1 || l.AppsFile != filepath.Join(dir, "apps.toml") {
			t.Fatalf("%d apps, of %s", len(l.Apps), l.AppsFile)
		}
		return l.Apps[0].record()
	}
	first := read()
	if first.Key != "other" || first.Enabled || first.Limits.EventData != 2000 || first.Webhooks[0].Headers["X-Key"] != "\"quoted\" \\ ü" || len(first.SlowChannels) != 2 {
		t.Errorf("not all was set: %#v", *first)
	}
	mustRun(t, dir, "app", "rotate", "1", "--secret", "new", "--overlap", "3600")
	mustRun(t, dir, "app", "add", "2")
	second := read()
	if len(second.Former) != 1 || second.Former[0].Secret != "other" || second.Secret != "new" {
		t.Errorf("rotated: %v, secret %s", second.Former, second.Secret)
	}
	second.Secret, second.Former = first.Secret, first.Former
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("edits changed more (-before +after):\n%s", diff)
	}
	text, err := os.ReadFile(dir + "/apps.toml")
	if err != nil {
		t.Fatal(err)
	}
	f, err := parseAppsFile("apps.toml", string(text))
	if err != nil {
		t.Fatal(err)
	}
	again, err := (&appsFile{drafts: f.apps}).text()
	if diff := cmp.Diff(string(text), again); diff != "" || err != nil {
		t.Errorf("writing what was read is another text, %v (-read +written):\n%s", err, diff)
	}
}

// Commands that run at the same time wait for each other.
func TestEditsAtTheSameTime(t *testing.T) {
	const n = 12
	dir := newFolder(t, "# none\n")
	var running sync.WaitGroup
	for i := range n {
		running.Go(func() {
			if code, _, errs := runHere(t, dir, "app", "add", fmt.Sprint(i)); code != exitOK {
				t.Errorf("app %d: %s", i, errs)
			}
		})
	}
	running.Wait()
	l, err := load(sources{file: dir + "/fanfare.toml"})
	if err != nil || len(l.Apps) != n {
		t.Errorf("%d apps, %v; want %d", len(l.Apps), err, n)
	}
	left, err := filepath.Glob(dir + "/.*")
	if err != nil || len(left) > 0 {
		t.Errorf("left lying about: %v, %v", left, err)
	}
}

func TestEditGivesUpOnALockThatIsKept(t *testing.T) {
	dir := newFolder(t, "# none\n")
	unlock, err := lockFile(t.Context(), dir+"/apps.toml")
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	c := cli{env: []string{envConfig + "=" + dir + "/fanfare.toml"}, stdout: new(bytes.Buffer), stderr: new(bytes.Buffer)}
	if code := c.run(ctx, []string{"app", "add"}); code != exitFail {
		t.Errorf("exit code %d, want %d", code, exitFail)
	}
	if text := c.stderr.(*bytes.Buffer).String(); !strings.Contains(text, "another `fanfare app` keeps "+dir+" locked") {
		t.Errorf("said %s", text)
	}
	if _, err := os.Stat(dir + "/apps.toml"); err == nil {
		t.Error("the file was written all the same")
	}
}

// A link to the file of apps stays a link.
func TestEditFollowsLinks(t *testing.T) {
	dir := newFolder(t, "# none\n")
	elsewhere := t.TempDir()
	for range 2 {
		_ = os.Remove(dir + "/apps.toml")
		if err := os.Symlink(elsewhere+"/my.toml", dir+"/apps.toml"); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(elsewhere+"/my.toml", []byte("# mine\n"), 0o640); err != nil { //nolint:gosec // the mode is what is tested
			t.Fatal(err)
		}
		mustRun(t, dir, "app", "add", "1")
	}
	info, err := os.Lstat(dir + "/apps.toml")
	if err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v, %v", info, err)
	}
	text, err := os.ReadFile(elsewhere + "/my.toml")
	if err != nil || !strings.Contains(string(text), `id = "1"`) {
		t.Errorf("the file has %s, %v", text, err)
	}
}

func TestRotateKeepsTheFormerSecretsThatEndLast(t *testing.T) {
	dir := newFolder(t, "# none\n")
	mustRun(t, dir, "app", "add", "1", "--secret", "s0")
	f := func(secret, overlap string, former ...string) {
		t.Helper()
		mustRun(t, dir, "app", "rotate", "1", "--secret", secret, "--overlap", overlap)
		l, err := load(sources{file: dir + "/fanfare.toml"})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range l.Apps[0].Former {
			got = append(got, f.Secret)
		}
		if diff := cmp.Diff(former, got); diff != "" || l.Apps[0].Secret != secret {
			t.Errorf("after %s (-want +got):\n%s", secret, diff)
		}
	}
	f("s1", "5000", "s0")
	f("s2", "4000", "s0", "s1")
	f("s3", "0", "s0", "s1", "s2") // that it is over is written down, for a server that runs
	f("s4", "3000", "s0", "s1", "s3", "s2")
	f("s5", "6000", "s4", "s0", "s1", "s3")
	f("s0", "1000", "s4", "s1", "s3", "s5") // back: s0 is none of the former now
}

// Long ago is not written on for ever.
func TestRotateForgetsWhatIsLongOver(t *testing.T) {
	old := time.Now().Add(-keptFormer - time.Hour).Format(time.RFC3339)
	draft, err := rotate([]assignment{
		{path: "id", text: "1"},
		{path: "key", text: "k"},
		{path: "secret", text: "b"},
		{path: "former[0].secret", text: "a"},
		{path: "former[0].until", text: old},
	}, "c", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range draft {
		if a.text == "a" {
			t.Error("it is")
		}
	}
}

// What can't be written says so, and leaves the file.
func TestEditOfAFolderThatIsAFile(t *testing.T) {
	dir := newFolder(t, "# none\n")
	code, _, errs := runHere(t, dir, "app", "add", "--apps-file", dir+"/fanfare.toml/apps.toml")
	if code != exitFail || !strings.Contains(errs, "cannot write "+dir+"/fanfare.toml/apps.toml: ") {
		t.Errorf("exit code %d: %s", code, errs)
	}
}
