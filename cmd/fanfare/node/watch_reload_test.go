//go:build unix

package node

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanfare/channels/apps"
	"fanfare/cmd/fanfare/config"
)

// reloading is a node's apps and a folder of files that they come from.
type reloading struct {
	*reloads

	t    *testing.T
	dir  string
	log  bytes.Buffer
	told []string
}

func newReloading(t *testing.T, fanfare, own string) *reloading {
	t.Helper()
	r := &reloading{t: t, dir: t.TempDir()}
	r.put("fanfare.toml", fanfare)
	r.put("apps.toml", own)
	first, err := config.Load(config.Sources{File: r.dir + "/fanfare.toml"})
	must(t, err)
	store, err := apps.NewDynamic(first.Records()...)
	must(t, err)
	store.Subscribe(func(before, now *apps.App) {
		r.told = append(r.told, fmt.Sprintf("%v > %v", before != nil, now != nil))
	})
	level := new(slog.LevelVar)
	handler := slog.NewTextHandler(&r.log, &slog.HandlerOptions{Level: level, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})
	r.reloads = &reloads{log: slog.New(handler), level: level, apps: store, first: first, last: first}
	return r
}

// put writes a file; "" removes it.
func (r *reloading) put(name, text string) {
	r.t.Helper()
	if text == "" {
		if err := os.Remove(filepath.Join(r.dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			r.t.Fatal(err)
		}
		return
	}
	write(r.t, filepath.Join(r.dir, name), text)
}

// want reloads and compares what was logged, line by line.
func (r *reloading) want(what string, forced bool, lines ...string) {
	r.t.Helper()
	r.log.Reset()
	r.reload(forced)
	var got []string
	for line := range strings.Lines(strings.ReplaceAll(r.log.String(), r.dir+"/", "")) {
		got = append(got, strings.TrimSpace(line))
	}
	if diff := cmp.Diff(lines, got); diff != "" {
		r.t.Errorf("%s: the log (-want +got):\n%s", what, diff)
	}
}

func appTable(id, secret string, more ...string) string {
	return fmt.Sprintf("[[apps]]\nid = %q\nkey = \"key-%s\"\nsecret = %q\n%s\n", id, id, secret, strings.Join(more, "\n"))
}

const refused = `level=ERROR msg="the configuration was not reloaded: the apps stay as they are" error=`

func TestReload(t *testing.T) {
	r := newReloading(t, appTable("1", "a"), appTable("2", "b"))
	r.want("nothing changed", false)
	r.want("nothing changed, but asked for", true, `level=INFO msg="apps reloaded" added=[] changed=[] removed=[] apps=2`)
	r.put("fanfare.toml", appTable("1", "a", "client_events = false")+appTable("3", "c"))
	r.put("apps.toml", "# none\n")
	r.want("all kinds of changes", false, `level=INFO msg="apps reloaded" added=[3] changed=[1] removed=[2] apps=2`)
	if diff := cmp.Diff([]string{"true > true", "false > true", "true > false"}, r.told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

// What is wrong changes nothing, is told once, and its end is told.
func TestReloadOfWhatIsWrong(t *testing.T) {
	good := appTable("1", "a")
	for name, test := range map[string]struct{ fanfare, own, want string }{
		"half-written":    {good + "[[apps]]\nid = \"2", "", `"fanfare.toml:7: unexpected EOF; expected '\"'"`},
		"removed":         {"", "", `"cannot read the configuration: open fanfare.toml: no such file or directory"`},
		"empty":           {" ", "", `"no app is left: to serve none leave an apps.toml with a comment in it"`},
		"unknown key":     {good + "max_conns = 5", "", `"fanfare.toml: unknown key apps[0].max_conns; the nearest known key is apps[0].max_connections"`},
		"bad value":       {"[server]\nport = 70000\n" + good, "", `"fanfare.toml: server.port = 70000: want a number from 0 to 65535"`},
		"bad app":         {strings.ReplaceAll(good, "key-1", "a/b"), "", `"fanfare.toml: app \"1\": key is \"a/b\": the character at byte 1 has a meaning of its own in URLs or tokens; use letters, digits, '-', '_' and '.'"`},
		"id in both":      {good, appTable("1", "z"), `"apps.toml: app \"1\": id \"1\" is that of app \"1\" in fanfare.toml: give each app its own\napps.toml: app \"1\": key \"key-1\" is that of app \"1\" in fanfare.toml: give each app its own"`},
		"not only apps":   {good, "[server]\nport = 1\n", `"apps.toml: server is no app: this file holds [[apps]] alone, and fanfare.toml all other settings"`},
		"known to all":    {good + appTable("9", "app-secret"), "", `exposed`},
		"secret is wrong": {strings.ReplaceAll(good, `"a"`, "5"), "", `"fanfare.toml: apps[0].secret = ********: want a text in quotes"`},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReloading(t, good, "")
			r.refuse = func(c *config.Config) error {
				for _, a := range c.Apps {
					if a.Secret == apps.DefaultSecret {
						return errors.New("exposed")
					}
				}
				return nil
			}
			before, _ := r.apps.ByID("1")
			r.put("fanfare.toml", test.fanfare)
			r.put("apps.toml", test.own)
			r.want("first", false, refused+test.want)
			r.want("again", false)
			r.want("again, but asked for", true, refused+test.want)
			if now, _ := r.apps.ByID("1"); now != before || r.apps.Len() != 1 || r.told != nil {
				t.Errorf("something changed: %v, %v", now, r.told)
			}
			r.put("fanfare.toml", good)
			r.put("apps.toml", "")
			r.want("mended", false, `level=INFO msg="apps reloaded" added=[] changed=[] removed=[] apps=1`)
		})
	}
}

// The file of apps may come later, but once it is there it has to stay, and an
// empty one is taken for one that is being written.
func TestReloadOfTheFileOfApps(t *testing.T) {
	r := newReloading(t, appTable("1", "a"), "")
	r.put("apps.toml", appTable("2", "b"))
	r.want("came", false, `level=INFO msg="apps reloaded" added=[2] changed=[] removed=[] apps=2`)
	r.put("apps.toml", "")
	r.want("went", false, refused+`"cannot read the apps: open apps.toml: no such file or directory (`+"`fanfare app add`"+` makes the file that --apps-file or FANFARE_APPS_FILE names)"`)
	must(t, os.WriteFile(r.dir+"/apps.toml", nil, 0o600))
	r.want("empty", false, refused+`"apps.toml is empty, as if its writer were not done: write a comment into it if it is to have no apps"`)
	r.put("apps.toml", "# none\n")
	r.want("meant", false, `level=INFO msg="apps reloaded" added=[] changed=[] removed=[2] apps=1`)
	must(t, os.WriteFile(r.dir+"/apps.toml", nil, 0o600))
	r.want("empty, and was before", false)
}

func TestReloadKeepsFormerSecrets(t *testing.T) {
	r := newReloading(t, "[server]\nsecret_overlap = 60\n"+appTable("1", "a"), "")
	r.put("fanfare.toml", "[server]\nsecret_overlap = 3600\n"+appTable("1", "b"))
	r.want("new secret", false, `level=INFO msg="apps reloaded" added=[] changed=[1] removed=[] apps=1`)
	a, _ := r.apps.ByID("1")
	if len(a.Former) != 1 || a.Former[0].Secret != "a" || time.Until(a.Former[0].Until) < 50*time.Minute {
		t.Errorf("former secrets %v, want the old one for the hour that the new file says", a.Former)
	}
	r.put("fanfare.toml", appTable("1", "c", "[[apps.former]]", `secret = "b"`, "until = 2020-01-01T00:00:00Z"))
	r.want("leaked secret", false, `level=INFO msg="apps reloaded" added=[] changed=[1] removed=[] apps=1`)
	if a, _ = r.apps.ByID("1"); len(a.Former) != 1 || a.Former[0].Secret != "a" {
		t.Errorf("former secrets %v: the file says that b is over", a.Former)
	}
}

func TestReloadNamesWhatNeedsARestart(t *testing.T) {
	r := newReloading(t, "[log]\nlevel = \"info\"\n"+appTable("1", "a"), "")
	r.put("fanfare.toml", "[server]\nport = 7000\nhost = \"0.0.0.0\"\n[metrics]\nenabled = false\n"+appTable("1", "a"))
	r.want("changed", false, `level=WARN msg="changed settings that need a restart" keys="[server.host server.port metrics.enabled]"`)
	r.want("told once", false)
	r.put("fanfare.toml", "[server]\nport = 7000\n"+appTable("1", "a"))
	r.want("others", false, `level=WARN msg="changed settings that need a restart" keys=[server.port]`)
	r.put("fanfare.toml", "[log]\nlevel = \"debug\"\n"+appTable("1", "a"))
	r.want("level", false, `level=INFO msg="log.level changed" before=info now=debug`)
	if r.level.Level() != slog.LevelDebug {
		t.Errorf("the level is %v", r.level.Level())
	}
	r.level.Set(slog.LevelWarn) // by other means
	r.put("fanfare.toml", "[log]\nlevel = \"debug\"\n"+appTable("1", "b"))
	r.want("nothing to be told", false)
	if r.level.Level() != slog.LevelWarn {
		t.Errorf("a reload that does not change log.level makes it %v", r.level.Level())
	}
}

func TestReloadAbridgesLongLists(t *testing.T) {
	r := newReloading(t, appTable("x", "a"), "")
	var text strings.Builder
	for i := range 1000 {
		text.WriteString(appTable(fmt.Sprint(i), "s"))
	}
	r.put("apps.toml", text.String())
	r.want("many", false, `level=INFO msg="apps reloaded" added="[0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 and 980 more]" changed=[] removed=[] apps=1001`)
}

// The whole way: a file changes, or a signal comes, and the subscriber hears.
func TestReloadsRun(t *testing.T) {
	r := newReloading(t, appTable("1", "a"), "")
	told := make(chan string, 10)
	r.apps.Subscribe(func(_, now *apps.App) {
		if now == nil {
			told <- "removed"
			return
		}
		told <- now.Secret
	})
	await := func(want string) {
		t.Helper()
		select {
		case got := <-told:
			if got != want {
				t.Fatalf("told %s, want %s", got, want)
			}
		case <-time.After(patience):
			t.Fatalf("%s was not told", want)
		}
	}
	hup := make(chan os.Signal)
	// Written between the start of the node and that of the watch.
	r.put("fanfare.toml", appTable("1", "b"))
	stop := r.start(t.Context(), newFileWatch(r.reloads.log, eventsAlone, r.first.Sources().Files()...), hup)
	defer stop()
	await("b")
	r.put("fanfare.toml", "[[app")
	r.put("apps.toml", appTable("2", "c"))
	hup <- os.Interrupt // any signal will do
	hup <- os.Interrupt // the first one has been served
	r.put("fanfare.toml", appTable("1", "d"))
	await("d")
	await("c")
	r.put("apps.toml", "# none\n")
	await("removed")
	stop()
	if n := strings.Count(r.log.String(), refused); n < 1 {
		t.Errorf("the broken file was not told of:\n%s", &r.log)
	}
}

func BenchmarkReload(b *testing.B) {
	dir := b.TempDir()
	var text strings.Builder
	for i := range 1000 {
		text.WriteString(appTable(fmt.Sprint(i), "s"))
	}
	if err := os.WriteFile(dir+"/fanfare.toml", []byte(text.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := config.Load(config.Sources{File: dir + "/fanfare.toml"}); err != nil {
			b.Fatal(err)
		}
	}
}

// A level that was set over the control socket stays until log.level changes.
func TestReloadLeavesALevelAlone(t *testing.T) {
	r := newReloading(t, appTable("1", "a"), "# none\n")
	r.level.Set(slog.LevelDebug)
	r.want("another app", false)
	r.put("apps.toml", appTable("2", "b"))
	r.want("another app", false, `level=INFO msg="apps reloaded" added=[2] changed=[] removed=[] apps=2`)
	if got := r.level.Level(); got != slog.LevelDebug {
		t.Errorf("the level is %v after a reload of apps, want debug still", got)
	}
	r.put("fanfare.toml", "[log]\nlevel = \"warn\"\n"+appTable("1", "a"))
	r.want("the level in the file", false)
	if got := r.level.Level(); got != slog.LevelWarn {
		t.Errorf("the level is %v after the file's has changed, want warn", got)
	}
}
