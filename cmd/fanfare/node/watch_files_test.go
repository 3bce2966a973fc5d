//go:build unix

package node

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// patience is for what happens at once on a machine that is not overloaded.
const patience = 20 * time.Second

// eventsAlone never looks: what is told came from the kernel.
var eventsAlone = watchPace{calm: 20 * time.Millisecond, most: time.Second, look: time.Hour}

// startWatch runs a watch and takes its first change, which is told at once.
func startWatch(t *testing.T, pace watchPace, deaf bool, names ...string) *fileWatch {
	t.Helper()
	w := newFileWatch(slog.New(slog.DiscardHandler), pace, names...)
	if deaf && w.notify != nil {
		if err := w.notify.Close(); err != nil {
			t.Fatal(err)
		}
		w.notify = nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { w.run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	awaitChange(t, w, "start")
	return w
}

func awaitChange(t *testing.T, w *fileWatch, what string) {
	t.Helper()
	select {
	case <-w.changed:
	case <-time.After(patience):
		t.Fatalf("%s was not told", what)
	}
}

// must is for steps that have to work for the test to mean anything.
func must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o600))
}

// configMap lays a version of a mounted ConfigMap down as the kubelet does:
// a folder of its own, and ..data swapped to it by a rename.
func configMap(t *testing.T, mount, version, text string) {
	t.Helper()
	write(t, filepath.Join(mount, version, "fanfare.toml"), text)
	old, _ := os.Readlink(filepath.Join(mount, "..data"))
	must(t,
		os.Symlink(version, filepath.Join(mount, "..data_tmp")),
		os.Rename(filepath.Join(mount, "..data_tmp"), filepath.Join(mount, "..data")))
	if old == "" {
		must(t, os.Symlink(filepath.Join("..data", "fanfare.toml"), filepath.Join(mount, "fanfare.toml")))
		return
	}
	must(t, os.RemoveAll(filepath.Join(mount, old)))
}

func TestWatchTells(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(t *testing.T, dir string)
		changes []func(t *testing.T, dir string)
	}{
		"written": {
			func(t *testing.T, dir string) { write(t, dir+"/fanfare.toml", "1") },
			[]func(*testing.T, string){
				func(t *testing.T, dir string) { write(t, dir+"/fanfare.toml", "2") },
				func(t *testing.T, dir string) { write(t, dir+"/fanfare.toml", "33") },
			},
		},
		"made, removed, made": {
			func(*testing.T, string) {},
			[]func(*testing.T, string){
				func(t *testing.T, dir string) { write(t, dir+"/fanfare.toml", "1") },
				func(t *testing.T, dir string) { must(t, os.Remove(dir+"/fanfare.toml")) },
				func(t *testing.T, dir string) { write(t, dir+"/fanfare.toml", "1") },
			},
		},
		"renamed over": {
			func(t *testing.T, dir string) { write(t, dir+"/fanfare.toml", "1") },
			[]func(*testing.T, string){
				func(t *testing.T, dir string) {
					write(t, dir+"/.fanfare.toml.swp", "2")
					must(t, os.Rename(dir+"/.fanfare.toml.swp", dir+"/fanfare.toml"))
				},
				func(t *testing.T, dir string) {
					must(t, os.Rename(dir+"/fanfare.toml", dir+"/fanfare.toml~"))
					write(t, dir+"/fanfare.toml", "3")
				},
			},
		},
		"ConfigMap": {
			func(t *testing.T, dir string) { configMap(t, dir, "..2026_11_23", "1") },
			[]func(*testing.T, string){
				func(t *testing.T, dir string) { configMap(t, dir, "..2026_11_24", "2") },
				func(t *testing.T, dir string) { configMap(t, dir, "..2026_11_25", "3") },
			},
		},
		"end of a link": {
			func(t *testing.T, dir string) {
				write(t, dir+"/elsewhere/one.toml", "1")
				write(t, dir+"/elsewhere/two.toml", "2")
				must(t, os.Symlink("elsewhere/one.toml", dir+"/fanfare.toml"))
			},
			[]func(*testing.T, string){
				func(t *testing.T, dir string) { write(t, dir+"/elsewhere/one.toml", "11") },
				func(t *testing.T, dir string) {
					must(t, os.Symlink("elsewhere/two.toml", dir+"/new"), os.Rename(dir+"/new", dir+"/fanfare.toml"))
				},
				func(t *testing.T, dir string) { write(t, dir+"/elsewhere/two.toml", "22") },
			},
		},
	} {
		for mode, deaf := range map[string]bool{"by events": false, "by looks": true} {
			t.Run(name+" "+mode, func(t *testing.T) {
				dir := t.TempDir()
				test.prepare(t, dir)
				pace := eventsAlone
				if deaf {
					pace.look = 5 * time.Millisecond
				}
				w := startWatch(t, pace, deaf, filepath.Join(dir, "fanfare.toml"))
				for _, change := range test.changes {
					change(t, dir)
					awaitChange(t, w, name)
				}
			})
		}
	}
}

// A folder that is replaced takes its watch with it; a look finds the new one,
// and then events come from there.
func TestWatchFindsANewFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/etc/fanfare.toml", "1")
	w := startWatch(t, watchPace{calm: 10 * time.Millisecond, most: time.Second, look: 20 * time.Millisecond}, false, dir+"/etc/fanfare.toml")
	must(t, os.Rename(dir+"/etc", dir+"/old"))
	awaitChange(t, w, "the folder's end")
	write(t, dir+"/etc/fanfare.toml", "22")
	awaitChange(t, w, "the new folder")
}

// One change comes of many writes in a row, but not never of writes without an
// end.
func TestWatchWaitsForAPause(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fanfare.toml")
	w := startWatch(t, watchPace{calm: time.Hour, most: 100 * time.Millisecond, look: time.Hour}, false, path)
	began := time.Now()
	write(t, path, "1")
	awaitChange(t, w, "writing without a pause")
	if took := time.Since(began); took < 90*time.Millisecond {
		t.Errorf("told after %v, before the pause", took)
	}
}

func TestStepsTo(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	configMap(t, dir, "..2026", "1")
	must(t, os.Symlink(dir, dir+"/etc"), os.Symlink("circle", dir+"/circle"))
	f := func(name string, want ...string) {
		t.Helper()
		for i := range want {
			want[i] = filepath.Join(dir, want[i])
		}
		if diff := cmp.Diff(want, stepsTo(name)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	f(dir+"/plain", "plain")
	f(dir+"/fanfare.toml", "fanfare.toml", "..data", "..2026/fanfare.toml")
	f(dir+"/etc/./../"+filepath.Base(dir)+"/x", "etc", "x")
	f(dir+"/etc/fanfare.toml", "etc", "fanfare.toml", "..data", "..2026/fanfare.toml")
	if n := len(stepsTo(dir + "/circle")); n != maxLinks+1 {
		t.Errorf("a circle has %d steps", n)
	}
	t.Chdir(dir)
	f("plain", "plain")
	if got := stepsTo("plain"); !slices.Contains(got, dir+"/plain") {
		t.Errorf("relative: %v", got)
	}
}
