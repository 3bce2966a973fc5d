//go:build unix

package node

import (
	"context"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// fileWatch tells when one of some files may have changed: was written,
// replaced, made, removed, or when a symbolic link on the way to it was, as
// Kubernetes does it with a ConfigMap.
//
// The kernel tells of most changes at once. A look every few seconds finds the
// others: on network file systems, in folders that were replaced themselves,
// on single files that were mounted into a container, and where all inotify
// instances are used up.
type fileWatch struct {
	// Static after construction.
	names   []string
	log     *slog.Logger
	pace    watchPace
	changed chan struct{}
	notify  *fsnotify.Watcher // nil: there are looks alone

	// Owned by run.
	steps []string // absolute paths whose change is one of a file
	infos []fs.FileInfo
}

// watchPace is how long things take.
type watchPace struct {
	calm time.Duration // without a change, until a change is told: who writes is done then
	most time.Duration // until it is told although there was no such pause
	look time.Duration // between two looks
}

var usualPace = watchPace{calm: 200 * time.Millisecond, most: 2 * time.Second, look: 5 * time.Second}

// newFileWatch makes a watch, which run has to keep. Its first change is told
// at once, for what happened before it was there.
func newFileWatch(log *slog.Logger, pace watchPace, names ...string) *fileWatch {
	w := &fileWatch{names: names, log: log, pace: pace, changed: make(chan struct{}, 1)}
	var err error
	if w.notify, err = fsnotify.NewWatcher(); err != nil {
		log.Warn("the kernel tells no changes of files, so the configuration is looked at every few seconds", "error", err)
	}
	w.arm()
	w.infos = w.stat()
	w.tell()
	return w
}

// run watches until ctx ends, and gives everything back.
func (w *fileWatch) run(ctx context.Context) {
	var events chan fsnotify.Event
	var faults chan error
	if w.notify != nil {
		defer w.notify.Close() //nolint:errcheck // nothing can be done about it
		events, faults = w.notify.Events, w.notify.Errors
	}
	look := time.NewTicker(w.pace.look)
	defer look.Stop()
	var settle settling
	for {
		select {
		case <-ctx.Done():
			return
		case e, ok := <-events:
			if !ok {
				events = nil // looks go on
			}
			if slices.Contains(w.steps, e.Name) {
				settle.touch(w.pace)
			}
		case err, ok := <-faults: // more events than the kernel keeps, most likely: any may be lost
			if !ok {
				faults = nil
			}
			w.log.Debug("a change of files may not have been told", "error", err)
			settle.touch(w.pace)
		case <-look.C:
			w.arm()
			if infos := w.stat(); !slices.EqualFunc(w.infos, infos, sameFile) {
				w.infos = infos
				settle.touch(w.pace)
			}
		case <-settle.over:
			settle = settling{}
			w.arm()
			w.infos = w.stat()
			w.tell()
		}
	}
}

// settling waits for a pause after changes.
type settling struct {
	since time.Time        // of the first change
	over  <-chan time.Time // nil: nothing happened
}

func (s *settling) touch(pace watchPace) {
	if s.over == nil {
		s.since = time.Now()
	}
	s.over = time.After(min(pace.calm, pace.most-time.Since(s.since)))
}

func (w *fileWatch) tell() {
	select {
	case w.changed <- struct{}{}:
	default: // what is not taken yet stands for this one, too
	}
}

// arm watches the folders of all steps, and no others.
func (w *fileWatch) arm() {
	w.steps = w.steps[:0]
	for _, name := range w.names {
		w.steps = append(w.steps, stepsTo(name)...)
	}
	if w.notify == nil {
		return
	}
	var folders []string
	for _, step := range w.steps {
		folders = append(folders, filepath.Dir(step))
	}
	for _, old := range w.notify.WatchList() {
		if !slices.Contains(folders, old) {
			_ = w.notify.Remove(old) // it may be gone already
		}
	}
	for _, folder := range folders {
		if err := w.notify.Add(folder); err != nil {
			w.log.Debug("cannot watch a folder, so it is looked at every few seconds", "folder", folder, "error", err)
		}
	}
}

// stat looks at all files; nil stands for one that is not there.
func (w *fileWatch) stat() []fs.FileInfo {
	infos := make([]fs.FileInfo, len(w.names))
	for i, name := range w.names {
		if info, err := os.Stat(name); err == nil {
			infos[i] = info
		}
	}
	return infos
}

func sameFile(a, b fs.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// maxLinks ends a circle of symbolic links, as the kernel does it.
const maxLinks = 40

// stepsTo lists the absolute paths that decide which file a name stands for:
// every symbolic link on the way, and where it ends.
func stepsTo(name string) []string {
	if !filepath.IsAbs(name) { // not by Abs, which would take link/.. for nothing
		folder, err := os.Getwd()
		if err != nil {
			return nil // the folder is gone
		}
		name = folder + "/" + name
	}
	var steps []string
	at, rest := "/", strings.Split(name, "/")
	for len(rest) > 0 {
		part := rest[0]
		rest = rest[1:]
		path := filepath.Join(at, part) // which takes "", "." and ".." as they are meant: at has no links
		target, err := os.Readlink(path)
		if err != nil || len(steps) == maxLinks {
			at = path
			continue
		}
		steps = append(steps, path)
		rest = append(strings.Split(target, "/"), rest...)
		if filepath.IsAbs(target) {
			at = "/"
		}
	}
	return append(steps, at)
}
