//go:build unix

package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"fanfare/channels/apps"
	"fanfare/cmd/fanfare/config"
)

// reloads keeps a running node's apps as the configuration has them. Nothing
// else of the configuration is taken over, but for log.level and
// server.secret_overlap: a line of the log names what needs a restart. What is
// wrong with the configuration changes nothing, and is told once.
type reloads struct {
	// Set before start.
	log    *slog.Logger
	level  *slog.LevelVar
	apps   *apps.Dynamic
	refuse func(*config.Config) error // conditions of the node; nil: none
	first  *config.Loaded             // what the node was started with

	// reloading is Main's; nil: nobody is told.
	reloading func() (reloaded func())

	// overlap is told server.secret_overlap after a reload; nil: nobody is.
	overlap func(time.Duration)

	// hup is called on a signal; nil: nobody is.
	hup func()

	// Owned by the goroutine.
	last    *config.Loaded // whose apps are in force
	fault   string         // told last, empty after a good reload
	restart string         // keys, as told last
}

// Watch keeps the apps of a node that serves as the files have them, and looks at
// them as well whenever hup gives a signal. first is what the node was started
// with, and level that of its log. stop returns when nothing of it runs any more,
// and is due before Close.
func (m *Main) Watch(ctx context.Context, first *config.Loaded, level *slog.LevelVar, hup <-chan os.Signal) (stop func()) {
	r := &reloads{
		log: m.Log, level: level, apps: m.files, first: first,
		refuse:    m.checkExposure,
		overlap:   m.setSecretOverlap,
		reloading: m.Reloading,
	}
	if m.certs != nil {
		r.hup = func() { m.certs.Reload(true) }
	}
	return r.start(ctx, newFileWatch(m.Log, usualPace, first.Sources().Files()...), hup)
}

// start reloads whenever the watch tells of a change, and whenever hup gives a
// signal, which also has told what a change would not be told for. stop returns
// when the goroutine, and the watch's, are gone.
func (r *reloads) start(ctx context.Context, w *fileWatch, hup <-chan os.Signal) (stop func()) {
	r.last = r.first
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { w.run(ctx) })
	running.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-w.changed:
				r.reload(false)
			case <-hup:
				r.reloadAsTold()
			}
		}
	})
	return func() {
		cancel()
		running.Wait()
	}
}

// reloadAsTold reloads because somebody waits for it.
func (r *reloads) reloadAsTold() {
	if r.reloading != nil {
		defer r.reloading()()
	}
	r.reload(true)
	if r.hup != nil {
		r.hup()
	}
}

// reload loads the configuration and puts its apps in force.
func (r *reloads) reload(forced bool) {
	next, changes, err := r.replace()
	if err != nil {
		r.complain(err, forced)
		return
	}
	before := r.last
	r.last = next
	if len(changes) > 0 || forced || r.fault != "" {
		added, changed, removed := idsOf(changes)
		r.log.Info("apps reloaded", "added", added, "changed", changed, "removed", removed, "apps", r.apps.Len())
	}
	r.fault = ""
	if next.Log.Level != before.Log.Level { // else it may have been set over the control socket
		r.takeLevel(next.Log.Level)
	}
	r.askForRestart(next)
}

func (r *reloads) replace() (*config.Loaded, []apps.Change, error) {
	next, err := config.Load(r.sources())
	if err == nil {
		err = r.judge(next)
	}
	if err != nil {
		return nil, nil, err
	}
	changes, err := r.apps.Replace(next.Server.SecretOverlap, next.Records()...)
	if err == nil && r.overlap != nil {
		r.overlap(next.Server.SecretOverlap)
	}
	return next, changes, err
}

// sources are those of the start, but files that were there have to be there:
// one that is gone was hardly meant to end all its apps.
func (r *reloads) sources() config.Sources {
	src := r.first.Sources()
	if r.last.File != "" {
		src.File = r.last.File
	}
	if r.last.AppsFile != "" {
		src.Apps = r.last.AppsFile
	}
	return src
}

// judge refuses what a start would take, but a reload hardly means.
func (r *reloads) judge(next *config.Loaded) error {
	for _, name := range next.Empty {
		if r.last.HasAppsOf(name) {
			return fmt.Errorf("%s is empty, as if its writer were not done: write a comment into it if it is to have no apps", name)
		}
	}
	switch {
	case next.Builtin && !r.last.Builtin:
		return errors.New("no app is left: to serve none leave an apps.toml with a comment in it")
	case r.last.Builtin && len(next.Apps) == 0 && next.Database.URL != "":
		return errors.New("the apps of database.url are there after a restart; until then the built-in one is served on")
	}
	if r.refuse != nil {
		return r.refuse(&next.Config)
	}
	return nil
}

func (r *reloads) complain(err error, forced bool) {
	if text := err.Error(); text != r.fault || forced {
		r.fault = text
		r.log.Error("the configuration was not reloaded: the apps stay as they are", "error", text)
	}
}

func (r *reloads) takeLevel(text string) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(text)); err != nil {
		panic(err) // the configuration has been checked
	}
	if old := r.level.Level(); old != level {
		r.level.Set(level)
		r.log.Info("log.level changed", "before", strings.ToLower(old.String()), "now", text)
	}
}

// askForRestart names the keys whose change is not in force.
func (r *reloads) askForRestart(next *config.Loaded) {
	live := []string{"log.level", "server.secret_overlap"}
	keys := slices.DeleteFunc(config.ChangedKeys(&r.first.Config, &next.Config), func(key string) bool { return slices.Contains(live, key) })
	text := strings.Join(keys, " ")
	if text != "" && text != r.restart {
		r.askFor(keys)
	}
	r.restart = text
}

// listened are keys that an upgrade can't change: see judge.
var listened = []string{"server.host", "server.port", "tls.enabled", "tls.port"}

func (r *reloads) askFor(keys []string) {
	if slices.ContainsFunc(keys, func(key string) bool { return slices.Contains(listened, key) }) {
		r.log.Warn("changed settings that need a restart", "keys", keys)
		return
	}
	r.log.Warn("changed settings that need an upgrade (fanfare upgrade) or a restart", "keys", keys)
}

// maxIDs is how many ids a line of the log has room for.
const maxIDs = 20

// idsOf sorts the changes by what became of the apps.
func idsOf(changes []apps.Change) (added, changed, removed []string) {
	for _, c := range changes {
		switch {
		case c.Before == nil:
			added = append(added, c.Now.ID)
		case c.Now == nil:
			removed = append(removed, c.Before.ID)
		default:
			changed = append(changed, c.Now.ID)
		}
	}
	return abridge(added), abridge(changed), abridge(removed)
}

func abridge(ids []string) []string {
	if n := len(ids); n > maxIDs {
		return append(slices.Clip(ids[:maxIDs]), fmt.Sprintf("and %d more", n-maxIDs))
	}
	return append([]string{}, ids...) // none is written as [], not as null
}
