package appfile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanfare/channels/apps"
	"fanfare/cmd/fanfare/config"
	"fanfare/cmd/fanfare/config/setting"
	"fanfare/cmd/fanfare/config/setting/settingtest"
)

func newFolder(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/fanfare.toml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// mustEdit edits the apps beside a folder's fanfare.toml.
func mustEdit(t *testing.T, dir string, edit func(f *File) error) {
	t.Helper()
	if _, err := Edit(t.Context(), config.Sources{File: dir + "/fanfare.toml"}, edit); err != nil {
		t.Fatal(err)
	}
}

// adding is an edit that adds an app with random credentials.
func adding(id string) func(f *File) error {
	return func(f *File) error {
		app, err := config.RandomApp()
		if err != nil {
			return err
		}
		app.ID = id
		return ignoreID(f.Add(app, nil))
	}
}

func ignoreID(_ string, err error) error { return err }

// TestEverySettingSurvivesEdits sets every key of an app, and edits the file
// again, and wants all of them to be there.
func TestEverySettingSurvivesEdits(t *testing.T) {
	dir := newFolder(t, "[webhooks]\nallow_private = true\n")
	var words []string
	// What a single other value would make invalid.
	fit := map[string]string{"limit.message_size": "300KiB", "limit.request_size": "300KiB", "allowed_origins": "https://a.test,*.b.test", "slow_age": "7"}
	var app config.App
	if err := app.Fill(nil, func(_, _ string) {}); err != nil {
		t.Fatal(err)
	}
	for _, s := range setting.Of(&app) {
		if s.Path == "id" {
			continue
		}
		value, ok := fit[s.Path]
		if !ok {
			value = settingtest.Another(s)
		}
		words = append(words, s.Path+"="+value)
	}
	words = append(words, "slow=a-*:conflate *:drop-oldest:bytes=1KiB:frames=3:age=60",
		`webhooks=[{"url":"http://127.0.0.1/hook","events":["member_added","cache_miss"],"channel_prefix":"a","channel_suffix":"b","headers":{"X-Key":"\"quoted\" \\ ü","A":"b"},"private_targets":true},{"url":"https://b.test"}]`)
	mustEdit(t, dir, func(f *File) error { return ignoreID(f.Add(config.App{ID: "1", Key: "k", Secret: "s"}, words)) })
	read := func() *apps.App {
		t.Helper()
		l, err := config.Load(config.Sources{File: dir + "/fanfare.toml"})
		if err != nil {
			t.Fatal(err)
		}
		if len(l.Apps) < 1 || l.AppsFile != filepath.Join(dir, "apps.toml") {
			t.Fatalf("%d apps, of %s", len(l.Apps), l.AppsFile)
		}
		return l.Records()[0]
	}
	first := read()
	if first.Key != "other" || first.Enabled || first.Limits.EventData != 2000 || first.Webhooks[0].Headers["X-Key"] != "\"quoted\" \\ ü" || len(first.SlowChannels) != 2 {
		t.Errorf("not all was set: %#v", *first)
	}
	mustEdit(t, dir, func(f *File) error { return f.Rotate("1", "new", time.Now().Add(time.Hour)) })
	mustEdit(t, dir, adding("2"))
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
	drafts, err := config.AppsFromFile(config.Sources{File: dir + "/fanfare.toml"})
	if err != nil {
		t.Fatal(err)
	}
	again, err := (&File{drafts: drafts}).text()
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
			if _, err := Edit(t.Context(), config.Sources{File: dir + "/fanfare.toml"}, adding(fmt.Sprint(i))); err != nil {
				t.Errorf("app %d: %v", i, err)
			}
		})
	}
	running.Wait()
	l, err := config.Load(config.Sources{File: dir + "/fanfare.toml"})
	if err != nil || len(l.Apps) != n {
		t.Errorf("%d apps, %v; want %d", len(l.Apps), err, n)
	}
	left, err := filepath.Glob(dir + "/.*")
	if err != nil || len(left) > 0 {
		t.Errorf("left lying about: %v, %v", left, err)
	}
}

// What a command left that was killed holds secrets, and goes with the next one.
func TestEditRemovesLitter(t *testing.T) {
	dir := newFolder(t, "# none\n")
	for _, name := range []string{".apps.toml-123", ".apps.toml-7"} {
		if err := os.WriteFile(dir+"/"+name, []byte("half a"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{".apps.toml-", ".apps.toml-123.swp", ".apps.toml", "apps.toml-123"} {
		if err := os.WriteFile(dir+"/"+name, []byte("somebody else's"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	mustEdit(t, dir, adding("1"))
	entries, err := os.ReadDir(dir)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	want := []string{".apps.toml", ".apps.toml-", ".apps.toml-123.swp", "apps.toml", "apps.toml-123", "fanfare.toml"}
	if diff := cmp.Diff(want, names); diff != "" || err != nil {
		t.Errorf("%v; the folder has (-want +got):\n%s", err, diff)
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
	_, err = Edit(ctx, config.Sources{File: dir + "/fanfare.toml"}, adding("1"))
	if err == nil || !strings.Contains(err.Error(), "another `fanfare app` keeps "+dir+" locked") {
		t.Errorf("said %v", err)
	}
	if _, wrong := errors.AsType[config.Error](err); wrong {
		t.Error("and blamed the configuration")
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
		mustEdit(t, dir, adding("1"))
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
	mustEdit(t, dir, func(f *File) error { return ignoreID(f.Add(config.App{ID: "1", Key: "k", Secret: "s0"}, nil)) })
	f := func(secret string, overlap time.Duration, former ...string) {
		t.Helper()
		until := time.Now().Add(overlap).Truncate(time.Second)
		mustEdit(t, dir, func(f *File) error { return f.Rotate("1", secret, until) })
		l, err := config.Load(config.Sources{File: dir + "/fanfare.toml"})
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
	f("s1", 5000*time.Second, "s0")
	f("s2", 4000*time.Second, "s0", "s1")
	f("s3", 0, "s0", "s1", "s2") // that it is over is written down, for a server that runs
	f("s4", 3000*time.Second, "s0", "s1", "s3", "s2")
	f("s5", 6000*time.Second, "s4", "s0", "s1", "s3")
	f("s0", 1000*time.Second, "s4", "s1", "s3", "s5") // back: s0 is none of the former now
}

// Long ago is not written on for ever.
func TestRotateForgetsWhatIsLongOver(t *testing.T) {
	old := time.Now().Add(-keptFormer - time.Hour).Format(time.RFC3339)
	draft, err := rotate(setting.Draft{
		{Path: "id", Text: "1"},
		{Path: "key", Text: "k"},
		{Path: "secret", Text: "b"},
		{Path: "former[0].secret", Text: "a"},
		{Path: "former[0].until", Text: old},
	}, "c", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range draft {
		if a.Text == "a" {
			t.Error("it is")
		}
	}
}
